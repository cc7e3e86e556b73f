"""The change of a part of a file as data, as a diagnostic and as a patch."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from pathlib import PurePosixPath

from codegen import rules
from codegen.diagnostics import Diagnostic, Location, quoted
from codegen.sync.blocks import Block

_PLACE = re.compile(r"^@@ -(\d+)((?:,\d+)?) \+(\d+)((?:,\d+)?) @@$", re.MULTILINE)


class Action(Enum):
    """The change of a file, or of a DAG in it."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


EFFECTS = {Action.CREATE: "writes", Action.UPDATE: "overwrites", Action.DELETE: "deletes"}


@dataclass(frozen=True)
class Part:
    """The change of a block of a file, or of a whole file.

    Attributes:
        file: the path of the file in the project.
        paths: the old and the new path in a patch.
        old: the block before; without text if it is new.
        new: the block after; without text if it is removed.
    """

    file: str
    paths: tuple[str, str]
    old: Block
    new: Block

    @property
    def action(self) -> Action:
        """The kind of change."""
        return Action.DELETE if not self.new.text else Action.UPDATE if self.old.text else Action.CREATE

    @property
    def block(self) -> Block:
        """The block after the change, or the removed block."""
        return self.new if self.new.text else self.old

    @property
    def is_dag(self) -> bool:
        """Whether it is the DAG of a schedule."""
        return self.block.is_dag

    @property
    def name(self) -> str:
        """The name of the file; in a shared file, with the name of the schedule."""
        stem = f" ({PurePosixPath(self.block.source).stem})" if self.block.is_shared else ""
        return f"{self.file}{stem}"

    @property
    def effect(self) -> tuple[object, ...]:
        """The removed and added lines, without positions and without the name of the file or schedule."""
        before, after = (_lines(self._own_names.sub("\0", text)) for text in (self.old.text, self.new.text))
        lines = difflib.unified_diff(before, after, n=0)
        return self.action, *("@@" if line.startswith("@@") else line for line in lines)

    def diagnostic(self, command: str) -> Diagnostic:
        """Return the drift of the DAG of a schedule in a shared file."""
        rule, message = {
            Action.CREATE: (rules.MISSING, f"the DAG of this schedule is missing in {quoted(self.file)}"),
            Action.UPDATE: (rules.CHANGED, "this DAG is not up to date, or was edited by hand"),
            Action.DELETE: (rules.STALE, "no schedule generates this DAG any more"),
        }[self.action]
        place = Location(self.file, self.old.line) if self.old.text else Location(self.block.source)
        return Diagnostic(rule, message, place, f"run `{command}`, which {EFFECTS[self.action]} it")

    def diff(self, context: int, mask: Callable[[str, str, str, str], str]) -> str:
        """Return the change as a unified diff; `mask` hides the secrets in it."""
        texts = self.old.text, self.new.text
        patch = mask(_unified_diff(*texts, *self.paths, context), *texts, self.file)
        return _PLACE.sub(self._placed, patch)

    @cached_property
    def _own_names(self) -> re.Pattern[str]:
        paths = _paths_to(self.block.source if self.block.is_shared else self.file)
        # An interval such as `@daily` is not a name. The name of a constant ends with the name of a schedule.
        constant = re.sub(r"[^A-Z0-9_]", "_", paths[-1].upper())
        return re.compile(rf"(?:(?<![^\W_]|@)(?:{'|'.join(map(re.escape, paths))})|(?<=_){constant})(?![^\W_])")

    def _placed(self, place: re.Match[str]) -> str:
        """Return the first line of a hunk with its lines in the file and, in a shared file, the schedule."""
        old, new = self.old.line - 1, self.new.line - 1
        schedule = f" {self.block.source}" if self.block.is_shared else ""
        return f"@@ -{int(place[1]) + old}{place[2]} +{int(place[3]) + new}{place[4]} @@{schedule}"


def _unified_diff(before: str, after: str, name_before: str, name_after: str, context: int = 3) -> str:
    """Return the difference of two texts as a patch; empty if they are equal."""
    lines = difflib.unified_diff(_lines(before), _lines(after), name_before, name_after, n=context)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _paths_to(name: str) -> list[str]:
    """Return the paths of a file without its suffix, relative to the project and to each folder below it."""
    parts = PurePosixPath(name).with_suffix("").parts
    return ["/".join(parts[start:]) for start in range(len(parts))]


def _lines(text: str) -> list[str]:
    """Return the lines as git counts them: only a line feed ends a line."""
    return re.findall(r"[^\n]+\n?|\n", text)
