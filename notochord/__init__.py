"""From MIDI files to a brain file: events, corpus, networks, training, export, and the brain.

Importing this package never imports torch; only the modules that need it do.
"""
