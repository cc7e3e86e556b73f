"""The change of a file, as data and as a diagnostic."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from codegen import rules
from codegen.diagnostics import Diagnostic, Location
from codegen.sync.blocks import Block, pairs_of
from codegen.sync.parts import EFFECTS, Action, Part
from codegen.text.conflict import conflict_in


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
        """Return the change from one text to another, or None if they are equal; a missing file is None."""
        if before == after:
            return None
        action = Action.DELETE if after is None else Action.CREATE if before is None else Action.UPDATE
        return cls(name, action, before or "", after or "")

    @property
    def conflict(self) -> int:
        """The line of the first git conflict marker in the old text, or 0."""
        start = conflict_in(self.before)
        return 0 if start is None else self.before.count("\n", 0, start) + 1

    @cached_property
    def parts(self) -> Sequence[Part]:
        """The changes of the head and of each DAG in the file of a folder; one change for other files."""
        old_path = "/dev/null" if self.action is Action.CREATE else f"a/{self.old_name or self.name}"
        new_path = "/dev/null" if self.action is Action.DELETE else f"b/{self.name}"
        pairs = [pair for pair in pairs_of(self.before, self.after) if pair[0].text != pair[1].text]
        whole = Block("", 1, self.before), Block("", 1, self.after)
        return [Part(self.name, (old_path, new_path), *pair) for pair in pairs or [whole]]

    @property
    def effect(self) -> tuple[object, ...]:
        """A key that is equal for files that change in the same way."""
        return tuple(part.effect for part in self.parts)

    def diagnostic(self, command: str = "dagpress generate") -> Diagnostic:
        """Return the drift of a generated file, with the command that fixes it."""
        rule, message = {
            Action.CREATE: (rules.MISSING, "this file is missing"),
            Action.UPDATE: (rules.CHANGED, "this file is not up to date, or was edited by hand"),
            Action.DELETE: (rules.STALE, "no schedule generates this file any more"),
        }[self.action]
        if self.conflict:
            rule, message = rules.MERGE_CONFLICT, "unresolved git merge conflict in a generated file"
        hint = f"run `{command}`, which {EFFECTS[self.action]} it"
        return Diagnostic(rule, message, Location(self.name, self.conflict or 1), hint)

    def diagnostics(self, command: str) -> list[Diagnostic]:
        """Return the drift of each DAG in the file of a folder, or of the whole file."""
        blocks = [part for part in self.parts if part.block.is_shared] if self.action is Action.UPDATE else []
        return [part.diagnostic(command) for part in blocks] or [self.diagnostic(command)]


def parts_of(changes: Iterable[Change]) -> list[Part]:
    """Return the parts of some changes."""
    return [part for change in changes for part in change.parts]
