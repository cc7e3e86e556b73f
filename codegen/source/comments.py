"""The comments of a YAML text, each with its place: YAML's own parser drops them."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import Any

import yaml

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# The line ends of YAML 1.1, by which the parser counts lines (https://yaml.org/spec/1.1/#b-char).
_LINE_END = re.compile(r"\r\n|[\r\n\x85\u2028\u2029]")
_COMMENT = re.compile(r"#[^\r\n\x85\u2028\u2029]*")
# A comment behind the sign of a block; the scanner gives it as a part of the value.
_BEHIND_SIGN = re.compile(rf"[|>][-+0-9]*[ \t]+({_COMMENT.pattern})")


@dataclass(frozen=True)
class Comment:
    """A comment.

    Attributes:
        text: from its `#` to the end of the line, without space at the end.
        line: counted from 1; a line has one comment at most.
        column: counted from 1.
        is_alone: whether nothing else stands in its line.
    """

    text: str
    line: int
    column: int
    is_alone: bool


@dataclass(frozen=True)
class Layout:
    """What stands where in a text.

    Attributes:
        lines: the text of each line, without its end.
        comments: by line.
        starts: the column of the first thing in each line that is no comment, counted from 1; a line within a value
            has none.
    """

    lines: list[str]
    comments: dict[int, Comment]
    starts: dict[int, int]


def read_layout(text: str) -> Layout:
    """Find the comments of a valid YAML text, and where its lines start.

    Args:
        text: without a byte order mark; the parser must take it.
    """
    spans = []
    starts: dict[int, int] = {}
    for token in yaml.scan(text, Loader=_Loader):
        start, end = token.start_mark, token.end_mark
        if start.index == end.index:
            continue
        starts.setdefault(start.line + 1, start.column + 1)
        behind_sign = _BEHIND_SIGN.match(text, start.index, end.index)
        if behind_sign and isinstance(token, yaml.ScalarToken) and token.style in {"|", ">"}:
            spans.append((start.index, behind_sign.start(1)))
            spans.append((behind_sign.end(1), end.index))
        else:
            spans.append((start.index, end.index))
    begins = [0, *(match.end() for match in _LINE_END.finditer(text))]
    comments = {}
    position = 0
    for start, end in [*spans, (len(text), len(text))]:
        for match in _COMMENT.finditer(text, position, start):
            line = bisect_right(begins, match.start())
            before = text[begins[line - 1] : match.start()]
            comments[line] = Comment(match[0].rstrip(), line, len(before) + 1, not before.strip())
        position = end
    return Layout(_LINE_END.split(text), comments, starts)
