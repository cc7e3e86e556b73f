"""The page that shows saved changes and commits them."""
