"""The conflict markers that git writes into a file that it cannot merge."""

from __future__ import annotations

import re

# Also one that was forgotten; `=======` alone may be the underline of a heading.
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
    """The texts that git has merged into one, as far as each of its conflicts shows them; the text itself is one."""
    return {_CONFLICT.sub(rf"\{side}", text) for side in (1, 2)}
