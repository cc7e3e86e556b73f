"""Classifies the names of variables, keys, headers and options by their words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum
from functools import lru_cache

from codegen.secrets.formats import load_data

_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[^\W\d_]+|\d+")
_MAX_LENGTH = 200
# Keys of run parameters, and markers of Airflow's YAML format: the key above them names the value.
_VALUE_KEYS = frozenset(("default", "const", "enum", "examples", "value", "values", "$const", "$t"))


class Kind(Enum):
    """The kind of value that a name implies."""

    OTHER = 0
    # The value can look random.
    ID = 1
    # Such as a token: the value is a secret unless it is a number or a file name.
    LIKELY = 2
    # Such as a password: any value is a secret.
    CERTAIN = 3

    @property
    def is_secret(self) -> bool:
        """Whether the value is a secret."""
        return self is Kind.LIKELY or self is Kind.CERTAIN


@lru_cache(maxsize=4096)
def kind_of(name: str) -> Kind:
    """Return the kind of a name such as `TAP_A_PASSWORD`, `X-Api-Key` or `clientSecret`."""
    words = [word.lower() for word in _WORD.findall(name[-_MAX_LENGTH:])]
    while len(words) > 1 and words[-1].isdigit():
        words.pop()
    data = load_data()["names"]
    if not words or name in data["of the shell"]:
        return Kind.OTHER
    kind, end = _last_secret(words)
    after = words[end:]
    is_id = _in(data["ids"], words[-1])
    if kind is Kind.CERTAIN and is_id:
        # Such as Vault's secret ID, or the hash of a password.
        return kind
    if is_id:
        return Kind.ID
    joined = " ".join(map(_singular, words))
    is_about = after and (_in(data["about"], after[-1]) or " ".join(after[-2:]) in data["about"])
    return Kind.OTHER if is_about or any(each in joined for each in data["references"]) else kind


def name_of(key: str, above: str) -> str:
    """Return the name for the value of a key in nested maps: for the `default` of a run parameter, the key above."""
    return above if key in _VALUE_KEYS else key


@lru_cache(maxsize=1024)
def kind_of_option(name: str) -> Kind:
    """Return the kind of a command's option; `--no-password` and `--password-stdin` take no secret."""
    words = [word.lower() for word in _WORD.findall(name)]
    data = load_data()["names"]
    takes_none = not words or words in (["secret"], ["secrets"])
    if takes_none or words[0] in data["switches"] or (len(words) > 1 and words[-1] in data["read from"]):
        return Kind.OTHER
    return kind_of(name)


def _last_secret(words: Sequence[str]) -> tuple[Kind, int]:
    """Return the kind of the last words that name a secret, and the index after them."""
    data = load_data()["names"]
    for number in range(len(words) - 1, -1, -1):
        word = words[number]
        if _in(data["certain"], word) or _ends(word, data["certain endings"]):
            return Kind.CERTAIN, number + 1
        is_key = _singular(word) == "key" and number > 0 and _in(data["kinds of key"], words[number - 1])
        if is_key or _in(data["likely"], word) or _ends(word, data["likely endings"]):
            return Kind.LIKELY, number + 1
    return Kind.OTHER, len(words)


def _singular(word: str) -> str:
    return word.removesuffix("s")


def _in(listed: Sequence[str], word: str) -> bool:
    return word in listed or _singular(word) in listed


def _ends(word: str, endings: Sequence[str]) -> bool:
    return word.endswith(tuple(endings)) or _singular(word).endswith(tuple(endings))
