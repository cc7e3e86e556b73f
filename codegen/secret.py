"""What looks like a secret: a few rules with few false alarms, since a value that is one must not be copied."""

from __future__ import annotations

import math
import re
from collections import Counter

_WORDS = (
    r"PASSWORD|PASSWD|PASSPHRASE|(?<=_)PWD|SECRET|TOKEN|CREDENTIAL|AUTHORIZATION"
    r"|(?:API|ACCESS|PRIVATE|ENCRYPTION|SIGNING|ACCOUNT)_?KEY|(?:(?<![A-Za-z])|PG)PASS(?![A-Za-z])"
)
# By these names even a number or a word with a dot is one.
_SURE = re.compile(r"(?:PASSWORD|PASSWD|PASSPHRASE|PWD|SECRET|PASS)S?$", re.IGNORECASE)
_NAME = re.compile(rf"(?:{_WORDS})S?(?![A-Za-z])(?!.*[_-](?:FILE|PATH|URL|URI|NAME|TYPE|TTL)$)", re.IGNORECASE)
# The forms of keys that their makers document, so that scanners find them.
_SHAPES = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY"
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
    r"|\bgh[pousr]_[A-Za-z0-9]{30,}|\bgithub_pat_[A-Za-z0-9_]{22,}|\bglpat-[\w-]{20,}"
    r"|\bxox[a-z]-[A-Za-z0-9-]{10,}|hooks\.slack\.com/services/\w+"
    r"|\bAIza[\w-]{35}|\bya29\.[\w-]{20,}"
    r"|\b[sr]k_live_[A-Za-z0-9]{16,}|\bsk-[\w-]{20,}"
    r"|\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\."
)
_URL_WITH_PASSWORD = re.compile(r"://(?:[^\s/:@]*:)?([^\s/:@]+)@")
# `password=x`, `"api_key": "x"`: a name and its value within a text.
_ASSIGNMENT = re.compile(rf"""([\w-]*(?:{_WORDS})[\w-]*)["']?\s*[:=]\s*["']?([^\s"',;&]+)""", re.IGNORECASE)
_REFERENCE = re.compile(r"(?:\$\w+|\$\{\w+\}|%\w+%|\{\{.*\}\})+")
_PATH = re.compile(r"(?:~|\.{1,2})/[^\s:@]*|/[^\s:@/]+/[^\s:@]*|[A-Za-z]:\\\S*")
_FILE = re.compile(r"[\w./-]+\.[A-Za-z][A-Za-z0-9]{1,4}")
_WORD = re.compile(r"true|false|yes|no|on|off|null|none|~", re.IGNORECASE)
_NUMBER = re.compile(r"[-+]?[0-9][0-9._]*")
_URL = re.compile(r"[a-z][a-z0-9+.-]*://\S+")
_LONG = re.compile(r"[A-Za-z0-9+/_=-]{32,}")
_HEX = re.compile(r"[0-9a-f]{32,}|[0-9A-F]{32,}")
_LEAST_OF_EACH = 3
# Bits for each character. Random text of that length and alphabet has more, words that are joined have less.
_ENTROPY_OF_RANDOM_TEXT = 4.25
_ENTROPY_OF_RANDOM_HEX = 3.0


def is_secret(name: str, value: str) -> bool:
    """Whether a variable looks like a secret, by its name or by its value.

    What only refers to a variable is none, and neither are paths, plain addresses, numbers and booleans.
    """
    value = value.strip()
    return bool(_NAME.search(name) and _can_be_secret(name, value)) or holds_secret(value)


def holds_secret(text: str) -> bool:
    """Whether a text, such as a value or a comment, has something in it that looks like a secret."""
    if _SHAPES.search(text):
        return True
    if any(not _REFERENCE.fullmatch(match[1]) for match in _URL_WITH_PASSWORD.finditer(text)):
        return True
    if any(_NAME.search(match[1]) and _can_be_secret(match[1], match[2]) for match in _ASSIGNMENT.finditer(text)):
        return True
    return any(_is_random(match[0]) for match in _LONG.finditer(text))


def _can_be_secret(name: str, value: str) -> bool:
    harmless = (_REFERENCE, _PATH, _WORD, *(() if _SURE.search(name) else (_FILE, _NUMBER)))
    is_address = _URL.fullmatch(value) and not _URL_WITH_PASSWORD.search(value)
    return bool(value) and not is_address and not any(pattern.fullmatch(value) for pattern in harmless)


def _is_random(word: str) -> bool:
    entropy = -sum(n / len(word) * math.log2(n / len(word)) for n in Counter(word).values())
    if _HEX.fullmatch(word):
        return entropy > _ENTROPY_OF_RANDOM_HEX
    classes = (str.isupper, str.islower, str.isdigit)
    mixed = all(sum(is_of(character) for character in word) >= _LEAST_OF_EACH for is_of in classes)
    return mixed and entropy > _ENTROPY_OF_RANDOM_TEXT
