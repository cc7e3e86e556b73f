"""The syntax tree of a shell script."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a schedule without a shell command is read without it
    from tree_sitter import Node

# Built-ins that run other scripts in the shell itself.
RUN_SCRIPTS = {".", "eval", "source"}
# Readers of a tree follow its nesting, each level a few calls deep, and Python allows a thousand.
MOST_DEPTH = 100
_NOT_STATEMENTS = ("comment", "elif_clause", "else_clause", "case_item", "redirect")


@cache
def tree_of_script(script: str) -> Node:
    """The root of the syntax tree; a syntax error is a node of the type `ERROR`."""
    from tree_sitter import Language, Parser  # noqa: PLC0415  # as above
    from tree_sitter_bash import language  # noqa: PLC0415

    return Parser(Language(language())).parse(script.encode()).root_node


def is_too_deep(script: str) -> bool:
    """Whether a script nests deeper than `MOST_DEPTH`; each `&&` of a chain is a level."""
    level = [tree_of_script(script)]
    for _ in range(MOST_DEPTH):
        level = [child for node in level for child in node.named_children]
    return bool(level)


def every(node: Node) -> Iterator[Node]:
    """The node and all nodes in it, in the order of the script, however deep they are."""
    waiting = [node]
    while waiting:
        yield (each := waiting.pop())
        waiting += reversed(each.children)


def text_of(node: Node | None) -> str:
    """The source of a node."""
    return node.text.decode() if node and node.text else ""


def statements_of(node: Node) -> list[Node]:
    """The named children of a node, without comments, redirections and further branches."""
    return [child for child in node.named_children if not child.type.endswith(_NOT_STATEMENTS)]


def name_of(node: Node) -> str:
    """The name of a command or of a function; empty for other nodes."""
    return text_of(node.child_by_field_name("name"))


def arguments_of(node: Node) -> Sequence[str]:
    """The arguments of a command, as written."""
    return [text_of(word) for word in node.children_by_field_name("argument")]


def is_in_a_loop(node: Node) -> bool:
    """Whether a node is in the body of a loop."""
    return any(each.type == "do_group" for each in ancestors(node))


def ancestors(node: Node) -> Iterator[Node]:
    """The nodes around a node, the nearest first."""
    while node.parent is not None:
        node = node.parent
        yield node
