"""The proposals of a repository, read from its branches."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

from codegen import git
from codegen.cache import Cache
from codegen.files import Stamp
from codegen.git import GitError
from codegen.project import Project
from codegen.proposals.files import is_schedule_file, pipeline_folders, uncommitted_files, written_at
from codegen.proposals.proposal import PREFIX, Proposal, State, name_of

_FIELDS = "%an%x00%at%x00%s"
# Regardless of the user's settings.
_LOG = ("-c", "log.showSignature=false", "log")
_NAMES = ("--name-only", "--no-renames", "--no-relative", "--ignore-submodules=none", "-z")
# Attempts to write the configuration, and the seconds between two.
_ATTEMPTS = 50
_RETRY_SECONDS = 0.05


class Origin(NamedTuple):
    """The start of a proposal that was created on this machine, as stored in the repository's configuration."""

    author: str
    time: datetime
    commit: str


class Branch(NamedTuple):
    """The branch of a proposal.

    Attributes:
        local: its commit on this machine; empty without one.
        remote: its commit on the git host, as of the last fetch; empty without one.
        path: its worktree; None without one.
        is_elsewhere: whether it is checked out on this machine, but not in a worktree of the server.
        origin: None for a proposal that was created on another machine.
        sent: its latest commit that was on the git host; empty if it was never sent.
    """

    name: str
    local: str
    remote: str
    path: Path | None
    is_elsewhere: bool
    origin: Origin | None
    sent: str

    @property
    def tip(self) -> str:
        """The commit on this machine, or else on the git host."""
        return self.local or self.remote


class _Content(NamedTuple):
    """The commits of a branch since it left the base, and the files that they change, as paths in the repository."""

    authors: Sequence[str]
    since: datetime | None
    title: str
    files: Sequence[str]
    is_merged: bool
    is_related: bool


def branches_of(folder: Path, remote: str, worktrees: Path) -> list[Branch]:
    """Return the branches of all proposals, with their worktrees below a folder."""
    paths = git.worktrees_of(folder)
    commits: dict[str, dict[str, str]] = {}
    refs = ("refs/heads/", f"refs/remotes/{remote}/")
    patterns = (f"{prefix}{PREFIX}" for prefix in refs)
    lines = git.run(folder, "for-each-ref", "--format=%(refname) %(objectname)", *patterns).splitlines()
    for ref, commit in (line.rsplit(" ", 1) for line in lines):
        prefix = next(each for each in refs if ref.startswith(each))
        if name := name_of(ref.removeprefix(prefix)):
            commits.setdefault(name, {})[prefix] = commit
    settings = _settings(folder)
    found = []
    for name, each in commits.items():
        own = settings.get(name, {})
        local, on_host = (each.get(prefix, "") for prefix in refs)
        path = paths.get(PREFIX + name)
        is_elsewhere = path is not None and worktrees not in path.parents
        sent = own.get("proposedlast", "")
        found.append(Branch(name, local, on_host, None if is_elsewhere else path, is_elsewhere, _origin(own), sent))
    return found


def record_origin(folder: Path, branch: str, origin: Origin) -> None:
    """Store the origin of a proposal in the repository's configuration, until its branch is deleted."""
    _record(folder, f"branch.{branch}.proposed", f"{origin.commit} {origin.time.timestamp():.0f} {origin.author}")


def record_sent(folder: Path, branch: str, commit: str) -> None:
    """Store the latest commit of a proposal on the git host in the repository's configuration."""
    _record(folder, f"branch.{branch}.proposedlast", commit)


def _record(folder: Path, key: str, value: str) -> None:
    """Set a variable, after waiting for other git processes, such as a push, to unlock the configuration."""
    left = _ATTEMPTS
    while left:
        left -= 1
        try:
            git.run(folder, "config", key, value)
        except GitError as error:
            if "could not lock" not in error.message or not left:
                raise
            time.sleep(_RETRY_SECONDS)
        else:
            left = 0


def _settings(folder: Path) -> dict[str, dict[str, str]]:
    """Return the configuration of each proposal's branch."""
    pattern = rf"^branch\.{PREFIX}.*\.proposed(last)?$"
    try:
        entries = git.run(folder, "config", "--null", "--get-regexp", pattern).split("\0")
    except GitError:
        return {}
    settings: dict[str, dict[str, str]] = {}
    for key, value in (entry.split("\n", 1) for entry in entries if entry):
        branch, _, variable = key.removeprefix("branch.").rpartition(".")
        settings.setdefault(name_of(branch), {})[variable] = value
    return settings


def _origin(settings: Mapping[str, str]) -> Origin | None:
    if "proposed" not in settings:
        return None
    commit, time, author = settings["proposed"].split(" ", 2)
    return Origin(author, git.time_of(time), commit)


def proposal_of(project: Project, base: str, branch: Branch, cache: Cache) -> Proposal:
    """Return the proposal on a branch, compared with the base, a commit."""
    start = branch.origin.commit if branch.origin else ""
    content = cache(branch.name, _content_of, project.root, base, branch.tip, start)
    prefix = cache("prefix", _prefix_of, project.root)
    uncommitted = _uncommitted(project, branch, prefix, cache) if branch.path else ()
    # The commits on the git host will be merged into the worktree, so their files count as well.
    ahead = content
    if branch.remote not in {"", branch.tip}:
        ahead = cache(f"{branch.name} on the host", _content_of, project.root, base, branch.remote, start)
    names = [*dict.fromkeys([*_in_project(content.files, prefix), *uncommitted])]
    all_names = dict.fromkeys([*names, *_in_project(ahead.files, prefix)])
    folders = tuple(f"{folder}/" for folder in pipeline_folders(project))
    others = [name for name in all_names if not name.startswith(folders)]
    is_unsent = bool(uncommitted) or cache(branch.name, _has_unsent_commits, project.root, branch)
    origin = branch.origin
    authors = [*dict.fromkeys([*([origin.author.partition(" <")[0]] if origin else ()), *content.authors])]
    since = content.since or (origin.time if origin else datetime.now(timezone.utc))
    return Proposal(
        branch.name,
        content.title,
        authors,
        min(since, origin.time) if origin else since,
        _state(branch, is_merged=content.is_merged and not uncommitted, is_unsent=is_unsent),
        [name for name in names if is_schedule_file(project, name)],
        others,
        is_unsent,
        is_foreign=branch.is_elsewhere or not (content.is_related and ahead.is_related),
        is_behind=ahead is not content and not cache(branch.name, is_ancestor, project.root, branch.remote, branch.tip),
    )


def _in_project(names: Sequence[str], prefix: str) -> list[str]:
    """Convert paths in the repository to paths in the project."""
    return [os.path.relpath(name, prefix or ".") for name in names]


def _state(branch: Branch, *, is_merged: bool, is_unsent: bool) -> State:
    if is_merged:
        return State.MERGED
    if branch.remote:
        return State.PROPOSED
    return State.CLOSED if not is_unsent and (branch.sent or not branch.origin) else State.DRAFT


def _has_unsent_commits(folder: Path, branch: Branch) -> bool:
    if branch.local in {"", branch.remote, branch.sent, branch.origin.commit if branch.origin else ""}:
        return False
    return not (branch.remote and is_ancestor(folder, branch.local, branch.remote))


def is_ancestor(folder: Path, commit: str, other: str) -> bool:
    """Return whether a commit is equal to another one, or an ancestor of it."""
    return git.succeeds(folder, "merge-base", "--is-ancestor", commit, other)


def _prefix_of(folder: Path) -> str:
    return git.run(folder, "rev-parse", "--show-prefix").removesuffix("\n")


def _content_of(folder: Path, base: str, tip: str, start: str) -> _Content:
    # Only the branch's own commits: without merged ones, and from its start if that is known.
    own = ("--first-parent", "--no-merges", f"{start or base}..{tip}")
    log = git.run(folder, *_LOG, "-z", "--reverse", f"--format={_FIELDS}", *own)
    commits = [*zip(*[iter(log.split("\0"))] * 3, strict=False)]
    common = git.output_of(folder, "merge-base", base, tip)
    # Without a common commit, all files of the branch are its own.
    listed = ("diff", *_NAMES, common, tip) if common else ("ls-tree", "-r", "--name-only", "--full-tree", "-z", tip)
    files = _names(folder, *listed)
    since = git.time_of(commits[0][1]) if commits else None
    return _Content(
        [author for author, _, _ in commits],
        since,
        commits[0][2] if commits else "",
        files or sorted({*_names(folder, *_LOG, *_NAMES, "--format=", *own)}),
        tip != start and _is_merged(folder, base, tip),
        bool(common),
    )


def _names(folder: Path, *words: str) -> list[str]:
    return [name for name in git.run(folder, *words).split("\0") if name]


def _is_merged(folder: Path, base: str, tip: str) -> bool:
    """Return whether the base has the changes of a branch, also as one squashed commit."""
    if is_ancestor(folder, tip, base):
        return True
    try:
        merged = git.run(folder, "merge-tree", "--write-tree", base, tip).split("\n")[0]
    except GitError:
        # Conflicts, or a git before 2.38.
        return False
    return merged == git.run(folder, "rev-parse", f"{base}^{{tree}}").strip()


def _uncommitted(project: Project, branch: Branch, prefix: str, cache: Cache) -> list[str]:
    """Return the uncommitted files of the worktree, as paths in the project; cached until it is written to."""
    there, folders = (branch.path or project.root) / prefix, pipeline_folders(project)
    return cache(branch.name, _uncommitted_in, there, folders, branch.local, [*written_at(there, folders)])


def _uncommitted_in(there: Path, folders: Sequence[str], _commit: str, _written: Sequence[Stamp]) -> list[str]:
    return sorted(uncommitted_files(there, folders))
