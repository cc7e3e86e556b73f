"""The conflict markers that git writes into a file."""

from __future__ import annotations

import re

# Any single marker, except `=======`, which may underline a heading.
_MARKER = re.compile(r"^(?:<{7}|\|{7}|>{7})(?: |\r?$)", re.MULTILINE)
_BASE = r"^\|{7}(?: [^\n]*)?\n.*?"
_CONFLICT = re.compile(
    rf"^<{{7}}(?: [^\n]*)?\n(.*?)(?:{_BASE})?^={{7}}(?: [^\n]*)?\n(.*?)^>{{7}}(?: [^\n]*)?(?:\n|\Z)",
    re.MULTILINE | re.DOTALL,
)


def conflict_in(text: str) -> int | None:
    """The index of the first conflict marker; None in a text without any."""
    match = _MARKER.search(text)
    return match.start() if match else None


def merged_texts(text: str) -> set[str]:
    """Both sides of a text with conflicts; without conflicts, the text itself."""
    return {_CONFLICT.sub(rf"\{side}", text) for side in (1, 2)}
