"""The page of a commit and its next steps."""
