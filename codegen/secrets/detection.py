"""Detects likely secrets, with few false alarms: such a value is neither accepted nor shown."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

_WORDS = (
    r"PASSWORD|PASSWD|PASSPHRASE|(?<=_)PWD|SECRET|TOKEN|CREDENTIAL|AUTHORIZATION"
    r"|(?:API|ACCESS|PRIVATE|ENCRYPTION|SIGNING|ACCOUNT)_?KEY(?!_?ID)|(?:(?<![A-Za-z])|PG)PASS(?![A-Za-z])"
)
# What is said about a secret, or where it is, is none: `TOKEN_URL`, `PASSWORD_COLUMN`.
_ABOUT = (
    "FILE|PATH|DIR|URL|URI|ENDPOINT|HOST|NAME|TYPE|TTL|ARN|HEADER|FIELD|COLUMN|PARAM|PARAMETER|PREFIX|SUFFIX|METHOD"
    "|MODE|FORMAT|ENCODING|POLICY|PROVIDER|BACKEND|SOURCE|STORE|MANAGER|LOCATION|REGION|VERSION|SCOPES?|AUDIENCE|ISSUER|LIFETIME"
    "|EXPIRY|EXPIRES|EXPIRATION|EXPIRES_(?:IN|AT|ON)|TIMEOUT|LENGTH|LIMIT|COUNT|ENABLED|REQUIRED|ROTATION"
)
# By these names even a number or a word with a dot is one.
_SURE = re.compile(r"(?:PASSWORD|PASSWD|PASSPHRASE|PWD|SECRET|PASS)S?$", re.IGNORECASE)
_NAME = re.compile(rf"(?:{_WORDS})S?(?![A-Za-z])(?!.{{0,80}}[_-](?:{_ABOUT})$)", re.IGNORECASE)
# The forms of keys that their makers document, so that scanners find them.
_SHAPES = re.compile(
    r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY"
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
    r"|\bgh[pousr]_[A-Za-z0-9]{30,}|\bgithub_pat_[A-Za-z0-9_]{22,}|\bglpat-[\w-]{20,}"
    r"|\bxox[a-z]-[A-Za-z0-9-]{10,}|hooks\.slack\.com/services/\w+"
    r"|\bAIza[\w-]{35}|\bya29\.[\w-]{20,}"
    r"|\b[sr]k_live_[A-Za-z0-9]{16,}|\bsk-(?=[\w-]{0,99}\d)(?=[\w-]{0,99}[A-Z])[\w-]{20,}"
    r"|\beyJ[\w-]{10,2000}\.eyJ[\w-]{10,2000}\."
)
_URL_WITH_PASSWORD = re.compile(r"://[^\s/:@]*:([^\s/:@]+)@")
# A token in the place of a user: of a plain word there is no telling.
_URL_WITH_TOKEN = re.compile(r"https?://(?=[^\s/:@]*\d)(?=[^\s/:@]*[A-Za-z])[^\s/:@]{8,}@")
# `password=x`, `"api_key": "x"`: a name and its value within a text. Behind a colon alone, a plain word is prose. The
# name has a bound: without one, a long text would take a time that grows with the square of its length.
_ASSIGNMENT = re.compile(
    rf"""(?<![\w-])([\w-]{{0,60}}(?:{_WORDS})[\w-]{{0,60}})"""
    r"""(?:["']?\s*=\s*["']?|["']\s*:\s*["']?|\s*:\s*["']|\s*:\s*(?![A-Za-z,.'-]+(?![^\s)])))"""
    r"""([^\s"',;&]+)""",
    re.IGNORECASE,
)
# `--password x`, and Meltano's `config set PLUGIN password x` or `config PLUGIN set password x`: two words.
_VALUE_BEHIND = r"""\s+["']?([^\s"',;&|-][^\s"',;&|]*)"""
_OPTION = re.compile(rf"(?<![\w-])--([A-Za-z][\w-]{{0,60}}){_VALUE_BEHIND}")
_SETTING = re.compile(
    r"\bconfig\s+(?:-\S+\s+){0,2}(?:set\s+(?:-\S+\s+){0,2}[\w.:@-]+|[\w.:@-]+\s+set)\s+(?:-\S+\s+){0,2}"
    rf"(?:[\w.-]+\s+){{0,3}}?([\w.-]{{0,60}}(?:{_WORDS})[\w.-]{{0,60}}){_VALUE_BEHIND}",
    re.IGNORECASE,
)
# Options that say whether, or from where, or name what a store of secrets has: `--no-password`, `--password-stdin`.
_NO_OPTION = re.compile(
    r"(?:no|ask|use|with|without|skip|prompt|show|print|hide|check|verify|refresh|rotate|generate|create)_.*"
    r"|.*_(?:stdin|env|var|variable|command|cmd|id|from)|secrets?",
    re.IGNORECASE,
)
# A template of Airflow: it names a secret, and does not hold it. No other begins in it: else, the time for a text of
# beginnings alone would grow with the square of its length.
_TEMPLATE = re.compile(r"\{\{(?:(?!\{\{).)*?\}\}|\{%(?:(?!\{%).)*?%\}", re.DOTALL)
_REFERENCE = re.compile(r"(?:\$\w+|\$\{\w+\}|%\w+%)+")
# What the shell puts there: of a command, or of a variable with more to say, such as `${TOKEN:-x}`.
_EXPANSION = re.compile(r"\$\(|`|\$\{\w+[^\w}]")
_PLACEHOLDER = re.compile(r"<[^<>]*>|[*x.…]{3,}", re.IGNORECASE)
_PATH = re.compile(r"(?:~|\.{1,2})/[^\s:@]*|/[^\s:@/]+/[^\s:@]*|[A-Za-z]:\\\S*")
_FILE = re.compile(r"[\w./-]+\.[A-Za-z][A-Za-z0-9]{1,4}")
_WORD = re.compile(r"true|false|yes|no|on|off|null|none|~|bearer|basic|token", re.IGNORECASE)
_NUMBER = re.compile(r"[-+]?[0-9][0-9._]*|[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9:.]+(?:Z|[-+][0-9:]+)?)?")
_URL = re.compile(r"[a-z][a-z0-9+.-]*://\S+")
_LONG = re.compile(r"[A-Za-z0-9+/_=-]{32,}")
# Their long ids are in the address bar of everybody who may read the document.
_DOCUMENT = re.compile(r"\b(?:docs|drive|sheets)\.google\.com/\S*")
_ID = re.compile(r"(?:^|[_-]|(?<=[a-z]))(?:ID|HASH|SHA|DIGEST|CHECKSUM|CURSOR|FINGERPRINT)S?$", re.IGNORECASE)
_LEAST_OF_EACH = 3
# Bits for each character. Random text of that length and alphabet has more, words that are joined have less.
_ENTROPY_OF_RANDOM_TEXT = 4.25
# How often random text goes from a letter to a digit or a capital, or back; `CustomerOrders2024` does so less often.
_CHANGES_OF_RANDOM_TEXT = 0.25


def is_secret(name: str, value: str) -> bool:
    """Whether a variable looks like a secret, by its name or its value.

    A reference to a variable, a template of Airflow, a path, a plain address, a number or a boolean is not a secret.
    """
    rest = _TEMPLATE.sub("", value).strip()
    return bool(_NAME.search(name) and _can_be_secret(name, rest)) or holds_secret(value, is_id=bool(_ID.search(name)))


def holds_secret(value: str, *, is_id: bool = False) -> bool:
    """Whether a text, such as a value or a comment, contains a likely secret; random text in an id is none."""
    text = _TEMPLATE.sub("", value)
    if _SHAPES.search(text) or _URL_WITH_TOKEN.search(text):
        return True
    passwords = [match[1] for match in _URL_WITH_PASSWORD.finditer(text)]
    if any(not (_REFERENCE.fullmatch(each) or _PLACEHOLDER.fullmatch(each)) for each in passwords):
        return True
    if any(_NAME.search(match[1]) and _can_be_secret(match[1], match[2]) for match in _ASSIGNMENT.finditer(text)):
        return True
    # Without its template, an option would seem to be followed by the next word.
    if any(_can_be_secret(name, word) for name, word in _pairs_of_words(_TEMPLATE.sub("$t", value))):
        return True
    return not is_id and any(_is_random(match[0]) for match in _LONG.finditer(_DOCUMENT.sub("", text)))


def _pairs_of_words(text: str) -> Iterator[tuple[str, str]]:
    """The names of secrets and their values, in two words of a command."""
    for match in _OPTION.finditer(text):
        name = match[1].replace("-", "_")
        if _NAME.search(name) and not _NO_OPTION.fullmatch(name):
            yield name, match[2]
    yield from ((match[1], match[2]) for match in _SETTING.finditer(text) if _NAME.search(match[1]))


def _can_be_secret(name: str, value: str) -> bool:
    harmless = (_REFERENCE, _PLACEHOLDER, _PATH, _WORD, *(() if _SURE.search(name) else (_FILE, _NUMBER)))
    is_address = _URL.fullmatch(value) and not _URL_WITH_PASSWORD.search(value)
    if is_address or _EXPANSION.match(value):
        return False
    return bool(re.search(r"\w", value)) and not any(p.fullmatch(value) for p in harmless)


def _is_random(word: str) -> bool:
    """Whether it looks random. Hashes and ids, which have only digits and lowercase letters, are not secrets."""
    classes = (str.isupper, str.islower, str.isdigit)
    if not all(sum(is_of(character) for character in word) >= _LEAST_OF_EACH for is_of in classes):
        return False
    entropy = -sum(n / len(word) * math.log2(n / len(word)) for n in Counter(word).values())
    changes = sum(_is_change(before, after) for before, after in pairwise(word))
    return entropy > _ENTROPY_OF_RANDOM_TEXT and changes / len(word) > _CHANGES_OF_RANDOM_TEXT


def _is_change(before: str, after: str) -> bool:
    """Whether no word continues so: a capital may start one, and punctuation ends one."""
    if not (before.isalnum() and after.isalnum()) or (before.isupper() and after.islower()):
        return False
    return before.isdigit() != after.isdigit() or before.isupper() != after.isupper()
