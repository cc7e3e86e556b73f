"""Git: the history of a file, and commits."""

from codegen.git.committing import Head, branches_of, commit, committed_text, head_of, remote_of, uncommitted
from codegen.git.history import Commit, history_of, patch_of, state_of, uncommitted_patch_of
from codegen.git.program import GitError, has_repository, run

__all__ = [
    "Commit",
    "GitError",
    "Head",
    "branches_of",
    "commit",
    "committed_text",
    "has_repository",
    "head_of",
    "history_of",
    "patch_of",
    "remote_of",
    "run",
    "state_of",
    "uncommitted",
    "uncommitted_patch_of",
]
