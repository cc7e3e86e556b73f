"""Finds secrets in YAML by the events of the parser, which have the position of a value in every style."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import yaml

from codegen.secrets.detection import is_secret_in_words, is_sensitive_of
from codegen.secrets.lines import Line, Span, lines_of, spans_in_lines
from codegen.secrets.names import Kind, kind_of, name_of
from codegen.source.loading import LOADER

# The parser takes quadratic time in the depth.
_MOST_DEPTH = 100
_BOM = "\ufeff"


def spans_in_yaml(text: str) -> Sequence[Span]:
    """The secrets in a text; if it is invalid or nested too deeply, also those found line by line."""
    shift = len(text) - len(text.removeprefix(_BOM))
    reader = _Reader(text[shift:])
    try:
        loader = LOADER(text[shift:])
        try:
            while loader.check_event() and reader.depth <= _MOST_DEPTH:
                reader.read(loader.get_event())
            is_whole = reader.depth == 0
        finally:
            loader.dispose()
    except yaml.YAMLError:
        is_whole = False
    if is_whole:
        return [*reader.spans(shift), *spans_in_lines(_comments(text, reader.scalars, shift), is_prose=True)]
    return [*reader.spans(shift), *spans_in_lines(lines_of(text))]


@dataclass
class _Collection:
    """An open map or list, with the name of its values; `first` is the index of its first scalar."""

    name: str
    is_map: bool
    first: int
    anchor: str | None
    key: str | None = None
    words: list[str] = field(default_factory=list)
    is_flat: bool = True


class _Reader:
    """Collects the scalars of a text, and the indexes of those that are secrets."""

    def __init__(self, text: str) -> None:
        self._text = text
        # Spans and values of the scalars; a block starts after its first line, which can have a comment.
        self.scalars: list[tuple[Span, str]] = []
        self._found: set[int] = set()
        self._open: list[_Collection] = []
        # The scalars of each anchor, and those that an alias repeats under another name.
        self._anchors: dict[str, tuple[int, int]] = {}
        self._aliases: dict[Kind, list[tuple[int, int]]] = {}

    @property
    def depth(self) -> int:
        """The number of open maps and lists."""
        return len(self._open)

    def read(self, event: yaml.Event) -> None:
        """Read the next event."""
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.AliasEvent):
            kind = kind_of(self._name())
            if event.anchor in self._anchors and kind.is_secret:
                self._aliases.setdefault(kind, []).append(self._anchors[event.anchor])
            self._close_value()
        elif isinstance(event, yaml.CollectionStartEvent):
            is_map = isinstance(event, yaml.MappingStartEvent)
            self._open.append(_Collection(self._name(), is_map, len(self.scalars), event.anchor))
        elif isinstance(event, yaml.CollectionEndEvent):
            self._close()

    def spans(self, shift: int) -> Iterator[Span]:
        """The spans of the secrets."""
        for kind, ranges in self._aliases.items():
            for start, end in _merged(ranges):
                self._found |= {n for n in range(start, end) if is_sensitive_of(kind, self.scalars[n][1])}
        for number in self._found:
            start, end = self.scalars[number][0]
            yield start + shift, end + shift

    def _name(self) -> str:
        """The name of the next value."""
        if not self._open:
            return ""
        around = self._open[-1]
        return name_of(around.key or "", around.name) if around.is_map else around.name

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        number = len(self.scalars)
        is_key = bool(self._open) and self._open[-1].is_map and self._open[-1].key is None
        kind = Kind.OTHER if is_key else kind_of(self._name())
        start, end = (mark.index if mark else 0 for mark in (event.start_mark, event.end_mark))
        if event.style in {"|", ">"}:
            start = self._text.find("\n", start, end) + 1 or end
        self.scalars.append(((start, end), event.value))
        if event.anchor:
            self._anchors[event.anchor] = (number, number + 1)
        if is_sensitive_of(kind, event.value):
            self._found.add(number)
        if self._open and not self._open[-1].is_map:
            self._open[-1].words.append(event.value)
        self._close_value(event.value)

    def _close(self) -> None:
        closed = self._open.pop()
        if closed.anchor:
            self._anchors[closed.anchor] = (closed.first, len(self.scalars))
        if closed.is_flat and is_secret_in_words(closed.words):
            self._found.update(range(closed.first, len(self.scalars)))
        if self._open:
            self._open[-1].is_flat = False
        self._close_value()

    def _close_value(self, text: str = "") -> None:
        """Alternate between key and value in a map."""
        if self._open and self._open[-1].is_map:
            self._open[-1].key = text if self._open[-1].key is None else None


def _merged(ranges: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The ranges without overlaps, so that the time is linear in the number of aliases."""
    position = 0
    for start, end in sorted(ranges):
        if end > position:
            yield max(start, position), end
            position = end


def _comments(text: str, scalars: Iterable[tuple[Span, str]], shift: int) -> Iterator[Line]:
    """The comments, tags and anchors of a text, from between its scalars."""
    position = 0
    for (start, end), _ in [*scalars, ((len(text) - shift,) * 2, "")]:
        yield from _between(text, position, start + shift)
        position = end + shift


def _between(text: str, start: int, end: int) -> Iterator[Line]:
    for offset, line in lines_of(text[start:end]) if end - start > 1 else ():
        begin = next((n for n in (line.find("#"), line.find("!"), line.find("&")) if n >= 0), None)
        if begin is not None:
            yield start + offset + begin, line[begin:].rstrip()
