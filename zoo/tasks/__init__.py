"""What a mapping is: its features, files, scores, answers and how they are shown."""
