"""Distinguishes random text, such as keys, from names, hashes and encoded text."""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from codegen.secrets.formats import without_public

# The length of the shortest word that can be a key.
SHORTEST = 32
_LONG = re.compile(rf"[A-Za-z0-9+/_=-]{{{SHORTEST},}}")
_LEAST_OF_EACH = 3
# Bits per character. Random text of that length and alphabet has more, joined words have less.
_ENTROPY_OF_RANDOM_TEXT = 4.25
# Changes per character between letters, digits and capitals; `CustomerOrders2024` has fewer.
_CHANGES_OF_RANDOM_TEXT = 0.25


def long_words(text: str) -> Iterator[str]:
    """Yield the words of a text that are long enough for a key, except public ones."""
    if _LONG.search(text):
        yield from _LONG.findall(without_public(text))


def decoded(word: str) -> str:
    """Return the text that a word encodes in base64, or an empty text if it does not encode text."""
    plain = word.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        text = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return text if all(c.isprintable() or c.isspace() for c in text) else ""


def is_random(word: str) -> bool:
    """Return whether a word looks random. Hashes and IDs, with only digits and lowercase letters, do not count."""
    classes = (str.isupper, str.islower, str.isdigit)
    if not all(sum(is_of(character) for character in word) >= _LEAST_OF_EACH for is_of in classes):
        return False
    entropy = -sum(n / len(word) * math.log2(n / len(word)) for n in Counter(word).values())
    changes = sum(_is_change(before, after) for before, after in pairwise(word))
    return entropy > _ENTROPY_OF_RANDOM_TEXT and changes / len(word) > _CHANGES_OF_RANDOM_TEXT


def _is_change(before: str, after: str) -> bool:
    """Return whether two characters are never adjacent in a word: a capital can start a word, punctuation ends it."""
    if not (before.isalnum() and after.isalnum()) or (before.isupper() and after.islower()):
        return False
    return before.isdigit() != after.isdigit() or before.isupper() != after.isupper()
