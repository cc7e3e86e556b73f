"""Reads the files that a `$f` names: the path is relative to the file in which it stands."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from codegen import rules
from codegen.diagnostics import Diagnostic, quoted
from codegen.files import Boundary
from codegen.source.nodes import Entry, ListNode, MapNode, Node, Scalar
from codegen.source.read import read_text

_KEYS = ("$f", "$file")


def with_file_texts(node: Node, folder: Path, boundary: Boundary) -> Node:
    """The node, in which each path that can be that of a `$f` has the text of its file, read from the folder."""
    if isinstance(node, ListNode):
        return ListNode(tuple(with_file_texts(item, folder, boundary) for item in node.items), node.location)
    if not isinstance(node, MapNode):
        return node
    entries = {}
    for name, entry in node.entries.items():
        value = entry.value
        if name in _KEYS and isinstance(value, Scalar) and _is_path(value):
            value = replace(value, content=_content(value, folder, boundary))
        else:
            value = with_file_texts(value, folder, boundary)
        entries[name] = Entry(entry.key_location, value, entry.replaced)
    return MapNode(entries, node.location)


def _content(path: Scalar, folder: Path, boundary: Boundary) -> str | Diagnostic:
    """The text of a file, or why there is none."""
    file, name = folder / path.text, f"the file {quoted(path.text)}"
    outside = boundary.problem(file)
    text, problems = (None, [outside]) if outside else read_text(file, path.text)
    if problems:
        return replace(problems[0], message=f"{name}: {problems[0].message}", location=path.location)
    if text and text.strip():
        return text
    return Diagnostic(rules.EMPTY_FILE, f"{name} is empty", path.location, "write its text, or remove `$f`")


def _is_path(scalar: Scalar) -> bool:
    """Whether a path can have these characters; the type of the value refuses the others."""
    try:
        return scalar.kind == "str" and bool(scalar.text) and b"\x00" not in scalar.text.encode()
    except UnicodeEncodeError:
        return False
