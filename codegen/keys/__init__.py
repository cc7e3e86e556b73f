"""The table of keys: the rows, the types of values, and the reader for maps."""
