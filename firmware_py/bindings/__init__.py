"""MIDI controls of a keyboard bound to what a panel can do: learnt, kept as text, forgotten."""
