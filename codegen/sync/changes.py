"""The change of a file and of its parts, as data, as a diagnostic and as a patch."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from pathlib import PurePosixPath

from codegen import rules
from codegen.diagnostics import Diagnostic, Location, quoted
from codegen.sync.blocks import Block, pairs_of
from codegen.text.conflict import conflict_in

_PLACE = re.compile(r"^@@ -(\d+)((?:,\d+)?) \+(\d+)((?:,\d+)?) @@$", re.MULTILINE)


class Action(Enum):
    """What happens to a file, or to a DAG in it."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


_EFFECTS = {Action.CREATE: "writes", Action.UPDATE: "overwrites", Action.DELETE: "deletes"}


@dataclass(frozen=True)
class Change:
    """The change of one file.

    Attributes:
        name: its path in the project, with forward slashes.
        before: its text, empty if the file is new.
        after: its new text, empty if the file is deleted.
        old_name: the previous path, if it differs.
    """

    name: str
    action: Action
    before: str
    after: str
    old_name: str = ""

    @classmethod
    def between(cls, name: str, before: str | None, after: str | None) -> Change | None:
        """The change from one text to another, where None is a missing file; None if they are equal."""
        if before == after:
            return None
        action = Action.DELETE if after is None else Action.CREATE if before is None else Action.UPDATE
        return cls(name, action, before or "", after or "")

    @property
    def conflict(self) -> int:
        """The line of git's first conflict marker in the old text; 0 if there is none."""
        start = conflict_in(self.before)
        return 0 if start is None or conflict_in(self.after) is not None else self.before.count("\n", 0, start) + 1

    @cached_property
    def parts(self) -> Sequence[Part]:
        """The changes of the head and of each DAG in the file of a folder; of any other file a single one."""
        parts = [Part(self, *pair) for pair in pairs_of(self.before, self.after)]
        whole = Part(self, Block("", 1, self.before), Block("", 1, self.after))
        return [part for part in parts if part.old.text != part.new.text] or [whole]

    @property
    def effect(self) -> tuple[object, ...]:
        """Equal for files that change in the same way."""
        return tuple(part.effect for part in self.parts)

    def diagnostic(self, command: str = "dagpress generate") -> Diagnostic:
        """The drift of a generated file, with the command that fixes it."""
        rule, message = {
            Action.CREATE: (rules.MISSING, "this file is missing"),
            Action.UPDATE: (rules.CHANGED, "this file is not up to date, or was edited by hand"),
            Action.DELETE: (rules.STALE, "no schedule generates this file any more"),
        }[self.action]
        if self.conflict:
            rule, message = rules.MERGE_CONFLICT, "unresolved git merge conflict in a generated file"
        hint = f"run `{command}`, which {_EFFECTS[self.action]} it"
        return Diagnostic(rule, message, Location(self.name, self.conflict or 1), hint)

    def diagnostics(self, command: str) -> list[Diagnostic]:
        """The drift of each DAG in the file of a folder, or of the file."""
        blocks = [part for part in self.parts if part.block.is_shared] if self.action is Action.UPDATE else []
        return [part.diagnostic(command) for part in blocks] or [self.diagnostic(command)]


@dataclass(frozen=True)
class Part:
    """The change of a block of a file, or of a whole file.

    Attributes:
        change: that of the file.
        old: the block before; without a text if it is new.
        new: the block after; without a text if it is removed.
    """

    change: Change
    old: Block
    new: Block

    @property
    def action(self) -> Action:
        """What happens to it."""
        return Action.DELETE if not self.new.text else Action.UPDATE if self.old.text else Action.CREATE

    @property
    def block(self) -> Block:
        """The block after the change, or the removed one."""
        return self.new if self.new.text else self.old

    @property
    def is_dag(self) -> bool:
        """Whether it is the DAG of a schedule."""
        return bool(self.block.source) and not self.block.source.endswith("/")

    @property
    def name(self) -> str:
        """The name of the file, with that of the schedule if the file has others."""
        stem = f" ({PurePosixPath(self.block.source).stem})" if self.block.is_shared else ""
        return f"{self.change.name}{stem}"

    @property
    def effect(self) -> tuple[object, ...]:
        """The removed and added lines, without their positions and the name of the file or the schedule."""
        before, after = (_lines(self._own_names.sub("\0", text)) for text in (self.old.text, self.new.text))
        lines = difflib.unified_diff(before, after, n=0)
        return self.action, *("@@" if line.startswith("@@") else line for line in lines)

    def diagnostic(self, command: str) -> Diagnostic:
        """The drift of the DAG of a schedule in a file that has others."""
        rule, message = {
            Action.CREATE: (rules.MISSING, f"the DAG of this schedule is missing in {quoted(self.change.name)}"),
            Action.UPDATE: (rules.CHANGED, "this DAG is not up to date, or was edited by hand"),
            Action.DELETE: (rules.STALE, "no schedule generates this DAG any more"),
        }[self.action]
        place = Location(self.change.name, self.old.line) if self.old.text else Location(self.block.source)
        return Diagnostic(rule, message, place, f"run `{command}`, which {_EFFECTS[self.action]} it")

    def diff(self, context: int, mask: Callable[[str, str, str, str], str]) -> str:
        """The change as a unified diff, after `mask` has hidden the secrets in it."""
        name = self.change.name
        before = "/dev/null" if self.change.action is Action.CREATE else f"a/{self.change.old_name or name}"
        after = "/dev/null" if self.change.action is Action.DELETE else f"b/{name}"
        texts = self.old.text, self.new.text
        patch = mask(unified_diff(*texts, before, after, context), *texts, name)
        return _PLACE.sub(self._placed, patch)

    @cached_property
    def _own_names(self) -> re.Pattern[str]:
        paths = _paths_to(self.block.source if self.block.is_shared else self.change.name)
        # An alias of an interval, such as `@daily`, is not a name; the name of a constant ends with that of a schedule.
        constant = re.sub(r"[^A-Z0-9_]", "_", paths[-1].upper())
        return re.compile(rf"(?:(?<![^\W_]|@)(?:{'|'.join(map(re.escape, paths))})|(?<=_){constant})(?![^\W_])")

    def _placed(self, place: re.Match[str]) -> str:
        """The first line of a hunk, with its lines in the file, and the schedule if the file has others."""
        old, new = self.old.line - 1, self.new.line - 1
        schedule = f" {self.block.source}" if self.block.is_shared else ""
        return f"@@ -{int(place[1]) + old}{place[2]} +{int(place[3]) + new}{place[4]} @@{schedule}"


def parts_of(changes: Iterable[Change]) -> list[Part]:
    """The parts of some changes."""
    return [part for change in changes for part in change.parts]


def unified_diff(before: str, after: str, name_before: str, name_after: str, context: int = 3) -> str:
    """The difference of two texts as a patch; empty if they are equal."""
    lines = difflib.unified_diff(_lines(before), _lines(after), name_before, name_after, n=context)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _paths_to(name: str) -> list[str]:
    """The paths of a file without its suffix: from the project, and from each folder below it."""
    parts = PurePosixPath(name).with_suffix("").parts
    return ["/".join(parts[start:]) for start in range(len(parts))]


def _lines(text: str) -> list[str]:
    """The lines as git counts them: only a line feed ends one."""
    return re.findall(r"[^\n]+\n?|\n", text)
