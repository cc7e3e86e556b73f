"""Finds the comments of a YAML text, which the YAML parser drops, and the entries that they belong to."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import cached_property

import yaml

from codegen.source.loading import LINE_END, Loader

_COMMENT = re.compile(r"#[^\r\n\x85\u2028\u2029]*")
# A comment after the indicator of a block; the scanner includes it in the value.
_AFTER_INDICATOR = re.compile(rf"[|>][-+0-9]*[ \t]+({_COMMENT.pattern})")


@dataclass(frozen=True)
class Comment:
    """A comment, starting with `#`, without trailing space; lines and columns count from 1, the index from 0."""

    text: str
    index: int
    line: int
    column: int
    is_alone: bool


@dataclass(frozen=True)
class Layout:
    """The lines of a text, their starts, the comments by line, and the column of the first token in each line.

    An entry of a map or an item of a list has the comments inside it, the comments below it that are indented more than
    its key or dash, and the comments directly above it, unless they belong to the previous entry.
    """

    lines: list[str]
    begins: list[int]
    comments: dict[int, Comment]
    starts: dict[int, int]

    def line_at(self, index: int) -> int:
        """Return the line of an index in the text, counted from 1."""
        return bisect_right(self.begins, index)

    def comments_in(self, start: int, end: int) -> list[Comment]:
        """Return the comments that start in a range of the text."""
        lines = range(self.line_at(start), self.line_at(end) + 1)
        found = (self.comments[line] for line in lines if line in self.comments)
        return [comment for comment in found if start <= comment.index < end]

    def last_line(self, first: int, column: int) -> int:
        """Return the last line of an entry with its comments, given the line and the column of its key or dash."""
        lines = self._lines_with_tokens
        following = range(bisect_right(lines, first), len(lines))
        stop = next((lines[n] for n in following if self.starts[lines[n]] <= column), len(self.lines) + 1)
        last_start = lines[bisect_left(lines, stop) - 1]
        last = first
        for line in range(first, stop):
            comment = self.comments.get(line)
            if comment and comment.is_alone and comment.column <= column and line > last_start:
                break
            if comment or line in self.starts:
                last = line
        return last

    @cached_property
    def _lines_with_tokens(self) -> list[int]:
        return sorted(self.starts)

    def first_above(self, first: int, previous: int) -> int:
        """Return the first line of the comments directly above an entry, given the last line of the previous entry."""
        while first - 1 > previous and (comment := self.comments.get(first - 1)) and comment.is_alone:
            first -= 1
        return first


def read_layout(text: str) -> Layout:
    """Find the comments of a valid YAML text without a byte order mark."""
    spans = []
    starts: dict[int, int] = {}
    for token in yaml.scan(text, Loader=Loader):
        start, end = token.start_mark, token.end_mark
        if start.index == end.index:
            continue
        starts.setdefault(start.line + 1, start.column + 1)
        commented = _AFTER_INDICATOR.match(text, start.index, end.index)
        if commented and isinstance(token, yaml.ScalarToken) and token.style in {"|", ">"}:
            spans.append((start.index, commented.start(1)))
            spans.append((commented.end(1), end.index))
        else:
            spans.append((start.index, end.index))
    begins = [0, *(match.end() for match in LINE_END.finditer(text))]
    comments = {}
    position = 0
    for start, end in [*spans, (len(text), len(text))]:
        for match in _COMMENT.finditer(text, position, start):
            line = bisect_right(begins, match.start())
            before = text[begins[line - 1] : match.start()]
            comments[line] = Comment(match[0].rstrip(), match.start(), line, len(before) + 1, not before.strip())
        position = end
    return Layout(LINE_END.split(text), begins, comments, starts)
