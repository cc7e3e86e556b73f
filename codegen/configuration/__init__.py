"""The configuration of a project: its keys, its file, and the required Dagpress version."""
