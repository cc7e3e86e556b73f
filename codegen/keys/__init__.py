"""The table of keys: a row, the types of values, and how a map is read by the rows."""
