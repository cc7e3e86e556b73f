"""The syntax tree of a shell script."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # imported only for schedules with shell commands
    from tree_sitter import Node

# Built-ins that run other scripts in the current shell.
RUN_SCRIPTS = {".", "eval", "source"}
# Recursive functions need a few stack frames per level, and Python's limit is 1,000.
MAX_DEPTH = 100
_NOT_STATEMENTS = ("comment", "elif_clause", "else_clause", "case_item", "redirect")
_BEYOND_LATIN_1 = re.compile(r"[^\x00-\xff]")
# Letters by their number of bytes in UTF-8.
_LETTERS = {2: "\xe9", 3: "\xe9x", 4: "\xe9\xe9"}


@cache
def tree_of_script(script: str) -> Node:
    """Return the root of the syntax tree; syntax errors are nodes of the type `ERROR`.

    The grammar reads past the end of a table for some characters beyond Latin-1, and can crash
    (https://github.com/tree-sitter/tree-sitter-bash/issues/337). Bash treats these characters as parts of words. The
    parser reads letters of the same length instead; the nodes return the text of the script.
    """
    from tree_sitter import Language, Parser  # noqa: PLC0415  # as above
    from tree_sitter_bash import language  # noqa: PLC0415

    text = bytearray(_BEYOND_LATIN_1.sub(lambda match: _LETTERS[len(match[0].encode())], script), "utf-8")
    root = Parser(Language(language())).parse(text).root_node
    text[:] = script.encode()
    return root


def is_too_deep(script: str) -> bool:
    """Return whether a script is nested deeper than `MAX_DEPTH`; each `&&` in a chain is a level."""
    level = [tree_of_script(script)]
    for _ in range(MAX_DEPTH):
        level = [child for node in level for child in node.named_children]
    return bool(level)


def every(node: Node) -> Iterator[Node]:
    """Yield a node and its descendants in the order of the script, without recursion."""
    waiting = [node]
    while waiting:
        yield (each := waiting.pop())
        waiting += reversed(each.children)


def text_of(node: Node | None) -> str:
    """Return the source of a node."""
    return node.text.decode() if node and node.text else ""


def statements_of(node: Node) -> list[Node]:
    """Return the named children of a node without comments, redirections and other branches."""
    return [child for child in node.named_children if not child.type.endswith(_NOT_STATEMENTS)]


def name_of(node: Node) -> str:
    """Return the name of a command or a function; empty for other nodes."""
    return text_of(node.child_by_field_name("name"))


def arguments_of(node: Node) -> Sequence[str]:
    """Return the arguments of a command, as written."""
    return [text_of(word) for word in node.children_by_field_name("argument")]


def is_in_a_loop(node: Node) -> bool:
    """Return whether a node is in the body of a loop."""
    return any(each.type == "do_group" for each in ancestors(node))


def ancestors(node: Node) -> Iterator[Node]:
    """Yield the ancestors of a node, nearest first."""
    while node.parent is not None:
        node = node.parent
        yield node
