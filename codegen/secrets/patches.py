"""Masks secrets in patches, using the whole files, since a hunk does not show which key a line belongs to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from codegen.secrets.masking import masked

_PLACE = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")


def masked_patch(patch: str, before: str, after: str, name: str) -> str:
    """Mask the secrets in a patch of one file; a change of only a secret stays visible as a change.

    Args:
        patch: the patch in the format of `git diff`.
        before: the text before the change.
        after: the text after the change.
        name: the path of the file.
    """
    old, new = (_File(text, name) for text in (before, after))
    return "\n".join(_lines(patch.split("\n"), old, new))


class _File:
    """The lines of a file, original and masked."""

    def __init__(self, text: str, name: str) -> None:
        self._lines = text.split("\n")
        self._shown = masked(text, name).split("\n")
        self.number = 0

    def next_line(self, line: str) -> str:
        """Mask the next line of a patch; on its own if the file has changed meanwhile."""
        number, self.number = self.number, self.number + 1
        is_known = number < len(self._lines) and self._lines[number] == line
        return self._shown[number] if is_known else masked(line, "")


def _lines(lines: Sequence[str], old: _File, new: _File) -> Iterator[str]:
    is_begun = False
    for line in lines:
        if place := _PLACE.match(line):
            is_begun, old.number, new.number = True, int(place[1]) - 1, int(place[2]) - 1
            # Git appends a context line, which is dropped.
            yield place[0]
        elif is_begun and line.startswith("-"):
            yield f"-{old.next_line(line[1:])}"
        elif is_begun and line.startswith(("+", " ")):
            yield f"{line[0]}{new.next_line(line[1:])}"
            old.number += line[0] == " "
        else:
            yield line
