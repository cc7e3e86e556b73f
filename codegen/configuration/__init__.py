"""The configuration of a project: its keys, its file, and the Dagpress that it requires."""
