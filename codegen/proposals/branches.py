"""The proposals of a repository, read from its branches."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

from codegen import git
from codegen.cache import Cache
from codegen.git import GitError
from codegen.project import Project
from codegen.proposals.files import is_schedule_file, pipeline_folders, uncommitted_files
from codegen.proposals.proposal import PREFIX, Proposal, State, name_of

_FIELDS = "%an%x00%at%x00%s"


class Origin(NamedTuple):
    """Where a proposal of this machine began, as the repository's configuration has it."""

    author: str
    time: datetime
    commit: str


class Branch(NamedTuple):
    """The branch of a proposal.

    Attributes:
        local: its commit on this machine; empty without one.
        remote: its commit on the git host, as of the last fetch; empty without one.
        path: its worktree; None without one.
        origin: None for a proposal of another machine.
        was_sent: whether it was pushed from here.
    """

    name: str
    local: str
    remote: str
    path: Path | None
    origin: Origin | None
    was_sent: bool

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


def branches_of(folder: Path, remote: str) -> list[Branch]:
    """The branches of all proposals."""
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
        found.append(Branch(name, local, on_host, paths.get(PREFIX + name), _origin(own), "merge" in own))
    return found


def record_origin(folder: Path, branch: str, origin: Origin) -> None:
    """Keep the origin of a proposal in the repository's configuration, until its branch is deleted."""
    value = f"{origin.commit} {origin.time.timestamp():.0f} {origin.author}"
    git.run(folder, "config", f"branch.{branch}.proposed", value)


def _settings(folder: Path) -> dict[str, dict[str, str]]:
    """What the configuration has of each proposal's branch."""
    pattern = rf"^branch\.{PREFIX}.*\.(proposed|merge)$"
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
    return Origin(author, datetime.fromtimestamp(int(time), timezone.utc), commit)


def proposal_of(project: Project, base: str, branch: Branch, cache: Cache) -> Proposal:
    """The proposal on a branch, compared with the base, a commit."""
    start = branch.origin.commit if branch.origin else ""
    content = cache(branch.name, _content_of, project.root, base, branch.tip, start)
    prefix = cache("prefix", _prefix_of, project.root)
    uncommitted = sorted(uncommitted_files(branch.path / prefix, pipeline_folders(project))) if branch.path else ()
    names = [*dict.fromkeys([*(os.path.relpath(name, prefix or ".") for name in content.files), *uncommitted])]
    origin = branch.origin
    authors = [*dict.fromkeys([*([origin.author.partition(" <")[0]] if origin else ()), *content.authors])]
    since = content.since or (origin.time if origin else datetime.now(timezone.utc))
    return Proposal(
        branch.name,
        content.title,
        authors,
        min(since, origin.time) if origin else since,
        _state(branch, is_merged=content.is_merged and not uncommitted),
        [name for name in names if is_schedule_file(project, name)],
        [name for name in names if not any(name.startswith(f"{folder}/") for folder in pipeline_folders(project))],
        bool(uncommitted) or _has_unsent_commits(project.root, branch),
    )


def _state(branch: Branch, *, is_merged: bool) -> State:
    if is_merged:
        return State.MERGED
    if branch.remote:
        return State.PROPOSED
    return State.CLOSED if branch.was_sent else State.DRAFT


def _has_unsent_commits(folder: Path, branch: Branch) -> bool:
    if branch.local in {"", branch.remote, branch.origin.commit if branch.origin else ""}:
        return False
    return not is_ancestor(folder, branch.local, branch.remote) if branch.remote else not branch.was_sent


def is_ancestor(folder: Path, commit: str, other: str) -> bool:
    """Whether a commit is another, or one before it."""
    return git.succeeds(folder, "merge-base", "--is-ancestor", commit, other)


def _prefix_of(folder: Path) -> str:
    return git.run(folder, "rev-parse", "--show-prefix").removesuffix("\n")


def _content_of(folder: Path, base: str, tip: str, start: str) -> _Content:
    # Merged commits are in the base; those of a known start are not all of the base's.
    own = ("--first-parent", "--no-merges", f"{start or base}..{tip}")
    log = git.run(folder, "log", "-z", "--reverse", f"--format={_FIELDS}", *own)
    commits = [*zip(*[iter(log.split("\0"))] * 3, strict=False)]
    files = _names(folder, "diff", "--name-only", "--no-renames", "-z", f"{base}...{tip}")
    since = datetime.fromtimestamp(int(commits[0][1]), timezone.utc) if commits else None
    return _Content(
        [author for author, _, _ in commits],
        since,
        commits[0][2] if commits else "",
        files or sorted({*_names(folder, "log", "--name-only", "--no-renames", "-z", "--format=", *own)}),
        tip != start and _is_merged(folder, base, tip),
    )


def _names(folder: Path, *words: str) -> list[str]:
    return [name for name in git.run(folder, *words).split("\0") if name]


def _is_merged(folder: Path, base: str, tip: str) -> bool:
    """Whether the base has the changes of a branch, also as one squashed commit."""
    if is_ancestor(folder, tip, base):
        return True
    try:
        merged = git.run(folder, "merge-tree", "--write-tree", base, tip).split("\n")[0]
    except GitError:
        # Conflicts, or a git before 2.38.
        return False
    return merged == git.run(folder, "rev-parse", f"{base}^{{tree}}").strip()
