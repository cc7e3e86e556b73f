"""The page that commits changes."""
