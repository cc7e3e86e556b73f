"""YAML text and nodes with positions: read, edit in place, write, comments."""
