"""Finds secrets in YAML by the events of the parser, which have the position of a value in every style."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest

import yaml

from codegen.secrets.detection import is_secret_in_words, is_sensitive
from codegen.secrets.line_scanner import Line, Span, lines_of, spans_in_lines
from codegen.secrets.names import kind_of, name_of
from codegen.source.loading import Loader

# The parser takes quadratic time in the depth.
_MAX_DEPTH = 100
_BOM = "\ufeff"


class _Collection(list["yaml.ScalarEvent | _Collection"]):
    """A list, or the keys and values of a map."""

    is_map = False


def spans_in_yaml(text: str) -> Sequence[Span]:
    """Return the secrets in a text; if it is invalid or nested too deeply, also those found line by line."""
    # A space keeps the positions.
    text = text.replace(_BOM, " ", 1) if text.startswith(_BOM) else text
    root, is_whole = _read(text)
    spans: dict[Span, bool] = {}
    for scalar, is_secret in _scalars(root):
        span = _span(scalar, text)
        spans[span] = is_secret or spans.get(span, False)
    found = [span for span, is_secret in spans.items() if is_secret]
    others = _comments(text, sorted(spans)) if is_whole else lines_of(text)
    return [*found, *spans_in_lines(others, is_prose=is_whole)]


def _read(text: str) -> tuple[_Collection, bool]:
    """Parse the documents up to the first syntax error; also returns whether that was the whole text."""
    root, anchors = _Collection(), dict[str, "yaml.ScalarEvent | _Collection"]()
    around, loader = [root], Loader(text)
    try:
        while loader.check_event() and len(around) <= _MAX_DEPTH:
            event = loader.get_event()
            if isinstance(event, yaml.CollectionEndEvent):
                around.pop()
            elif isinstance(event, yaml.AliasEvent):
                around[-1].append(anchors.get(event.anchor or "", _Collection()))
            elif isinstance(event, yaml.NodeEvent):
                node = event if isinstance(event, yaml.ScalarEvent) else _Collection()
                around[-1].append(node)
                if event.anchor:
                    anchors[event.anchor] = node
                if isinstance(node, _Collection):
                    node.is_map = isinstance(event, yaml.MappingStartEvent)
                    around.append(node)
    except yaml.YAMLError:
        return root, False
    finally:
        loader.dispose()
    return root, len(around) == 1


def _scalars(root: _Collection) -> Iterator[tuple[yaml.ScalarEvent, bool]]:
    """Yield each scalar and whether it is a secret; a scalar with aliases once for each kind of name."""
    waiting: list[tuple[yaml.ScalarEvent | _Collection, str, bool]] = [(root, "", False)]
    seen = set()
    while waiting:
        node, name, is_secret = waiting.pop()
        if (visit := (id(node), kind_of(name), is_secret)) in seen:
            continue
        seen.add(visit)
        if not isinstance(node, _Collection):
            yield node, is_secret or is_sensitive(name, node.value)
        elif node.is_map:
            for key, value in zip_longest(node[::2], node[1::2]):
                text = key.value if isinstance(key, yaml.ScalarEvent) else ""
                waiting += [(key, "", False), (value or _Collection(), name_of(text, name), False)]
        else:
            words = [item.value for item in node if isinstance(item, yaml.ScalarEvent)]
            is_command = len(words) == len(node) and is_secret_in_words(words)
            waiting += ((item, name, is_command) for item in node)


def _span(scalar: yaml.ScalarEvent, text: str) -> Span:
    """Return the span of a scalar; a block starts after its first line, which can have a comment."""
    start, end = (mark.index if mark else 0 for mark in (scalar.start_mark, scalar.end_mark))
    return (text.find("\n", start, end) + 1 or end, end) if scalar.style in {"|", ">"} else (start, end)


def _comments(text: str, scalars: Sequence[Span]) -> Iterator[Line]:
    """Yield the comments, tags and anchors of a text, from between its scalars."""
    position = 0
    for start, end in [*scalars, (len(text), len(text))]:
        for offset, line in lines_of(text[position:start]) if start - position > 1 else ():
            begin = next((n for n in map(line.find, "#!&") if n >= 0), None)
            if begin is not None:
                yield position + offset + begin, line[begin:].rstrip()
        position = end
