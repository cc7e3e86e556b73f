"""Makes a shell script exit at the first command that fails, and finds the failures that a shell ignores.

By POSIX, a shell ignores `set -e` (`errexit`) before `&&` and `||`, after `!`, and in the condition of `if` and
`while`, also in the functions and groups there. It also loses the exit code of a command in the background, or in a
substitution in another command.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codegen.text.shell_tree import (
    ancestors,
    arguments_of,
    every,
    gives_exit_code,
    is_in_a_loop,
    name_of,
    statements_of,
    text_of,
    tree_of_script,
)

if TYPE_CHECKING:
    from tree_sitter import Node

# Commands whose exit code is an answer, and commands that rarely fail.
_ANSWERS = {
    ":", "[", "cmp", "command", "diff", "egrep", "false", "fgrep", "getopts", "grep", "hash", "kill", "let",
    "mountpoint", "pgrep", "read", "test", "true", "type", "which",
}  # fmt: skip
_SURE = {"basename", "date", "dirname", "echo", "hostname", "id", "nproc", "printf", "pwd", "uname", "whoami"}
# Shell built-ins that run commands in the shell itself.
_RUN_OTHERS = {".", "eval", "source"}
_WRAPPERS = {"list", "negated_command", "pipeline", "redirected_statement", "subshell", "compound_statement"}
_ASSIGNMENTS = {"variable_assignment", "variable_assignments"}
_SWITCHES_OFF = re.compile(r"\+[a-zA-Z]*e[a-zA-Z]*|\+o (?:errexit|pipefail)")
_LONGEST = 60


@dataclass(frozen=True)
class Ignored:
    """A failure that does not change the exit code of a script: the message and the fix."""

    message: str
    fix: str


def ignored_failures(script: str, *, has_pipefail: bool) -> list[Ignored]:
    """The failures that a script can ignore, each once.

    Without `has_pipefail`, the script may run in a shell that does not support `pipefail`.
    """
    nodes = list(every(tree_of_script(script)))
    functions = {name_of(node) for node in nodes if node.type == "function_definition"}
    has_pipefail = has_pipefail or any(_sets_pipefail(node) for node in nodes)
    found = [ignored for node in nodes for ignored in _at(node, functions, has_pipefail=has_pipefail)]
    return list(dict.fromkeys([*found, *_in_background(nodes)]))


def stopping_in_bash(script: str) -> str:
    """The script for bash, which exits at the first command that fails, also in a pipe."""
    # By default, bash turns `errexit` off in substitutions.
    inherit = "shopt -s inherit_errexit\n" if _substitutes_several(script) else ""
    return f"set -eo pipefail\n{inherit}{script}"


def stopping_in_sh(script: str) -> str:
    """The same for the `sh` of a container, which may not support `pipefail`, as on Debian."""
    nodes = list(every(tree_of_script(script))) if "|" in script else ()
    needs_pipefail = any(node.type == "pipeline" for node in nodes) and not any(map(_sets_pipefail, nodes))
    pipefail = "if (set -o pipefail) 2>/dev/null; then set -o pipefail; fi\n" if needs_pipefail else ""
    return f"set -e\n{pipefail}{script}"


def _substitutes_several(script: str) -> bool:
    """Whether it substitutes the output of several commands, such as `$(cd data; ls)`."""
    nodes = every(tree_of_script(script)) if "$(" in script or "`" in script else ()
    return any(node.type == "command_substitution" and len(statements_of(node)) > 1 for node in nodes)


def _at(node: Node, functions: set[str], *, has_pipefail: bool) -> Iterator[Ignored]:
    match node.type:
        case "list":
            yield from _before_operator(node, functions)
        case "negated_command":
            yield from _negated(node)
        case "if_statement" | "elif_clause":
            yield from _condition_of_if(node, functions)
        case "while_statement":
            yield from _condition_of_while(node)
        case "command_substitution" | "process_substitution":
            yield from _substituted(node)
        case "command":
            yield from _switched_off(node)
        case "pipeline" if not has_pipefail:
            message = f"an `sh` without `pipefail` ignores failures in {_quoted(node)}, except of its last command"
            yield Ignored(message, "write `set -o pipefail` on a line before it: such an `sh` fails there")


def _before_operator(node: Node, functions: set[str]) -> Iterator[Ignored]:
    left, operator, right = node.children[0], node.children[1].type, node.children[-1]
    parent = node.parent
    if parent is not None and parent.type == "list" and parent.children[1].type == "||" and node == parent.children[0]:
        return  # reported for the outer list
    if operator == "&&" and left.type == "list" and left.children[1].type == "&&":
        left = left.children[-1]  # the rest is reported for the inner list
    if _is_answer(left):
        return
    if operator == "&&":
        if not (gives_exit_code(node) and _is_plain(left, functions)):
            fix = "write it on its own line, without `&&`"
            yield Ignored(f"a failure of {_quoted(left)} is ignored before `&&`", fix)
    elif not (_fails(right) and _is_plain(left, functions)):
        is_handled = _fails(right)
        fix = "write it on its own line" if is_handled else "remove what follows, or end that with `exit 1`"
        yield Ignored(f"a failure of {_quoted(left)} is ignored before `|| {_short(right)}`", fix)


def _negated(node: Node) -> Iterator[Ignored]:
    command, parent = node.named_children[0], node.parent
    if parent is not None and parent.type.endswith(("if_statement", "elif_clause", "while_statement")):
        return
    if not _is_answer(command):
        yield Ignored(f"a failure of {_quoted(command)} is ignored after `!`", "remove the `!`")
    elif not gives_exit_code(node):
        yield Ignored(f"a failure of {_quoted(node)} is ignored", f"write `if {_short(command)}; then exit 1; fi`")


def _condition_of_if(node: Node, functions: set[str]) -> Iterator[Ignored]:
    condition, *branch = statements_of(node)
    is_negated = condition.type == "negated_command"
    command = condition.named_children[0] if is_negated else condition
    if _is_answer(command):
        return
    if is_negated:
        is_handled, fix = bool(branch) and _fails(branch[-1], is_status_lost=True), "end the branch with `exit 1`"
    else:
        branches = [child for child in node.named_children if child.type == "else_clause"]
        is_handled, fix = bool(branches) and _fails(branches[0]), "add `else exit 1`, or end that branch with `exit 1`"
    if not (is_handled and _is_plain(command, functions)):
        fix = "write it on its own line" if is_handled else fix
        yield Ignored(f"a failure of {_quoted(command)} is ignored in the condition of `if`", fix)


def _condition_of_while(node: Node) -> Iterator[Ignored]:
    """Only a loop that a failure ends ignores it: `while a`, or `until ! a`."""
    condition, keyword = statements_of(node)[0], node.children[0].type
    ends_by_failure = (keyword == "while") != (condition.type == "negated_command")
    if ends_by_failure and not _is_answer(condition):
        fix = "run it in the body of the loop, and let the condition be a test"
        yield Ignored(f"a failure of {_quoted(condition)} is ignored in the condition of `{keyword}`", fix)


def _substituted(node: Node) -> Iterator[Ignored]:
    if node.type == "process_substitution":
        fix = "write its output to a file, and read that"
    elif _gives_exit_code_of_assignment(node) or all(_is_in(each, _SURE) for each in statements_of(node)):
        return
    else:
        fix = f"write `value={_short(node)}` on its own line, and use `$value`"
    yield Ignored(f"a failure of {_quoted(node)} is ignored inside another command", fix)


def _gives_exit_code_of_assignment(node: Node) -> bool:
    """Whether it is the last substitution in an assignment that is not part of another command."""
    around = next(each for each in ancestors(node) if each.type in {*_ASSIGNMENTS, "command_substitution", "program"})
    if around.type not in _ASSIGNMENTS or around.parent is None:
        return False
    around = around.parent if around.parent.type in _ASSIGNMENTS else around
    later = (each for each in every(around) if each.type == node.type and each.start_byte >= node.end_byte)
    is_command = around.parent is not None and around.parent.type not in {"command", "declaration_command"}
    return is_command and not any(later)


def _switched_off(node: Node) -> Iterator[Ignored]:
    name, arguments = name_of(node), arguments_of(node)
    if name == "set" and _SWITCHES_OFF.search(" ".join(arguments)):
        yield Ignored(f"failures are ignored after {_quoted(node)}", "remove it")
    elif name == "trap" and "exit 0" in " ".join(arguments):
        yield Ignored(f"failures are ignored by {_quoted(node)}", "remove its `exit 0`")


def _in_background(nodes: list[Node]) -> Iterator[Ignored]:
    """Commands in the background: only `wait` for a single process returns its exit code."""
    started = [node for node in nodes if node.type == "&" and node.prev_named_sibling]
    waits = [node for node in nodes if name_of(node) == "wait" and len(arguments_of(node)) == 1]
    is_enough = len(waits) >= len(started) and not any(is_in_a_loop(node) for node in started)
    for node in () if is_enough or any(map(is_in_a_loop, waits)) else started:
        message = f"a failure of {_quoted(node.prev_named_sibling)} is ignored in the background"
        fix = 'add `pids="$pids $!"` after each `&`, and at the end `for pid in $pids; do wait "$pid"; done`'
        yield Ignored(message, fix)


def _sets_pipefail(node: Node) -> bool:
    return (
        node.type == "command"
        and name_of(node) == "set"
        and bool(re.search(r"-[a-zA-Z]*o pipefail", " ".join(arguments_of(node))))
    )


def _is_in(node: Node, names: set[str]) -> bool:
    return node.type == "command" and name_of(node) in names


def _is_answer(node: Node) -> bool:
    """Whether it consists of tests, and of commands whose exit code is an answer."""
    if node.type == "pipeline":
        return _is_answer(statements_of(node)[-1])
    if node.type in _WRAPPERS and not text_of(node).startswith("(("):
        return all(map(_is_answer, statements_of(node)))
    return node.type in {"test_command", "compound_statement"} or _is_in(node, _ANSWERS | _SURE)


def _is_plain(node: Node, functions: set[str]) -> bool:
    """Whether its first failed command decides its exit code, even while `errexit` is ignored."""
    if node.type == "list" and node.children[1].type == "||":
        return False
    if node.type in _WRAPPERS:
        parts = statements_of(node)
        is_one = len(parts) == 1 or node.type not in {"subshell", "compound_statement"}
        return is_one and all(_is_plain(part, functions) for part in parts)
    return node.type in {"command", "test_command", *_ASSIGNMENTS} and name_of(node) not in functions | _RUN_OTHERS


def _fails(node: Node, *, is_status_lost: bool = False) -> bool:
    """Whether it always ends the script with a failure; a command before it changes the status `$?`."""
    if node.type in {"compound_statement", "subshell", "else_clause"}:
        *before, last = statements_of(node) or [node]
        return last != node and _fails(last, is_status_lost=is_status_lost or bool(before))
    code = next(iter(arguments_of(node)), "$?")
    is_exit = _is_in(node, {"exit", "return"}) and code != "0" and not (is_status_lost and code == "$?")
    return is_exit or _is_in(node, {"false"})


def _quoted(node: Node | None) -> str:
    return f"`{_short(node)}`"


def _short(node: Node | None) -> str:
    """The source of a node in one line."""
    text = " ".join(text_of(node).split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
