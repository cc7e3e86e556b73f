"""Finds secrets in Python by its syntax tree: in literals with the name of their variable or key, and in comments."""

from __future__ import annotations

import ast
import re
import warnings
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from codegen.secrets.detection import is_secret_in_words, is_sensitive_of
from codegen.secrets.lines import Line, Span, lines_of, spans_in_lines
from codegen.secrets.names import kind_of, name_of

_LINE_END = re.compile(r"\r\n|\r|\n")


def spans_in_python(text: str) -> Sequence[Span] | None:
    """The secrets in a text; None if it is not valid Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    places = _Places(text)
    found, texts = [], []
    for node, name in _texts(tree):
        span = places.of(node)
        if not isinstance(node, (ast.List, ast.Tuple)):
            texts.append(span)
        if _is_secret(node, name):
            found.append(span)
    return [*found, *spans_in_lines(_comments(text, texts), is_prose=True)]


def _is_secret(node: ast.expr, name: str) -> bool:
    if isinstance(node, (ast.List, ast.Tuple)):
        return is_secret_in_words([str(item.value) for item in node.elts if isinstance(item, ast.Constant)])
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    values = [part.value for part in parts if isinstance(part, ast.Constant)]
    plain = [value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value) for value in values]
    return any(is_sensitive_of(kind_of(name), value) for value in plain)


def _texts(tree: ast.AST) -> Iterator[tuple[ast.expr, str]]:
    """Every text, number and list with its name. Iterative, since Python can be nested deeper than the stack."""
    waiting: list[tuple[ast.AST, str]] = [(tree, "")]
    while waiting:
        node, name = waiting.pop()
        if isinstance(node, (ast.Constant, ast.JoinedStr)):
            if isinstance(node, ast.JoinedStr) or isinstance(node.value, (str, bytes, int)):
                yield node, name
            continue
        if isinstance(node, (ast.List, ast.Tuple)):
            yield node, name
        waiting += _inside(node, name)


def _inside(node: ast.AST, name: str) -> Iterator[tuple[ast.AST, str]]:
    """The child nodes of a node, each with its name."""
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if key is not None:
                yield key, ""
            yield value, name_of(_text_of(key), name)
    elif isinstance(node, ast.keyword):
        yield node.value, name_of(node.arg or "", name)
    elif isinstance(node, (ast.Assign, ast.AnnAssign, ast.NamedExpr)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        yield from ((target, "") for target in targets)
        if node.value is not None:
            yield node.value, _name_of_target(targets[0])
    elif isinstance(node, ast.Call):
        # In `setdefault("PASSWORD", "x")`, the first argument is the name.
        before = _text_of(node.args[0]) if node.args else ""
        yield node.func, ""
        yield from ((each, before if number else "") for number, each in enumerate(node.args))
        yield from ((each, name) for each in node.keywords)
    else:
        yield from ((each, name) for each in ast.iter_child_nodes(node))


def _text_of(node: ast.AST | None) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _name_of_target(node: ast.AST) -> str:
    if isinstance(node, ast.Subscript):
        return _text_of(node.slice)
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


class _Places:
    """Converts the positions of nodes, which are byte offsets in a line, to offsets in the text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._begins = [0, *(match.end() for match in _LINE_END.finditer(text))]

    def of(self, node: ast.expr) -> Span:
        return self._index(node.lineno, node.col_offset), self._index(node.end_lineno, node.end_col_offset)

    def _index(self, line: int | None, column: int | None) -> int:
        begin, count = self._begins[(line or 1) - 1], column or 0
        part = self._text[begin : begin + count]
        return begin + (count if part.isascii() else len(part.encode()[:count].decode("utf-8", "ignore")))


def _comments(text: str, texts: Iterable[Span]) -> Iterator[Line]:
    """The comments: from each `#` outside a literal to the end of the line."""
    spans = sorted(texts)
    begins = [start for start, _ in spans]
    ends = list(accumulate((end for _, end in spans), max, initial=0))
    for start, line in lines_of(text):
        column = line.find("#")
        while column >= 0:
            if ends[bisect_right(begins, start + column)] <= start + column:
                yield start + column, line[column:]
                break
            column = line.find("#", column + 1)
