"""MIDI in and out: messages, byte streams, ports."""
