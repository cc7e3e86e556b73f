"""The forms of secrets that vendors publish, as data (`known.json`): prefixes, lengths and alphabets.

A row without an address of its own has its facts from the list of gitleaks.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

_FILE = Path(__file__).with_name("known.json")
# No form is shorter.
_SHORTEST = 15


@cache
def known() -> Mapping[str, Any]:
    """The data, read when the first text is checked."""
    data: Mapping[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))
    return data


def has_known_form(text: str) -> bool:
    """Whether a text contains a secret in the form of a vendor."""
    if len(text) < _SHORTEST:
        return False
    by_prefix, by_keyword = _forms()
    return bool(by_prefix.search(text)) or any(key in text and form.search(text) for key, form in by_keyword)


def without_public(text: str) -> str:
    """The text without what looks random and is public, such as an SSH public key."""
    return _public().sub(" ", text)


@cache
def _forms() -> tuple[re.Pattern[str], Sequence[tuple[str, re.Pattern[str]]]]:
    """The forms that begin with their prefix, in one pattern, and the others with a keyword that each contains."""
    beginning, others = defaultdict(list), []
    for row in known()["formats"]:
        if "keyword" in row:
            others.append((row["keyword"], re.compile(rf"(?<![0-9A-Za-z]){row['pattern']}")))
            continue
        for form in _patterns_of(row):
            beginning[form[0]].append(form[1:])
    # Python skips an alternative by its first character alone.
    alternatives = "|".join(f"{first}(?:{'|'.join(forms)})" for first, forms in beginning.items())
    return re.compile(rf"(?<![0-9A-Za-z])(?:{alternatives})"), others


def _patterns_of(row: Mapping[str, Any]) -> Sequence[str]:
    if "pattern" in row:
        return [row["pattern"]]
    end = "}(?![0-9A-Za-z])" if row.get("is_exact") else ",}"
    return [f"{re.escape(prefix)}[{row['alphabet']}]{{{row['length']}{end}" for prefix in row["prefixes"]]


@cache
def _public() -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{row['pattern']})" for row in known()["public"]))
