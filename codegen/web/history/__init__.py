"""The page with the git history of a schedule file."""
