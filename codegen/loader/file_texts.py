"""Puts the text of a file in place of its path, in `$f`: the path is relative to the file that names it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from codegen import rules
from codegen.diagnostics import Diagnostic, quoted
from codegen.files import Boundary
from codegen.source.nodes import Entry, ListNode, MapNode, Node, Scalar
from codegen.source.read import read_text

_KEYS = ("$f", "$file")


def with_file_texts(node: Node, folder: Path, boundary: Boundary, report: Callable[[Diagnostic], None]) -> Node:
    """The node with the text of each file that a `$f` in it names, read from the folder; and report unreadable ones."""
    if isinstance(node, ListNode):
        items = tuple(with_file_texts(item, folder, boundary, report) for item in node.items)
        return ListNode(items, node.location)
    if not isinstance(node, MapNode):
        return node
    entries = {}
    for name, entry in node.entries.items():
        value = entry.value
        if name in _KEYS and isinstance(value, Scalar) and value.kind == "str":
            value = _with_text(value, folder, boundary, report)
        else:
            value = with_file_texts(value, folder, boundary, report)
        entries[name] = Entry(entry.key_location, value, entry.replaced)
    return MapNode(entries, node.location)


def _with_text(path: Scalar, folder: Path, boundary: Boundary, report: Callable[[Diagnostic], None]) -> Scalar:
    if not _is_path(path.text):
        return path
    file = folder / path.text
    problem = boundary.problem(file)
    if not (problem or file.exists()):
        message = f"the file {quoted(path.text)} does not exist"
        hint = "create it; its path is relative to this YAML file"
        report(Diagnostic(rules.UNREADABLE, message, path.location, hint))
        return path
    text, problems = (None, [problem]) if problem else read_text(file, path.text)
    for each in problems:
        message = each.message.removeprefix("this ")
        what = "the" if message.startswith("symlink") else "the file"
        report(replace(each, message=f"{what} {message}", location=path.location))
    if text is not None and not text.strip():
        hint = "write the text into it, or remove the argument"
        report(Diagnostic(rules.EMPTY_FILE, f"the file {quoted(path.text)} is empty", path.location, hint))
        text = None
    return path if text is None else replace(path, text=text, file=path.text)


def _is_path(text: str) -> bool:
    """Whether a path can have these characters; the type of the value refuses the others."""
    try:
        return bool(text) and b"\x00" not in text.encode()
    except UnicodeEncodeError:
        return False
