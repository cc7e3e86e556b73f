"""Finds secrets line by line, without a parser: in broken files, comments and messages. In doubt, it hides more."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from codegen.secrets.detection import is_sensitive
from codegen.secrets.names import kind_of, kind_of_option

# The start and end of a secret in a text.
Span = tuple[int, int]
# The start of a line, or of a part of one, and its text.
Line = tuple[int, str]

_PREFIX = re.compile(r"[\s#]*(?:[-?+][ \t]+)*")
_NAME_AND_VALUE = re.compile(r"""["']?([\w.$][\w.$-]{0,200})["'\]]{0,2}[ \t]*[:=](?=\s|["'([{]|$)[ \t]*""")
# In Python and in lists, the value may be the next text: `setdefault("TOKEN", "x")`.
_PAIR = re.compile(
    r"""(?<![\w.$-])["']?(-{0,2}[\w.$][\w.$-]{0,200})(?:["'\]]{0,2}[ \t]*[:=]|["'],(?=[ \t]*\S))[ \t]*"""
)
# In a DAG file, the names of Kubernetes secrets.
_KUBERNETES = re.compile(r"\bSecret\(|\bk8s\.")
# The beginning of a multi-line value: a block, a map, a list, or a value with a tag or an anchor.
_BEGINS_A_VALUE = re.compile(
    r"(?:[|>][-+0-9]*|[&!][^\s,#\\(\[{]*)?[ \t]*(?:[(\[{][rbuf]?[ \t]*)?\\?(?:#.*)?", re.IGNORECASE
)
_LAST_OPTION = re.compile(r"""(?<![\w-])--?([A-Za-z][\w-]{1,60})["']?,?[ \t]*\\?$""")
_QUOTES_OF_LINES = {'"""', "'''"}
# How much of each value is checked if a line has several.
_MAX_LENGTH = 300
_BEGIN, _END = "-----BEGIN", "-----END"


def lines_of(text: str) -> Iterator[Line]:
    """Split a text at line feeds only."""
    start = 0
    for line in text.split("\n"):
        yield start, line
        start += len(line) + 1


def spans_in_lines(lines: Iterable[Line], *, is_prose: bool = False) -> Sequence[Span]:
    """Return the secrets in lines; in prose, several words after a name and a colon are not a secret."""
    reader = _Reader(is_prose=is_prose)
    return [(start + begin, start + len(line)) for start, line in lines if (begin := reader.begin(line)) is not None]


class _Reader:
    """Finds the start of a secret in each line; the rest of the line counts as part of it."""

    def __init__(self, *, is_prose: bool) -> None:
        self._is_prose = is_prose
        # A value continues until a line with this text, or until a line is not indented further than this.
        self._until = ""
        self._indent: int | None = None
        # The next line belongs to the value, whatever its indentation.
        self._is_next = False

    def begin(self, line: str) -> int | None:
        """Return the column at which a secret begins in the next line."""
        prefix = _PREFIX.match(line)
        indent = prefix.end() if prefix else 0
        rest = line[indent:].rstrip()
        if not rest:
            return None
        if self._until:
            if self._until in line:
                self._until = ""
            return indent
        if _KUBERNETES.search(rest):
            return indent if is_sensitive("", rest) else None
        if self._continues(line):
            self._open_key(rest)
            return indent
        found = self._begin(line, indent, rest)
        self._open_key(rest)
        return indent if found is None and self._until else found

    def _continues(self, line: str) -> bool:
        """Return whether the line continues the previous value; a list can have the indentation of its key."""
        if self._indent is None:
            return False
        indent, is_item = _indent_of(line), line.lstrip(" \t#").startswith("- ")
        if self._is_next or indent > self._indent or (is_item and indent == self._indent):
            self._is_next = False
            return True
        self._indent = None
        return False

    def _begin(self, line: str, indent: int, rest: str) -> int | None:
        first = _NAME_AND_VALUE.match(line, indent)
        if first and (found := self._value(line, first, len(line), is_first=True)) is not None:
            return found
        for match in () if self._is_prose else _PAIR.finditer(line, first.end() if first else indent):
            if (found := self._value(line, match, match.end() + _MAX_LENGTH, is_first=False)) is not None:
                return found
        option = _LAST_OPTION.search(rest)
        if option and kind_of_option(option[1]).is_secret and not self._is_prose:
            self._indent, self._is_next = _indent_of(line), True
        return indent if is_sensitive("", rest) else None

    def _value(self, line: str, match: re.Match[str], end: int, *, is_first: bool) -> int | None:
        """Return the column of the value after a name, if it is a secret; it can begin or continue in later lines."""
        if not kind_of(match[1]).is_secret:
            return None
        value = line[match.end() : end].strip()
        if _BEGINS_A_VALUE.fullmatch(value):
            self._indent, self._is_next = _indent_of(line), not is_first
            return None
        if value in _QUOTES_OF_LINES:
            self._until = value
            return match.end()
        is_word = value[0] in "\"'" or len(value.split(maxsplit=1)) == 1
        if not (is_word or not self._is_prose) or not is_sensitive(match[1], _plain(value, is_first=is_first)):
            return None
        self._indent, self._is_next = _indent_of(line), False
        if value[0] in "\"'" and value[0] not in value[1:] and not self._is_prose:
            self._until = value[0]
        return match.end()

    def _open_key(self, rest: str) -> None:
        """Treat all lines after the first line of a private key as secret."""
        if _BEGIN in rest and "PRIVATE" in rest and _END not in rest:
            self._until = _END


def _indent_of(line: str) -> int:
    return len(line) - len(line.lstrip(" \t#"))


def _plain(value: str, *, is_first: bool) -> str:
    """Return the value without its closing quote, a comma or brackets."""
    if value[0] in "\"'":
        inside, is_closed, _ = value[1:].partition(value[0])
        return inside if is_closed else value[1:]
    return value if is_first else re.split(r"[,\s]", value, maxsplit=1)[0].rstrip("]})")
