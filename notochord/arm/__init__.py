"""The brain on a Raspberry Pi, before there is one: run on emulated cores, and its times estimated."""
