"""Git: the status and the history of files, commits, and remotes with their pull requests."""

from codegen.git.committing import Head, branches_of, commit, committed_text, head_of, previous_branch, switch
from codegen.git.failures import Failure, RemoteError
from codegen.git.history import Commit, FilePatch, history_of, patch_of, time_of, uncommitted_patch_of
from codegen.git.hosts import without_credentials
from codegen.git.person import Person
from codegen.git.program import HOOKS_TIMEOUT, GitError, Watch, has_repository, output_of, run, succeeds
from codegen.git.remote import (
    PullRequest,
    default_branch,
    delete_branch,
    fast_forward,
    fetch,
    pull_request_of,
    push,
    remote_of,
    track,
    url_of,
)
from codegen.git.status import committing_index, ignore_rules, state_of, statuses, uncommitted, unmerged
from codegen.git.worktrees import (
    add_worktree,
    hooks_of,
    is_checked_out,
    recover_worktree,
    remove_worktree,
    worktrees_of,
)

__all__ = [
    "HOOKS_TIMEOUT",
    "Commit",
    "Failure",
    "FilePatch",
    "GitError",
    "Head",
    "Person",
    "PullRequest",
    "RemoteError",
    "Watch",
    "add_worktree",
    "branches_of",
    "commit",
    "committed_text",
    "committing_index",
    "default_branch",
    "delete_branch",
    "fast_forward",
    "fetch",
    "has_repository",
    "head_of",
    "history_of",
    "hooks_of",
    "ignore_rules",
    "is_checked_out",
    "output_of",
    "patch_of",
    "previous_branch",
    "pull_request_of",
    "push",
    "recover_worktree",
    "remote_of",
    "remove_worktree",
    "run",
    "state_of",
    "statuses",
    "succeeds",
    "switch",
    "time_of",
    "track",
    "uncommitted",
    "uncommitted_patch_of",
    "unmerged",
    "url_of",
    "without_credentials",
    "worktrees_of",
]
