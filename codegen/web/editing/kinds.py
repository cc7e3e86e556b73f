"""The kinds of work of a schedule, and the keys of each kind."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from codegen.schema.pair import OF_A_PAIR, PAIR
from codegen.source.list_items import moved
from codegen.source.nodes import MapNode
from codegen.web.editing.reading import read_own

PAIR_KIND, JOB, STEPS = "pair", "job", "steps"
_KEYS = {
    PAIR_KIND: (*PAIR, *OF_A_PAIR),
    JOB: ("job", "state_id_suffix"),
    STEPS: ("tasks", "state_id_suffix"),
}
_SCHEMA_LINE = re.compile(r"# yaml-language-server:[^\n]*\n")
ALL_KEYS = frozenset(key for keys in _KEYS.values() for key in keys)


def kind_of(own: MapNode) -> str:
    """The kind that the keys of a text say; empty where they say none."""
    given = {STEPS: "tasks", JOB: "job"}
    found = next((kind for kind, key in given.items() if key in own.entries), "")
    return found or (PAIR_KIND if any(key in own.entries for key in PAIR) else "")


def is_of(kind: str, key: str) -> bool:
    """Whether a schedule of that kind can have a key."""
    return key in _KEYS[kind] or key not in ALL_KEYS


def switched(text: str, kept: str, kind: str) -> tuple[str, str]:
    """A text that runs another kind, and the text of the keys that it had to give up, and takes back from.

    Raises:
        EditError: a key cannot be moved.
    """
    kept, text = _moved(kept, text, [key for key in _KEYS[kind] if key not in read_keys(text)])
    return _moved(text, kept, [key for key in sorted(ALL_KEYS) if not is_of(kind, key)])


def read_keys(text: str) -> Mapping[str, object]:
    """The keys of a text that can be read."""
    own, _ = read_own(text, "")
    return own.entries if own else {}


def _moved(text: str, other: str, keys: Iterable[str]) -> tuple[str, str]:
    """Both texts after the keys of the first have moved to the second."""
    # The line that names the schema belongs to the file, not to the key below it.
    head = _SCHEMA_LINE.match(text)
    first = head[0] if head else ""
    text = text.removeprefix(first)
    for key in keys:
        if key in read_keys(text):
            text, other = moved(text, other, key)
    return first + text, other
