"""What is built: the panel and DIN on a board, and the card that a board starts from."""
