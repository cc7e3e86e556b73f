"""Reads the files in `$f` markers; the paths are relative to the YAML file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from codegen import rules
from codegen.diagnostics import Diagnostic, quoted
from codegen.files import Boundary, exists
from codegen.source.nodes import Entry, ListNode, MapNode, Node, Scalar
from codegen.source.read import read_text

_KEYS = ("$f", "$file")


def with_file_texts(node: Node, folder: Path, boundary: Boundary) -> Node:
    """Return the node with the text of each file in `$f`."""
    if isinstance(node, ListNode):
        return ListNode(tuple(with_file_texts(item, folder, boundary) for item in node.items), node.location)
    if not isinstance(node, MapNode):
        return node
    entries = {}
    for name, entry in node.entries.items():
        value = entry.value
        if name in _KEYS and isinstance(value, Scalar) and _is_path(value):
            value = value._replace(content=_content(value, folder, boundary))
        else:
            value = with_file_texts(value, folder, boundary)
        entries[name] = Entry(entry.key_location, value, entry.replaced)
    return MapNode(entries, node.location)


def included_files(node: Node) -> Iterator[str]:
    """Yield the file of each `$f` in the node, as a path in the project."""
    if isinstance(node, Scalar):
        if node.content is not None:
            yield os.path.normpath(os.path.join(os.path.dirname(node.location.path), node.text))  # noqa: PTH118, PTH120
        return
    for value in node.items if isinstance(node, ListNode) else (entry.value for entry in node.entries.values()):
        yield from included_files(value)


def _content(path: Scalar, folder: Path, boundary: Boundary) -> str | Diagnostic:
    """Return the text of a file, or the error if it cannot be read."""
    file, name = folder / path.text, f"the file {quoted(path.text)}"
    outside = boundary.problem(file)
    if not (outside or exists(file)):
        hint = "create it; its path is relative to this YAML file"
        return Diagnostic(rules.UNREADABLE, f"{name} does not exist", path.location, hint)
    text, problems = (None, [outside]) if outside else read_text(file, path.text)
    if problems:
        message = problems[0].message
        message = message.replace("this file", name) if "this file" in message else f"{name}: {message}"
        return problems[0]._replace(message=message, location=path.location)
    if text and text.strip():
        return text
    return Diagnostic(rules.EMPTY_FILE, f"{name} is empty", path.location, "write its text, or remove the argument")


def _is_path(scalar: Scalar) -> bool:
    """Return whether a path can contain these characters; the type of the value rejects other text."""
    try:
        return scalar.kind == "str" and bool(scalar.text) and b"\x00" not in scalar.text.encode()
    except UnicodeEncodeError:
        return False
