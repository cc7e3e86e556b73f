"""Git: the status and the history of files, and commits."""

from codegen.git.committing import Head, branches_of, commit, committed_text, head_of, remote_of
from codegen.git.history import Commit, FilePatch, history_of, patch_of, uncommitted_patch_of
from codegen.git.program import HOOKS_LIMIT, GitError, Watch, has_repository, run
from codegen.git.status import committing_index, ignore_rules, state_of, statuses, uncommitted, unmerged

__all__ = [
    "HOOKS_LIMIT",
    "Commit",
    "FilePatch",
    "GitError",
    "Head",
    "Watch",
    "branches_of",
    "commit",
    "committed_text",
    "committing_index",
    "has_repository",
    "head_of",
    "history_of",
    "ignore_rules",
    "patch_of",
    "remote_of",
    "run",
    "state_of",
    "statuses",
    "uncommitted",
    "uncommitted_patch_of",
    "unmerged",
]
