"""Creates, continues, sends and withdraws the proposals of a project."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import datetime, timedelta, timezone
from itertools import count
from pathlib import Path
from threading import Lock, RLock, Thread

from codegen import git
from codegen.cache import Cache
from codegen.diagnostics import DagpressError, quoted
from codegen.files import exists
from codegen.git import Failure, GitError, PullRequest, RemoteError, Watch
from codegen.project import Project
from codegen.proposals.branches import Branch, Origin, branches_of, is_ancestor, proposal_of, record_origin, record_sent
from codegen.proposals.proposal import PREFIX, Proposal, State, free_name
from codegen.sync.lock import LockedError
from codegen.sync.transaction import transaction

# Seconds between two fetches for pages that only read.
_FETCH_INTERVAL = 30
# An older draft without changes was left by a server that was killed.
_UNUSED = timedelta(hours=1)
# Seconds to wait for a command that writes into the checkout.
_LOCK_TIMEOUT = 1


class ProposalError(DagpressError):
    """An operation on a proposal failed."""


class Proposals:
    """The proposals of a project, each with a worktree outside the server's checkout. Thread-safe.

    Attributes:
        remote: the name of the git host's remote.
        default_branch: the target branch of pull requests.
        problem: the error of the last fetch; None after a success.
        lags: whether the server's checkout could not be fast-forwarded to the default branch.
    """

    def __init__(self, project: Project, state: Path) -> None:
        """Use the remote of the checked-out branch, or else `origin`, and fetch from it.

        Args:
            project: the project in the server's checkout.
            state: the folder for the worktrees.

        Raises:
            ProposalError: the project is not in a repository, or the repository has no remote with a branch.
        """
        self.project = project
        self._root = project.root
        try:
            self.remote = git.remote_of(self._root, git.head_of(self._root).branch)
        except GitError as error:
            raise ProposalError("proposals need a git repository", f"git: {error}") from error
        if not self.remote:
            hint = "add your team's repository: git remote add origin URL"
            raise ProposalError("proposals need a remote, but this repository has none", hint)
        common = git.run(self._root, "rev-parse", "--path-format=absolute", "--git-common-dir").strip()
        digest = hashlib.sha256(common.encode()).hexdigest()[:8]
        self._top = Path(git.run(self._root, "rev-parse", "--show-toplevel").removesuffix("\n"))
        self._state = Path(os.path.realpath(state))
        self._worktrees = self._state / f"{self._top.name}-{digest}"
        self._prefix = git.run(self._root, "rev-parse", "--show-prefix").removesuffix("\n")
        self.default_branch = ""
        self._lock = RLock()
        self._fetching = Lock()
        self.lags = False
        self._fetched = self._began = float("-inf")
        self._base_commit = ""
        self._sending: set[str] = set()
        self._cache = Cache()
        self.problem: GitError | None = None
        git.track(self._root, self.remote, PREFIX)
        self.fetch()
        self.default_branch = git.default_branch(self._root, self.remote, asks=self.problem is None)
        if not git.output_of(self._root, "rev-parse", "--verify", "--quiet", self.base):
            reason = self.problem or "it has no branch yet: push one"
            raise ProposalError(f"the default branch of {quoted(self.remote)} is unknown", f"{reason}")
        self._recover()
        self._follow()

    @property
    def base(self) -> str:
        """The remote-tracking branch from which proposals start."""
        return f"refs/remotes/{self.remote}/{self.default_branch}"

    def fetch(self) -> None:
        """Update the branches of the git host; a failure is the `problem` until a fetch succeeds.

        The server's checkout and the worktrees are updated, unless that would lose changes.
        """
        asked = time.monotonic()
        with self._fetching:
            if self._began >= asked:
                # Another thread has fetched since: nobody waits twice for an unresponsive git host.
                return
            self._began = self._fetched = time.monotonic()
            try:
                git.fetch(self._root, self.remote)
                self.problem = None
            except GitError as error:
                self.problem = error
        if self.problem is None and self.default_branch:
            self._update_default_branch()
            self._follow()

    def _update_default_branch(self) -> None:
        """Find the default branch again, after a rename on the git host."""
        if not git.output_of(self._root, "rev-parse", "--verify", "--quiet", self.base):
            self.default_branch = git.default_branch(self._root, self.remote) or self.default_branch

    def refresh(self) -> None:
        """Fetch in the background, if the last fetch is old."""
        if self._is_old and not self._fetching.locked():
            self._fetched = time.monotonic()
            Thread(target=self.fetch, daemon=True).start()

    @property
    def _is_old(self) -> bool:
        return time.monotonic() - self._fetched > _FETCH_INTERVAL

    def all(self) -> list[Proposal]:
        """Return all proposals, newest first."""
        with self._lock:
            base = self.base_commit()
            cache = Cache(self._cache)
            found = [self._proposal(base, branch, cache) for branch in self._branches()]
            cache.forget_earlier()
            self._cache = cache
        return sorted(found, key=lambda each: each.since, reverse=True)

    def open(self) -> list[Proposal]:
        """Return the proposals that can be changed here, newest first, without those that have no changed files yet."""
        return [each for each in self.all() if each.is_editable and each.files]

    def get(self, name: str) -> Proposal | None:
        """Return the proposal with that name."""
        with self._lock:
            branch = next((branch for branch in self._branches() if branch.name == name), None)
            return self._proposal(self.base_commit(), branch, self._cache) if branch else None

    def _proposal(self, base: str, branch: Branch, cache: Cache) -> Proposal:
        return proposal_of(self.project, base, branch, cache)

    def base_commit(self) -> str:
        """Return the commit of the base; the last known one if the git host no longer has the branch."""
        found = git.output_of(self._root, "rev-parse", "--verify", "--quiet", self.base)
        self._base_commit = found or self._base_commit
        return self._base_commit

    def begin(self, name: str, author: str) -> str:
        """Start a proposal from the up-to-date base, and return its name, which may have a number appended.

        If the git host could not be reached recently, it starts from the base of the last fetch.
        """
        if self.problem is None or self._is_old:
            self.fetch()
        with self._lock:
            free = self._free_name(name)
            origin = Origin(author, datetime.now(timezone.utc), self.base_commit())
            # Recorded first: otherwise, what a killed server leaves behind would look like a merged proposal.
            record_origin(self._root, PREFIX + free, origin)
            git.add_worktree(self._root, self._folder_of(free), PREFIX + free, origin.commit)
            return free

    def worktree(self, name: str) -> Path:
        """Return the project folder in the worktree of an open proposal; a missing worktree is created.

        Raises:
            ProposalError: there is no such proposal, it is merged or closed, or it changes other files.
        """
        with self._lock:
            branch = self._branch(name)
            proposal = self._checked(branch)
            if not proposal.is_open:
                raise ProposalError(f"the proposal {proposal.name} is {proposal.state.value}")
            if branch.path is None:
                path = self._folder_of(name)
                git.add_worktree(self._root, path, PREFIX + name, "" if branch.local else branch.remote)
                if branch.remote:
                    record_sent(self._root, PREFIX + name, branch.remote)
                return path / self._prefix
            return branch.path / self._prefix

    def _checked(self, branch: Branch) -> Proposal:
        """Return the proposal on a branch, if it only changes pipelines: hooks may run code from other files.

        Proposals with a worktree are checked, too, since other files may have been pushed meanwhile.
        """
        proposal = self._proposal(self.base_commit(), branch, self._cache)
        hint = f"change it in a clone, on the branch {proposal.branch}"
        if proposal.others:
            raise ProposalError(f"the proposal {proposal.name} also changes files that are not pipelines", hint)
        if proposal.is_foreign:
            raise ProposalError(f"the proposal {proposal.name} cannot be changed here", hint)
        return proposal

    def send(self, name: str, watch: Watch) -> str:
        """Push the commits of a proposal, and return its name: a new one if the git host already has the branch.

        Raises:
            GitError: the git host rejects the push, or cannot be reached; the commits stay on this machine.
        """
        with self._lock:
            branch = self._branch(name)
            self._checked(branch)
            path = branch.path or self.worktree(name)
            self._sending.add(name)
        try:
            return self._send(name, path, watch)
        finally:
            self._sending.discard(name)

    def _send(self, name: str, path: Path, watch: Watch) -> str:
        hooks = git.hooks_of(self._root)
        url = git.url_of(self._root, self.remote)
        # A relative URL would resolve to another place from a worktree.
        place = self._root if url.startswith(".") else path
        while True:
            branch = self._branch(name)
            try:
                git.push(place, self.remote, PREFIX + name, watch, hooks)
            except RemoteError as error:
                if error.failure is not Failure.MOVED or branch.sent or branch.remote:
                    raise
                # Another user has sent a proposal with that name since the last fetch.
                self.fetch()
                name = self._rename(name)
            else:
                break
        with self._lock:
            record_sent(self._root, PREFIX + name, branch.local)
        return name

    def pull_request(self, proposal: Proposal) -> PullRequest:
        """Return the pull request of a proposal."""
        return git.pull_request_of(self._root, self.remote, proposal.branch, self.default_branch)

    def newer(self, name: str) -> Iterator[str]:
        """Yield the commits that a proposal lacks: of its own branch on the git host, and of the base.

        Raises:
            ProposalError: the branch on the git host also changes other files than pipelines.
        """
        branch = self._branch(name)
        self._checked(branch)
        for commit in filter(None, (branch.remote, self.base_commit())):
            if not is_ancestor(self._root, commit, PREFIX + name):
                yield commit

    def withdraw(self, name: str) -> None:
        """Remove a proposal with all its changes, here and on the git host.

        Raises:
            ProposalError: it is being sent.
            GitError: the git host rejects the deletion; then nothing is removed.
            LockedError: it is being saved.
        """
        branch = self._branch(name)
        if name in self._sending:
            raise ProposalError("this proposal is being sent", "wait until it is sent")
        if branch.remote:
            # Without the lock, since the git host may be slow.
            git.delete_branch(self._root, self.remote, PREFIX + name, git.hooks_of(self._root))
        with _locked(branch.path, _LOCK_TIMEOUT):
            self._delete(branch)

    def discard_if_empty(self, name: str) -> None:
        """Remove a proposal without changes, such as after its first file was rejected."""
        branch = self._branch(name)
        with _locked(branch.path, _LOCK_TIMEOUT):
            self._discard(branch)

    def _discard(self, branch: Branch) -> None:
        proposal = self._proposal(self.base_commit(), branch, self._cache)
        if proposal.state is State.DRAFT and not proposal.files and not proposal.is_unsent:
            self._delete(branch)

    def _delete(self, branch: Branch) -> None:
        with self._lock:
            if branch.path:
                self._remove(branch.path)
            if branch.local:
                git.run(self._root, "branch", "--quiet", "-D", PREFIX + branch.name)

    def _free_name(self, name: str) -> str:
        return free_name(name, {branch.name for branch in self._branches()})

    def _rename(self, name: str) -> str:
        with self._lock:
            free = self._free_name(name)
            git.run(self._root, "branch", "-m", PREFIX + name, PREFIX + free)
            return free

    def _folder_of(self, name: str) -> Path:
        """Return the folder of a new worktree, named like the repository's own folder.

        A folder with the proposal's name may already exist, from a renamed proposal or as a leftover.
        """
        folders = (self._worktrees / (name + (f"-{number}" if number else "")) / self._top.name for number in count())
        return next(folder for folder in folders if not exists(folder))

    def _remove(self, path: Path) -> None:
        git.remove_worktree(self._root, path)
        with suppress(OSError):
            path.parent.rmdir()

    def _branches(self) -> Sequence[Branch]:
        return branches_of(self._root, self.remote, self._state)

    def _branch(self, name: str) -> Branch:
        found = next((branch for branch in self._branches() if branch.name == name), None)
        if found is None:
            raise ProposalError(f"there is no proposal {name}", "it may have been merged or withdrawn")
        return found

    def _recover(self) -> None:
        """Repair the state that a killed server left."""
        with suppress(GitError):
            # Also after the repository was moved.
            git.run(self._root, "worktree", "repair")
        for branch in self._branches():
            # Another server of this repository may be using it.
            with suppress(DagpressError, LockedError), _locked(branch.path):
                if branch.path and git.is_checked_out(branch.path):
                    git.recover_worktree(branch.path)
                elif branch.path:
                    self._remove(branch.path)
                age = datetime.now(timezone.utc) - branch.origin.time if branch.origin else timedelta()
                if age > _UNUSED:
                    self._discard(self._branch(branch.name))

    def _follow(self) -> None:
        """Update the checkout and the worktrees to their branches, and remove the worktrees of ended proposals."""
        with suppress(LockedError), _locked(self._root, _LOCK_TIMEOUT):
            self.lags = not git.fast_forward(self._root, self.default_branch, self.base)
        with self._lock:
            for name, path in [(branch.name, branch.path) for branch in self._branches() if branch.path]:
                # One that cannot be updated, or is being saved, does not prevent the update of the others.
                with suppress(DagpressError, LockedError), _locked(path):
                    self._follow_one(self._branch(name), path)

    def _follow_one(self, branch: Branch, path: Path) -> None:
        proposal = self._proposal(self.base_commit(), branch, self._cache)
        if proposal.is_unsent:
            return
        if not proposal.is_open:
            # Check again without the cache: files written by a hook or a user must not be lost.
            if not self._proposal(self.base_commit(), branch, Cache()).is_unsent:
                self._remove(path)
        elif proposal.is_editable and branch.remote not in {"", branch.sent}:
            # The branch may have been rebased; this machine has no unsent changes.
            git.run(path, "reset", "--quiet", "--keep", branch.remote)
            record_sent(self._root, proposal.branch, branch.remote)


def _locked(folder: Path | None, seconds: float = 0) -> AbstractContextManager[object]:
    """Return a context in which no other process saves, generates or commits in a working tree.

    Raises:
        LockedError: another process keeps the lock for longer than these seconds.
    """
    return transaction(folder, seconds, lambda _: None) if folder else nullcontext()


def state_folder() -> Path:
    """Return the folder for the worktrees of this user, by the XDG Base Directory Specification."""
    default = Path.home() / ".local" / "state"
    return Path(os.environ.get("XDG_STATE_HOME") or default) / "dagpress" / "proposals"
