"""The beat: MIDI clock in and out, tap tempo, and the magnet."""
