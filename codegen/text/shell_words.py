"""Evaluates the simple commands of a shell script, as far as possible without a shell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from codegen.text.shell import value_of_word
from codegen.text.shell_tree import arguments_of, every, name_of, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_NAMING = {"declaration_command", "unset_command"}
# Built-ins that set the variables that they name.
_SETTING = {"getopts", "mapfile", "printf", "read", "readarray"}


class SimpleCommand(NamedTuple):
    """A command with its arguments, and the variables set only for this command.

    If only the shell knows a value, it is kept as written and `is_known` is False.
    """

    env: Mapping[str, str]
    words: tuple[str, ...]
    is_known: bool


def simple_command(node: Node, script: bytes, variables: Mapping[str, str]) -> SimpleCommand:
    """Return the command of a node of the type `command`, with the known variables expanded."""
    assignments = [child for child in node.named_children if child.type == "variable_assignment"]
    nodes = [*node.children_by_field_name("name"), *node.children_by_field_name("argument"), *_after_redirects(node)]
    written = [text_of(each).partition("=")[2] for each in assignments] + [text_of(each).lstrip() for each in nodes]
    values = [value_of_word(word, variables) for word in written]
    known = [word if value is None else value for word, value in zip(written, values, strict=True)]
    names = [name_of(each) for each in assignments]
    is_known = None not in values and not _misreads_words(node, script)
    return SimpleCommand(dict(zip(names, known, strict=False)), tuple(known[len(names) :]), is_known)


def _misreads_words(node: Node, script: bytes) -> bool:
    """Return whether the words in the syntax tree can differ from the shell's: words are split, or text is missing."""
    words = [*node.children_by_field_name("name"), *node.children_by_field_name("argument")]
    touching = any(not _between(one, other.start_byte, script) for one, other in pairwise(words))
    return touching or any(text_of(each).startswith("\n") for each in words) or _skips_text(node, script)


def _skips_text(node: Node, script: bytes) -> bool:
    """Return whether a part of a command is in no node, such as an escaped space before a word."""
    leaves = [each for each in every(node) if not each.children or each.type == "string"]
    following, around = node.next_sibling, node.parent or node
    ends = [*(each.start_byte for each in leaves[1:]), following.start_byte if following else around.end_byte]
    return any(_between(leaf, end, script).strip() for leaf, end in zip(leaves, ends, strict=True))


def _between(node: Node, end: int, script: bytes) -> bytes:
    """Return the text from the end of a node to `end`, without line continuations."""
    return script[node.end_byte : end].replace(b"\\\n", b"")


def _after_redirects(node: Node) -> Iterator[Node]:
    """Yield the arguments after a redirection, which the syntax tree has as additional destinations."""
    around = node.parent
    if around is not None and around.type == "redirected_statement" and around.child_by_field_name("body") == node:
        for redirect in around.children_by_field_name("redirect"):
            yield from redirect.children_by_field_name("destination")[1:]


def in_sequence(root: Node) -> list[Node] | None:
    """Return the commands of a script that only runs commands one by one until one fails; None for other scripts."""
    if root.type == "command":
        return None if root.children_by_field_name("redirect") else [root]
    if root.has_error or root.type not in {"program", "list"}:
        return None
    parts = [in_sequence(child) for child in root.named_children if child.type != "comment"]
    operators = {child.type for child in root.children if not child.is_named}
    return None if None in parts or operators - {"&&", ";", "\n"} else [each for part in parts for each in part or ()]


def changed_variables(nodes: Iterable[Node]) -> set[str]:
    """Return the variables that a script with these nodes changes for subsequent commands."""
    return {name for node in nodes for name in _changed_by(node)}


def _changed_by(node: Node) -> Iterator[str]:
    if node.type == "variable_assignment" and node.parent is not None and node.parent.type != "command":
        yield name_of(node).partition("[")[0]
    elif node.type in _NAMING:
        yield from (text_of(child) for child in node.named_children if child.type == "variable_name")
    elif node.type == "for_statement":
        yield text_of(node.child_by_field_name("variable"))
    elif node.type == "command" and name_of(node) in _SETTING:
        yield from arguments_of(node)
    elif node.type == "expansion" and {"=", ":="} & {text_of(child) for child in node.children}:
        yield text_of(node.named_children[0])
