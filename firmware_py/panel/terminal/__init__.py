"""The panel in a terminal: the same controls and lamps, in letters, in a process of its own."""
