"""The page of a commit, and what comes after it: the push, the pull request, and the way back."""
