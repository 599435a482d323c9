"""The box as an image: a card for Raspberry Pis and a disk for a guest, from one description."""
