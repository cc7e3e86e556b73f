"""A proposal: a branch with a change of schedules, and its state on the git host."""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from itertools import chain, count

# The branches of proposals begin with it.
PREFIX = "dagpress/"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9]+")
_MAX_LENGTH = 60


class State(Enum):
    """The state of a proposal: a draft exists only on this machine, a closed one was removed from the git host."""

    DRAFT = "draft"
    PROPOSED = "proposed"
    MERGED = "merged"
    CLOSED = "closed"


@dataclass(frozen=True)
class Proposal:
    """A proposal.

    Attributes:
        name: the name of its branch without the prefix.
        title: the subject of its first commit; empty before that.
        authors: the names of the people who changed it, the first one first.
        since: the time of its first change, or of its start.
        files: the changed schedule files, as paths in the project.
        others: the changed files that are neither schedules nor generated, so the page cannot edit them.
        is_unsent: whether it contains changes that are only on this machine.
        is_foreign: whether it shares no commit with the default branch, or a user has checked it out in another folder.
        is_behind: whether the git host has commits of it that this machine does not have.
    """

    name: str
    title: str
    authors: Sequence[str]
    since: datetime
    state: State
    files: Sequence[str]
    others: Sequence[str] = ()
    is_unsent: bool = False
    is_foreign: bool = False
    is_behind: bool = False

    @property
    def branch(self) -> str:
        """The name of its branch."""
        return PREFIX + self.name

    @property
    def is_open(self) -> bool:
        """Whether it can still be changed."""
        return self.state in {State.DRAFT, State.PROPOSED}

    @property
    def is_editable(self) -> bool:
        """Whether it can be changed on the page, and its branch be checked out: it only changes pipelines."""
        return self.is_open and not self.others and not self.is_foreign


def name_of(branch: str) -> str:
    """Return the name of the proposal on a branch; empty for any other branch."""
    name = branch.removeprefix(PREFIX)
    return name if branch.startswith(PREFIX) and _NAME.fullmatch(name) else ""


def free_name(text: str, taken: Container[str]) -> str:
    """Return a name made from a text, such as the name of a pipeline, with a number if it is taken."""
    name = _NOT_IN_NAMES.sub("-", text)[:_MAX_LENGTH].strip("-").lower() or "pipelines"
    names = chain([name], (f"{name}-{number}" for number in count(2)))
    return next(each for each in names if each not in taken)
