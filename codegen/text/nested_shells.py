"""Finds scripts that a shell command passes to another shell, such as `bash -c "a; b"` or `sh <<END`."""

from __future__ import annotations

import re
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

from codegen.text.shell_tree import arguments_of, name_of, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_SHELLS = {"bash", "dash", "ksh", "sh", "zsh"}
_OF_OPTIONS = {"errexit", "nounset", "pipefail", "xtrace"}
_STOPS = re.compile(r"(?:^| )-[a-zA-Z]*(?:e|o errexit)")


class NestedShell(NamedTuple):
    """A shell started by a command: its script, and whether it exits at the first failed command."""

    name: str
    script: str
    is_stopping: bool
    has_pipefail: bool


def nested_shell(node: Node) -> NestedShell | None:
    """Return the shell that a command starts with a script in its arguments or its input, or None."""
    if node.type != "command":
        return None
    words = [name_of(node), *arguments_of(node)]
    start = next((n for n, word in enumerate(words) if word.rpartition("/")[2] in _SHELLS), len(words))
    options = list(takewhile(lambda word: word.startswith("-") or word in _OF_OPTIONS, words[start + 1 :]))
    rest = words[start + 1 + len(options) :]
    if any(re.fullmatch(r"-[a-zA-Z]*c", option) for option in options):
        script = rest[0][1:-1] if rest and rest[0][0] in "'\"" else ""
    else:
        # An argument is a script file.
        script = "" if start or rest else _input_of(node)
    given = " ".join(options)
    is_stopping = bool(_STOPS.search(given) or re.match(r"\s*set -[a-zA-Z]*(?:e|o errexit)", script))
    return NestedShell(words[start], script, is_stopping, "pipefail" in given) if script else None


def _input_of(node: Node) -> str:
    """Return the input of a command from a here-document or a here-string."""
    around = node.parent if node.parent is not None and node.parent.type == "redirected_statement" else node
    for redirect in [*around.children_by_field_name("redirect"), *node.children_by_field_name("redirect")]:
        if redirect.type == "heredoc_redirect":
            return "".join(text_of(child) for child in redirect.children if child.type == "heredoc_body")
        if redirect.type == "herestring_redirect":
            return text_of(redirect.named_children[0]).strip("'\"")
    return ""
