"""The kinds of work of a schedule, with their keys."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from codegen.schema.pair import PAIR, PAIR_OPTIONS
from codegen.source.list_items import moved
from codegen.source.nodes import MapNode
from codegen.web.editing.reading import read_own

PAIR_KIND, JOB, STEPS = "pair", "job", "steps"
_KEYS = {
    PAIR_KIND: (*PAIR, *PAIR_OPTIONS),
    JOB: ("job", "state_id_suffix"),
    STEPS: ("tasks", "state_id_suffix"),
}
_SCHEMA_LINE = re.compile(r"# yaml-language-server:[^\n]*\n")
ALL_KEYS = frozenset(key for keys in _KEYS.values() for key in keys)


def kind_of(own: MapNode) -> str:
    """Return the kind of work that the keys of a text select; empty if no key selects one."""
    given = {STEPS: "tasks", JOB: "job"}
    found = next((kind for kind, key in given.items() if key in own.entries), "")
    return found or (PAIR_KIND if any(key in own.entries for key in PAIR) else "")


def is_of(kind: str, key: str) -> bool:
    """Return whether a schedule with this kind of work can have a key."""
    return key in _KEYS[kind] or key not in ALL_KEYS


def switched(text: str, kept: str, kind: str) -> tuple[str, str]:
    """Switch a text to another kind of work. Return the new text, and the text of the keys kept for switching back.

    Raises:
        EditError: a key cannot be moved.
    """
    kept, text = _moved(kept, text, [key for key in _KEYS[kind] if key not in read_keys(text)])
    return _moved(text, kept, [key for key in sorted(ALL_KEYS) if not is_of(kind, key)])


def read_keys(text: str) -> Mapping[str, object]:
    """Return the keys of a text; empty if it cannot be read."""
    own, _ = read_own(text, "")
    return own.entries if own else {}


def _moved(text: str, other: str, keys: Iterable[str]) -> tuple[str, str]:
    """Move keys from the first text to the second, and return both texts."""
    # The line that names the schema belongs to the file, not to the key below it.
    head = _SCHEMA_LINE.match(text)
    first = head[0] if head else ""
    text = text.removeprefix(first)
    for key in keys:
        if key in read_keys(text):
            text, other = moved(text, other, key)
    return first + text, other
