"""What is laid into a guest beside its image."""
