"""One builder of ours a file."""
