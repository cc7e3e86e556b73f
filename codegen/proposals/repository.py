"""The proposals of a project: begun, continued, sent and withdrawn."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from threading import Lock, RLock, Thread

from codegen import git
from codegen.cache import Cache
from codegen.diagnostics import DagpressError, quoted
from codegen.git import Failure, GitError, PullRequest, RemoteError, Watch
from codegen.project import Project
from codegen.proposals.branches import Branch, Origin, branches_of, is_ancestor, proposal_of, record_origin
from codegen.proposals.proposal import PREFIX, Proposal, State, free_name
from codegen.sync.lock import LockedError
from codegen.sync.transaction import transaction

# Seconds between two fetches for pages that only look.
_FRESH = 30
# Seconds to wait for a command that writes into the checkout.
_PATIENCE = 1


class ProposalError(DagpressError):
    """Something cannot be done with a proposal."""


class Proposals:
    """The proposals of a project, each with a worktree outside of the server's checkout. Thread-safe.

    Attributes:
        remote: the name of the git host's remote.
        default_branch: the branch that pull requests go to.
        problem: the error of the last fetch; None after a success.
        lags: whether the server's checkout could not follow the default branch.
    """

    def __init__(self, project: Project, state: Path) -> None:
        """Use the remote of the checked-out branch, or else `origin`, and fetch from it.

        Args:
            project: that in the server's checkout.
            state: the folder for the worktrees.

        Raises:
            ProposalError: the project is in no repository, or the repository has no remote with a branch.
        """
        self.project = project
        self._root = project.root
        try:
            self.remote = git.remote_of(self._root, git.head_of(self._root).branch)
        except GitError as error:
            raise ProposalError("proposals need a git repository", f"git: {error}") from error
        if not self.remote:
            hint = "add the repository of your team: git remote add origin URL"
            raise ProposalError("proposals are pushed, and this repository has no remote", hint)
        common = git.run(self._root, "rev-parse", "--path-format=absolute", "--git-common-dir").strip()
        digest = hashlib.sha256(common.encode()).hexdigest()[:8]
        self._top = Path(git.run(self._root, "rev-parse", "--show-toplevel").removesuffix("\n"))
        self._worktrees = state / f"{self._top.name}-{digest}"
        self._prefix = git.run(self._root, "rev-parse", "--show-prefix").removesuffix("\n")
        self.default_branch = ""
        self._lock = RLock()
        self._fetching = Lock()
        self.lags = False
        self._fetched = float("-inf")
        self._cache = Cache()
        self.problem: GitError | None = None
        self.fetch()
        self.default_branch = git.default_branch(self._root, self.remote)
        if not git.answer_of(self._root, "rev-parse", "--verify", "--quiet", self.base):
            reason = self.problem or "it has no branch yet: push one"
            raise ProposalError(f"the default branch of {quoted(self.remote)} is unknown", f"{reason}")
        self._follow()

    @property
    def base(self) -> str:
        """The branch from which proposals begin, as of the last fetch."""
        return f"refs/remotes/{self.remote}/{self.default_branch}"

    def fetch(self) -> None:
        """Update the branches of the git host; a failure is the `problem` until a fetch succeeds.

        The server's checkout and the worktrees follow their branches, where nothing of them would be lost.
        """
        with self._fetching:
            try:
                git.fetch(self._root, self.remote)
                self.problem = None
            except GitError as error:
                self.problem = error
            self._fetched = time.monotonic()
        if self.problem is None and self.default_branch:
            self._follow()

    def refresh(self) -> None:
        """Fetch in the background, if the last fetch is long ago."""
        if self._is_old and not self._fetching.locked():
            self._fetched = time.monotonic()
            Thread(target=self.fetch, daemon=True).start()

    @property
    def _is_old(self) -> bool:
        return time.monotonic() - self._fetched > _FRESH

    def all(self) -> list[Proposal]:
        """All proposals, the newest first."""
        with self._lock:
            base = self.base_commit()
            cache = Cache(self._cache)
            found = [proposal_of(self.project, base, branch, cache) for branch in self._branches()]
            cache.forget_earlier()
            self._cache = cache
        return sorted(found, key=lambda each: each.since, reverse=True)

    def open(self) -> list[Proposal]:
        """The proposals that can be changed here, the newest first; not those that begin right now."""
        return [each for each in self.all() if each.is_open and each.files and not each.others]

    def get(self, name: str) -> Proposal | None:
        """The proposal of that name."""
        return next((each for each in self.all() if each.name == name), None)

    def base_commit(self) -> str:
        """The commit of the base."""
        return git.run(self._root, "rev-parse", "--verify", self.base).strip()

    def begin(self, name: str, author: str) -> str:
        """Begin a proposal from the up-to-date base, and return its name, which is like the given one.

        If the git host could not be reached just now, it begins from the base of the last fetch.
        """
        if self.problem is None or self._is_old:
            self.fetch()
        with self._lock:
            free = self._free_name(name)
            origin = Origin(author, datetime.now(timezone.utc), self.base_commit())
            git.add_worktree(self._root, self._folder_of(free), PREFIX + free, self.base)
            record_origin(self._root, PREFIX + free, origin)
            return free

    def worktree(self, name: str) -> Path:
        """The folder of the project in the worktree of an open proposal, which is made if there is none.

        Raises:
            ProposalError: there is no such proposal, it is merged or closed, or it changes other files.
        """
        with self._lock:
            branch = self._branch(name)
            if branch.path is None:
                self._check(name)
                start = "" if branch.local else f"refs/remotes/{self.remote}/{PREFIX}{name}"
                path = self._folder_of(name)
                git.add_worktree(self._root, path, PREFIX + name, start)
                return path / self._prefix
            return branch.path / self._prefix

    def _check(self, name: str) -> None:
        proposal = self.get(name)
        if proposal is None or not proposal.is_open:
            raise ProposalError(f"the proposal {name} is {proposal.state.value if proposal else 'missing'}")
        if proposal.others:
            hint = f"change it in a clone, on the branch {proposal.branch}"
            raise ProposalError(f"the proposal {name} also changes files that are no pipelines", hint)

    def send(self, name: str, watch: Watch) -> str:
        """Push the commits of a proposal, and return its name: another one if the git host has the branch already.

        Raises:
            GitError: the git host refuses, or cannot be reached; the commits stay on this machine.
        """
        hooks = git.hooks_of(self._root)
        path = self.worktree(name)
        url = git.url_of(self._root, self.remote)
        # A relative URL leads elsewhere from a worktree.
        place = self._root if url.startswith(".") else path
        while True:
            branch = self._branch(name)
            try:
                git.push(place, self.remote, PREFIX + name, watch, hooks)
            except RemoteError as error:
                if error.failure is not Failure.MOVED or branch.was_sent or branch.remote:
                    raise
                # Somebody else has sent a proposal of that name since the last fetch.
                self.fetch()
                name = self._rename(name)
            else:
                return name

    def pull_request(self, proposal: Proposal) -> PullRequest:
        """The pull request of a proposal."""
        return git.pull_request_of(self._root, self.remote, proposal.branch, self.default_branch)

    def newer(self, name: str) -> Iterator[str]:
        """The branches with commits that a proposal lacks: its own on the git host, and the base."""
        head = PREFIX + name
        for other in (f"refs/remotes/{self.remote}/{head}", self.base):
            commit = git.answer_of(self._root, "rev-parse", "--verify", "--quiet", other)
            if commit and not is_ancestor(self._root, commit, head):
                yield other

    def withdraw(self, name: str) -> None:
        """Remove a proposal here and on the git host, with everything in it.

        Raises:
            GitError: the git host refuses; then it is still here, too.
        """
        branch = self._branch(name)
        if branch.remote:
            # Without the lock, as the git host may take a while.
            git.delete_branch(self._root, self.remote, PREFIX + name, git.hooks_of(self._root))
        with self._lock:
            if branch.path:
                self._remove(branch.path)
            if branch.local:
                git.run(self._root, "branch", "--quiet", "-D", PREFIX + name)

    def discard_if_empty(self, name: str) -> None:
        """Remove a proposal in which nothing was changed, such as one whose first file was refused."""
        proposal = self.get(name)
        if proposal and proposal.state is State.DRAFT and not proposal.files and not proposal.is_unsent:
            self.withdraw(name)

    def _free_name(self, name: str) -> str:
        return free_name(name, {branch.name for branch in self._branches()})

    def _rename(self, name: str) -> str:
        with self._lock:
            free = self._free_name(name)
            git.run(self._root, "branch", "-m", PREFIX + name, PREFIX + free)
            return free

    def _folder_of(self, name: str) -> Path:
        """The folder of a new worktree, with the name of the repository's own."""
        return self._worktrees / name / self._top.name

    def _remove(self, path: Path) -> None:
        git.remove_worktree(self._root, path)
        with suppress(OSError):
            path.parent.rmdir()

    def _branches(self) -> Sequence[Branch]:
        return branches_of(self._root, self.remote)

    def _branch(self, name: str) -> Branch:
        found = next((branch for branch in self._branches() if branch.name == name), None)
        if found is None:
            raise ProposalError(f"there is no proposal {name}", "it may have been merged, or withdrawn")
        return found

    def _follow(self) -> None:
        """Fast-forward the checkout and the worktrees, and remove the worktrees of merged proposals."""
        with self._lock, suppress(GitError, LockedError), transaction(self._root, _PATIENCE, lambda _: None):
            self.lags = not git.fast_forward(self._root, self.default_branch, self.base)
            ended = {each.name for each in self.all() if not each.is_open and not each.is_unsent}
            for branch in self._branches():
                if branch.path and branch.name in ended:
                    self._remove(branch.path)
                elif branch.path and branch.remote and branch.local != branch.remote:
                    own = PREFIX + branch.name
                    git.fast_forward(branch.path, own, f"refs/remotes/{self.remote}/{own}")


def state_folder() -> Path:
    """The folder for the worktrees of this user, by the XDG Base Directory Specification."""
    default = Path.home() / ".local" / "state"
    return Path(os.environ.get("XDG_STATE_HOME") or default) / "dagpress" / "proposals"
