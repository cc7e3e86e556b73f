"""The page of a background operation."""
