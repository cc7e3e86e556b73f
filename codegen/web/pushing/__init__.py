"""The page of a commit and its next steps: the push, the pull request, and the way back."""
