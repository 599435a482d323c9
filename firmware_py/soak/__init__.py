"""The box played by chance for as long as one likes, and what becomes of it."""
