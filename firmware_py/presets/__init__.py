"""Presets: everything that the knobs stand at, stored under a number and a name, and recalled."""
