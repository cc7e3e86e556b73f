"""Lays out a graph from left to right: boxes in columns, and arrows that avoid them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import igraph  # type: ignore[import-untyped]  # no type hints

from codegen.drawing.text import CHARACTER, columns_of, shortened

_MAX_LINE_LENGTH = 34
_LINE = 17
_PADDING = 10
_BETWEEN_ROWS = 16
_BETWEEN_COLUMNS = 56
_MARGIN = 12
_BASELINE = 12.5


@dataclass(frozen=True)
class Node:
    """A node of the graph.

    Attributes:
        id: its ID in arrows.
        lines: its text, with the name first; none for a point where arrows join.
        kind: its CSS class.
        address: the URL of its link; empty for none.
    """

    id: str
    lines: tuple[str, ...]
    kind: str
    address: str = ""


@dataclass(frozen=True)
class Box:
    """A node with its position."""

    node: Node
    x: float
    y: float
    width: float
    height: float
    lines: tuple[tuple[str, float], ...]

    @property
    def middle(self) -> float:
        """The y coordinate of its arrows."""
        return self.y + self.height / 2


@dataclass(frozen=True)
class Graph:
    """A graph with its layout."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    paths: tuple[str, ...]

    @property
    def has_links(self) -> bool:
        """Whether any box is a link."""
        return any(box.node.address for box in self.boxes)


def lay_out(nodes: Sequence[Node], arrows: Sequence[tuple[str, str]]) -> Graph:
    """Lay out a graph; the layout is deterministic.

    Args:
        nodes: the nodes, in topological order.
        arrows: pairs of node IDs.
    """
    texts = {node.id: [shortened(line, _MAX_LINE_LENGTH) for line in node.lines if line] for node in nodes}
    column_of = _columns_of(nodes, arrows)
    columns = _columns(nodes, texts, column_of)
    height = max((len(lines) for lines in texts.values()), default=0) * _LINE + 2 * _PADDING
    chains = _chains(arrows, column_of)
    tops = [_MARGIN + row * (height + _BETWEEN_ROWS) for row in _rows(nodes, arrows, column_of, chains)]
    boxes = {
        node.id: _box(node, texts[node.id], columns[column_of[node.id]], top, height)
        for node, top in zip(nodes, tops, strict=False)
    }
    paths = []
    for (left, right), chain in zip(arrows, chains, strict=True):
        passed = columns[column_of[left] + 1 : column_of[right]]
        around = [(column, tops[vertex] + height / 2) for column, vertex in zip(passed, chain, strict=True)]
        paths.append(_path(boxes[left], around, boxes[right]))
    return Graph(
        columns[-1].right + _MARGIN if columns else 0,
        round(max(tops, default=0) + height + _MARGIN, 1),
        tuple(boxes.values()),
        tuple(paths),
    )


@dataclass(frozen=True)
class _Column:
    left: float
    right: float


def _columns_of(nodes: Sequence[Node], arrows: Sequence[tuple[str, str]]) -> dict[str, int]:
    """Return the column of each node: one to the right of its last predecessor."""
    before: dict[str, list[str]] = defaultdict(list)
    for left, right in arrows:
        before[right].append(left)
    columns: dict[str, int] = {}
    for node in nodes:
        columns[node.id] = max((columns[left] + 1 for left in before[node.id]), default=0)
    return columns


def _columns(nodes: Sequence[Node], texts: Mapping[str, Sequence[str]], column_of: Mapping[str, int]) -> list[_Column]:
    """Return the columns, each as wide as its widest box."""
    widths = [0.0] * (max(column_of.values(), default=-1) + 1)
    for node in nodes:
        widths[column_of[node.id]] = max(widths[column_of[node.id]], _width(texts[node.id]))
    columns, left = list[_Column](), float(_MARGIN)
    for width in widths:
        columns.append(_Column(round(left, 1), round(left + width, 1)))
        left += width + _BETWEEN_COLUMNS
    return columns


def _width(lines: Sequence[str]) -> float:
    return max((columns_of(line) for line in lines), default=0) * CHARACTER + 2 * _PADDING


def _chains(arrows: Sequence[tuple[str, str]], column_of: Mapping[str, int]) -> list[range]:
    """Return for each arrow the dummy vertices that reserve space in the columns it passes."""
    number = len(column_of)
    chains = []
    for left, right in arrows:
        passed = column_of[right] - column_of[left] - 1
        chains.append(range(number, number + passed))
        number += passed
    return chains


def _rows(
    nodes: Sequence[Node],
    arrows: Sequence[tuple[str, str]],
    column_of: Mapping[str, int],
    chains: Sequence[range],
) -> list[float]:
    """Return the row of each vertex: first the nodes, then the dummy vertices."""
    vertex_of = {node.id: number for number, node in enumerate(nodes)}
    layers = [column_of[node.id] for node in nodes]
    edges: list[tuple[int, int]] = []
    for (left, right), chain in zip(arrows, chains, strict=True):
        layers += [column_of[left] + 1 + number for number in range(len(chain))]
        edges += pairwise((vertex_of[left], *chain, vertex_of[right]))
    graph = igraph.Graph(n=len(layers), edges=edges, directed=True)
    rows = [row for row, _ in graph.layout_sugiyama(layers=layers).coords[: len(layers)]]
    return _apart(rows, layers)


def _apart(rows: Sequence[float], layers: Sequence[int]) -> list[float]:
    """Return the rows from 0, at least one apart in each layer: igraph sometimes leaves only half a row."""
    last: dict[int, float] = {}
    apart = list(rows)
    for vertex in sorted(range(len(rows)), key=lambda each: (rows[each], each)):
        layer = layers[vertex]
        apart[vertex] = max(rows[vertex], last[layer] + 1) if layer in last else rows[vertex]
        last[layer] = apart[vertex]
    first = min(apart, default=0)
    return [round(row - first, 2) for row in apart]


def _box(node: Node, lines: Sequence[str], column: _Column, top: float, height: float) -> Box:
    """Return a box, vertically centered in its row."""
    own = len(lines) * _LINE + 2 * _PADDING if lines else 0
    y = round(top + (height - own) / 2, 1)
    baselines = tuple((line, round(y + _PADDING + _LINE * number + _BASELINE, 1)) for number, line in enumerate(lines))
    return Box(node, column.left, y, round(column.right - column.left, 1), own, baselines)


def _path(left: Box, around: Sequence[tuple[_Column, float]], right: Box) -> str:
    """Return the path from the right side of a box to the left side of another, horizontal in passed columns."""
    path = f"M{left.x + left.width:.1f} {left.middle:.1f}"
    x, y = left.x + left.width, left.middle
    for column, row in (*around, (_Column(right.x, right.x), right.middle)):
        half = (x + column.left) / 2
        path += f" C{half:.1f} {y:.1f} {half:.1f} {row:.1f} {column.left:.1f} {row:.1f}"
        path += f" H{column.right:.1f}" if column.right > column.left else ""
        x, y = column.right, row
    return path
