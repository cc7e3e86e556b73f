"""The change of a file, as data, as a diagnostic and as a patch."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from enum import Enum
from pathlib import PurePosixPath

from codegen import rules
from codegen.diagnostics import Diagnostic, Location
from codegen.text.conflict import conflict_in


class Action(Enum):
    """What happens to a file."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


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

    def diagnostic(self, command: str = "dagpress generate") -> Diagnostic:
        """The drift of a generated file, with the command that fixes it."""
        rule, message, effect = {
            Action.CREATE: (rules.MISSING, "this file is missing", "writes"),
            Action.UPDATE: (rules.CHANGED, "this file is not up to date, or was edited by hand", "overwrites"),
            Action.DELETE: (rules.STALE, "no schedule generates this file any more", "deletes"),
        }[self.action]
        if self.conflict:
            rule, message = rules.MERGE_CONFLICT, "unresolved git merge conflict in a generated file"
        hint = f"run `{command}`, which {effect} it"
        return Diagnostic(rule, message, Location(self.name, self.conflict or 1), hint)

    @property
    def effect(self) -> tuple[object, ...]:
        """The removed and added lines, without their positions and the name of the file."""
        # An alias of an interval, such as `@daily`, is not a name.
        own_name = re.compile(rf"(?<![^\W_]|@)(?:{'|'.join(map(re.escape, _paths_to(self.name)))})(?![^\W_])")
        before, after = (_lines(own_name.sub("\0", text)) for text in (self.before, self.after))
        lines = difflib.unified_diff(before, after, n=0)
        return self.action, *("@@" if line.startswith("@@") else line for line in lines)

    def diff(self, context: int = 3) -> str:
        """The change as a unified diff."""
        before = "/dev/null" if self.action is Action.CREATE else f"a/{self.old_name or self.name}"
        after = "/dev/null" if self.action is Action.DELETE else f"b/{self.name}"
        return unified_diff(self.before, self.after, before, after, context)


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
