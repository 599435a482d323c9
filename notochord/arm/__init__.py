"""The brain on a Raspberry Pi, before there is one: emulated cores, and estimates of its times."""
