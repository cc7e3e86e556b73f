"""The secret formats of vendors (`formats.json`): prefixes, lengths and alphabets.

The file also has the names and commands that imply a secret. Formats without a URL come from the rules of gitleaks.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

_FILE = Path(__file__).with_name("formats.json")
# The length of the shortest format.
_MIN_LENGTH = 15


@cache
def load_data() -> Mapping[str, Any]:
    """Read the file, once."""
    data: Mapping[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))
    return data


def has_known_format(text: str) -> bool:
    """Return whether a text contains a secret in a vendor's format."""
    if len(text) < _MIN_LENGTH:
        return False
    by_prefix, by_keyword = _forms()
    return bool(by_prefix.search(text)) or any(key in text and form.search(text) for key, form in by_keyword)


def without_public(text: str) -> str:
    """Return the text without public random values, such as SSH public keys."""
    return _public().sub(" ", text)


@cache
def _forms() -> tuple[re.Pattern[str], Sequence[tuple[str, re.Pattern[str]]]]:
    """Return the formats with a prefix, in one pattern, and each other format with a keyword that it contains."""
    beginning, others = defaultdict(list), []
    for row in load_data()["formats"]:
        if "keyword" in row:
            others.append((row["keyword"], re.compile(rf"(?<![0-9A-Za-z]){row['pattern']}")))
            continue
        for form in _patterns_of(row):
            beginning[form[0]].append(form[1:])
    # Python rejects an alternative early only by its first character.
    alternatives = "|".join(f"{first}(?:{'|'.join(forms)})" for first, forms in beginning.items())
    return re.compile(rf"(?<![0-9A-Za-z])(?:{alternatives})"), others


def _patterns_of(row: Mapping[str, Any]) -> Sequence[str]:
    if "pattern" in row:
        return [row["pattern"]]
    end = "}(?![0-9A-Za-z])" if row.get("is_exact") else ",}"
    return [f"{re.escape(prefix)}[{row['alphabet']}]{{{row['length']}{end}" for prefix in row["prefixes"]]


@cache
def _public() -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{row['pattern']})" for row in load_data()["public"]))
