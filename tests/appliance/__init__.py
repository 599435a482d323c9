"""The image booted in an emulated machine, where a keyboard and a synth are plugged in and out."""
