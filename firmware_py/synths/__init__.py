"""Which synth is connected: where each instrument sounds on it, one text file a synth."""
