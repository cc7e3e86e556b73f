"""Secrets on the command lines of known programs, by their options (`formats.json`)."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import chain, pairwise
from typing import Any

from codegen.secrets.formats import load_data
from codegen.secrets.names import kind_of

# The name for the secret of an option such as `-u`, which does not name it.
PASSWORD = "password"  # noqa: S105  # a name
_ENDS = ";|&()`\n"
_WITH_AN_ATTACHED_VALUE = 2


def pairs_of_commands(text: str) -> Iterator[tuple[str, str]]:
    """Yield the names and values of secrets in the commands of a script."""
    if not _programs().search(text):
        return
    words: list[str] = []
    printed = ""
    for word in chain(_words(text), "\n"):
        if word.strip(_ENDS):
            words.append(word)
            continue
        yield from _pairs(words)
        if printed and any(each.endswith("-stdin") for each in words):
            yield PASSWORD, printed
        printed = words[-1] if word == "|" and words and words[0] in {"echo", "printf"} else ""
        words = []


def _words(text: str) -> Iterator[str]:
    """Yield the words and command separators of a script; an open quote extends to the end."""
    lexer = shlex.shlex(text.replace("\\\n", " "), posix=True, punctuation_chars=_ENDS)
    lexer.whitespace, lexer.commenters, lexer.whitespace_split = " \t\r", "", True
    try:
        yield from lexer
    except ValueError:
        yield lexer.token


def _pairs(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    found = _program(words)
    if not found:
        return
    row, start = found
    if row.get("is_named"):
        yield from _named(words, row["program"].rpartition(" ")[2])
        return
    for word, following in pairwise([*words[start:], ""]):
        yield from _of_option(row, word, following)


def _program(words: Sequence[str]) -> tuple[Mapping[str, Any], int] | None:
    """Return the row of the known program, also after a wrapper such as `sudo`, and the index of its first argument."""
    tried: set[str] = set()
    for start, word in enumerate(words):
        name = word.rpartition("/")[2]
        for row in _rows().get(name, ()) if name not in tried else ():
            tried.add(name)
            _, *commands = row["program"].split()
            following = iter(words[start + 1 :])
            # Options of the program can precede its command.
            if all(command in following for command in commands):
                return row, start + 1
    return None


def _of_option(row: Mapping[str, Any], word: str, following: str) -> Iterator[tuple[str, str]]:
    option, equals, attached = word.partition("=")
    if option in row.get("secret", ()):
        yield PASSWORD, (attached if equals else following).removeprefix("pass:")
    elif option in row.get("account", ()):
        yield PASSWORD, _password(attached if equals else following)
    elif option in row.get("header", ()):
        name, _, value = (attached if equals else following).partition(":")
        scheme, _, rest = value.strip().partition(" ")
        yield name, rest if scheme.lower() in load_data()["schemes"] else value.strip()
    elif len(word) > _WITH_AN_ATTACHED_VALUE and word[1] != "-":
        flag, value = word[:2], word[2:]
        if flag in (*row.get("secret", ()), *row.get("attached", ())):
            yield PASSWORD, value
        elif flag in row.get("account", ()):
            yield PASSWORD, _password(value)
        elif flag in row.get("header", ()):
            yield from _of_option(row, flag, value)


def _password(account: str) -> str:
    """Return the password of an account: `user:x`, for lftp `user,x`, for smbclient `user%x`."""
    return re.sub("[^:,%]*[:,%]?", "", account, count=1)


def _named(words: Sequence[str], command: str) -> Iterator[tuple[str, str]]:
    """Yield the name and the value after `set`, as in Meltano's `config set PLUGIN NAME VALUE`."""
    at = list(words).index(command)
    arguments = [word for word in words[at + 1 :] if not word.startswith("-")]
    is_plugin_next = at > 0 and words[at - 1].rpartition("/")[2] in {"config", "configure"} and "config" in words
    arguments = arguments[is_plugin_next:]
    for name, value in pairwise(arguments):
        if kind_of(name).is_secret:
            yield name, value
            return


@cache
def _rows() -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """Return the known programs by their first word, longest command first."""
    rows: dict[str, list[Mapping[str, Any]]] = {}
    for row in sorted(load_data()["programs"], key=lambda row: -len(row["program"])):
        rows.setdefault(row["program"].split()[0], []).append(row)
    return rows


@cache
def _programs() -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.-])(?:{'|'.join(map(re.escape, _rows()))})\s")
