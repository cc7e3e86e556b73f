"""The kinds of what a schedule runs, and the keys that each kind has."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from codegen.schema.pair import OF_A_PAIR, PAIR
from codegen.source import edit
from codegen.source.nodes import MapNode
from codegen.web.editing.reading import read_own

PAIR_KIND, JOB, STEPS = "pair", "job", "steps"
_KEYS = {
    PAIR_KIND: (*PAIR, *OF_A_PAIR),
    JOB: ("job", "state_id_suffix"),
    STEPS: ("tasks", "state_id_suffix"),
}
_FILLER = "filler"
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
    for key in keys:
        if key in read_keys(text):
            other = edit.set_written(other, (key,), edit.written_at(text, (key,)))
            # The last key of a map cannot be removed: lines can be added to none in `{}`.
            filled = edit.set_value(text, (_FILLER,), 0)
            text, count = re.subn(rf"(?m)^{_FILLER}: 0$\n?", "", edit.remove(filled, (key,)))
            if not count:
                raise edit.EditError("change it in the YAML")
    return text, other
