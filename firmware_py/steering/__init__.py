"""What each knob does, measured: the instrument played at nine positions of each."""
