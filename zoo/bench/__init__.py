"""Speed against what one would use instead, both in one run; kept as commands, never as timed tests."""
