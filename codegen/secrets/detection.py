"""Detects secrets in texts by format and name, and possible secrets by entropy."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from functools import cache

from codegen.secrets.commands import PASSWORD, pairs_of_commands
from codegen.secrets.entropy import SHORTEST, decoded, is_random, long_words
from codegen.secrets.formats import has_known_format, load_data
from codegen.secrets.names import Kind, kind_of, kind_of_option

# Too short for a known format, and not a name with a value.
_TOO_SHORT = re.compile(r"[\w@./]{0,14}")
_URL_WITH_PASSWORD = re.compile(r"://[^\s/:@]*:([^\s/:@]+)@")
# A token in place of a user; a plain word is taken for a user.
_URL_WITH_TOKEN = re.compile(r"https?://(?=[^\s/:@]*\d)(?=[^\s/:@]*[A-Za-z])[^\s/:@]{8,}@")
# `--password x`: two words.
_OPTION = re.compile(r"""(?<![\w-])--?([A-Za-z][\w-]{1,60})\s+["']?([^\s"',;&|-][^\s"',;&|]*)""")
# An Airflow template refers to a secret and does not contain it. The lookahead excludes nested openings, so that a text
# of openings without ends takes linear time.
_TEMPLATE = re.compile(r"\{\{(?:(?!\{\{).)*?\}\}|\{%(?:(?!\{%).)*?%\}", re.DOTALL)
# The value is stored elsewhere: in a variable or a vault, or it is encrypted.
_REFERENCE = re.compile(
    r"(?:\$\w+|\$\{\w+\}|%\w+%)+|%\(\w+\)s|(?:arn|env|fd|file|gsm|op|secretsmanager|ssm|vault):\S+"
    r"|projects/[\w-]+/secrets/\S+|ENC\[\S*\]"
)
_PATH = re.compile(r"(?:~|\.{1,2}|\$\{?\w+\}?)/[^\s:@]*|/[^\s:@/]+/[^\s:@]*|[A-Za-z]:\\\S*")
# The name of another variable, such as `DB_PASSWORD`, if it names a secret.
_NAME = re.compile(r"[A-Za-z]+(?:_[A-Za-z]+)+")
# A call, such as `md5(x)`, also of the names of Kubernetes secrets in a DAG file.
_CALL = re.compile(r"[A-Za-z_][\w.]*\([^()]*\)|\[?(?:Secret|k8s\.\w+)\(.*")
# A shell substitution: of a command, or of a variable with a default, such as `${TOKEN:-x}`.
_EXPANSION = re.compile(r"\$\(|`|\$\{\w+[^\w}]")
_FILE = re.compile(r"[\w./-]+\.[A-Za-z][A-Za-z0-9]{1,4}")
_NUMBER = re.compile(r"[-+]?[0-9][0-9._]*|[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9:.]+(?:Z|[-+][0-9:]+)?)?")
_URL = re.compile(r"[a-z][a-z0-9+.-]*://\S+")


def is_secret(name: str, value: str) -> bool:
    """Return whether a variable contains a secret, by its name or the format of its value; the name may be empty.

    A reference to a variable, an Airflow template, a path, a plain URL, a number or a boolean is not a secret.
    """
    kind = kind_of(name)
    is_named = kind.is_secret and _can_be_secret(kind, _TEMPLATE.sub("", value).strip())
    return is_named or contains_secret(value)


def is_sensitive(name: str, value: str) -> bool:
    """Return whether a variable contains a secret or a possible secret, which is neither copied nor shown."""
    return is_secret(name, value) or looks_random(name, value)


def contains_secret(text: str) -> bool:
    """Return whether a text, such as a comment, contains a secret."""
    if _TOO_SHORT.fullmatch(text):
        return False
    plain = _TEMPLATE.sub("", text)
    if has_known_format(plain) or _URL_WITH_TOKEN.search(plain):
        return True
    passwords = (match[1] for match in _URL_WITH_PASSWORD.finditer(plain))
    if any(not _is_reference(each) for each in passwords):
        return True
    if any(_can_be_secret(kind, value) for kind, value in _assignments(plain)):
        return True
    # Without a placeholder for the template, an option would take the next word as its value.
    if any(_can_be_secret(kind, value) for kind, value in _pairs_of_words(_TEMPLATE.sub("$t", text))):
        return True
    return any(contains_secret(inner) for word in long_words(plain) if (inner := decoded(word)))


def is_secret_in_words(words: Sequence[str]) -> bool:
    """Return whether a command, as a list of words, contains a secret; its option can be a separate word."""
    return len(words) > 1 and contains_secret(shlex.join(words))


def looks_random(name: str, value: str) -> bool:
    """Return whether a value contains random text, as in keys, and its name does not imply an ID."""
    words = () if len(value) < SHORTEST or kind_of(name) is Kind.ID else long_words(_TEMPLATE.sub("", value))
    return any(is_random(word) and not decoded(word) for word in words)


def _assignments(text: str) -> Iterator[tuple[Kind, str]]:
    if "=" not in text and ":" not in text:
        return
    for match in _assignment().finditer(text):
        # In the connection string of ODBC, `PWD` is not the variable of the shell.
        name = "pwd" if match[1] == "PWD" else match[1]
        kind = kind_of_option(name) if name.startswith("-") else kind_of(name)
        if kind.is_secret:
            yield kind, match[2]


def _pairs_of_words(text: str) -> Iterator[tuple[Kind, str]]:
    """Yield the kinds and values of options, and of names and values that a command takes as two words."""
    for match in _OPTION.finditer(text):
        kind = kind_of_option(match[1])
        if kind.is_secret:
            yield kind, match[2]
    for name, value in pairs_of_commands(text):
        kind = Kind.CERTAIN if name == PASSWORD else kind_of(name)
        if kind.is_secret:
            yield kind, value


def _can_be_secret(kind: Kind, value: str) -> bool:
    if not re.search(r"\w", value) or _EXPANSION.match(value):
        return False
    if _is_reference(value) or _PATH.fullmatch(value) or _CALL.fullmatch(value):
        return False
    if kind is Kind.LIKELY and (_FILE.fullmatch(value) or _NUMBER.fullmatch(value)):
        return False
    return not _URL.fullmatch(value) or bool(_URL_WITH_PASSWORD.search(value))


def _is_reference(value: str) -> bool:
    """Return whether a value is a reference or a placeholder, not a secret."""
    is_name = _NAME.fullmatch(value) and kind_of(value).is_secret
    return bool(is_name or _REFERENCE.fullmatch(value) or _placeholder().fullmatch(value))


@cache
def _placeholder() -> re.Pattern[str]:
    words = "|".join(map(re.escape, [*load_data()["placeholders"], *load_data()["schemes"]]))
    # Also the brackets of a format, the wildcards of a pattern, and `__NULL__` of Meltano's stream maps.
    return re.compile(
        rf"<[^<>]*>|\[[^\[\]]*\]|\{{[^{{}}]*\}}|[*x.…]{{3,}}\W?|[.][*+].*|__\w+__|your[-_ ].*|~|{words}", re.IGNORECASE
    )


@cache
def _assignment() -> re.Pattern[str]:
    """Return a name and its value in a text: `password=x`, `"api_key": "x"`.

    After a colon without quotes, a plain word is prose, unless it follows the scheme of a header. The limit on the
    length of a name makes the time linear.
    """
    mark = r"""(?:\\{0,3}["'])"""
    scheme = rf"(?:{'|'.join(load_data()['schemes'])})\s+"
    return re.compile(
        r"(?<![\w.-])(?<!\$\{)(-{0,2}[A-Za-z_][\w.-]{0,80})"
        rf"(?:{mark}?\]?\s*=>?\s*{mark}?|{mark}\s*:\s*{mark}?|\s*:\s*{mark}"
        rf"|(?<=uthorization)\s*:\s*(?={scheme})|\s*:\s*(?![A-Za-z,.'-]+(?![^\s)])))"
        # A lookahead, since the value can contain assignments, too: `--env=TOKEN=x`, the query of a URL.
        rf"""(?:{scheme})?(?=([^\s"',;&\\]{{1,200}}))""",
        re.IGNORECASE,
    )
