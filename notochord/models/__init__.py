"""One network a file, top to bottom."""
