"""Sessions: every performance taken down as it is played, to be exported, replayed and kept."""
