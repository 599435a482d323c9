"""The panel: knobs, encoder, switches and lamps. Logic without hardware, and a board with it."""
