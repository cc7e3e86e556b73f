"""Analyzes the exit codes of statements in a shell script, and whether they become the exit code of the script."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codegen.text.shell_tree import RUN_SCRIPTS, arguments_of, name_of, statements_of, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

# Commands used for their exit status, and commands that practically never fail.
_STATUS_COMMANDS = {
    ":", "[", "cmp", "command", "diff", "egrep", "false", "fgrep", "getopts", "grep", "hash", "kill", "let",
    "mountpoint", "pgrep", "read", "test", "true", "type", "which",
}  # fmt: skip
NEVER_FAIL = {"basename", "date", "dirname", "echo", "hostname", "id", "nproc", "printf", "pwd", "uname", "whoami"}
TESTS = _STATUS_COMMANDS | NEVER_FAIL
_WRAPPERS = {"list", "negated_command", "pipeline", "redirected_statement", "subshell", "compound_statement"}
ASSIGNMENTS = {"variable_assignment", "variable_assignments"}
# Nodes whose exit code is the exit code of their last statement.
_BLOCKS = {
    "program", "compound_statement", "if_statement", "elif_clause", "else_clause", "case_statement", "case_item",
    "redirected_statement",
}  # fmt: skip
_OWN_SHELLS = {"subshell", "command_substitution", "process_substitution"}


def is_one_of(node: Node, names: set[str]) -> bool:
    """Return whether a node is a command with one of these names."""
    return node.type == "command" and name_of(node) in names


def is_test(node: Node) -> bool:
    """Return whether a node is a test, or consists only of commands used for their exit status."""
    if node.type == "pipeline":
        return is_test(statements_of(node)[-1])
    if node.type in _WRAPPERS and not text_of(node).startswith("(("):
        return all(map(is_test, statements_of(node)))
    return node.type in {"test_command", "compound_statement"} or is_one_of(node, TESTS)


def is_plain(node: Node, functions: set[str]) -> bool:
    """Return whether the exit code of a node is the one of its first failed command, even if `errexit` is ignored."""
    if node.type == "list" and node.children[1].type == "||":
        return False
    if node.type in _WRAPPERS:
        parts = statements_of(node)
        is_one = len(parts) == 1 or node.type not in {"subshell", "compound_statement"}
        return is_one and all(is_plain(part, functions) for part in parts)
    return node.type in {"command", "test_command", *ASSIGNMENTS} and name_of(node) not in functions | RUN_SCRIPTS


def fails(node: Node, *, is_status_lost: bool = False) -> bool:
    """Return whether a node always ends the script with a failure. Commands before it can change `$?`."""
    if node.type in {"compound_statement", "subshell", "else_clause"}:
        *before, last = statements_of(node) or [node]
        return last != node and fails(last, is_status_lost=is_status_lost or bool(before))
    code = next(iter(arguments_of(node)), "$?")
    is_exit = is_one_of(node, {"exit", "return"}) and code != "0" and not (is_status_lost and code == "$?")
    return is_exit or is_one_of(node, {"false"})


def propagates_exit_code(node: Node) -> bool:
    """Return whether the exit code of a failed statement becomes that of its script, subshell or function."""
    parent = node.parent
    if parent is None or parent.type == "function_definition":
        return True
    if node.next_sibling is not None and node.next_sibling.type == "&":
        return True
    if parent.type == "list":
        return (parent.children[1].type == "&&" or node == parent.children[-1]) and propagates_exit_code(parent)
    is_last = parent.type in _BLOCKS | _OWN_SHELLS and statements_of(parent)[-1:] in ([node], [])
    is_last = is_last or (node.type in {"elif_clause", "else_clause", "case_item"} and parent.type in _BLOCKS)
    return is_last and (parent.type in _OWN_SHELLS or propagates_exit_code(parent))
