"""Finds commands in a shell script that can fail without ending the script.

POSIX defines where a shell ignores `set -e` (`errexit`): before `&&` and `||`, after `!`, and in the condition of `if`
and `while`, including functions and groups called there. Exit codes of background commands and of command
substitutions in arguments are lost as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from codegen.text.errexit import sets_pipefail
from codegen.text.exit_codes import (
    ASSIGNMENTS,
    NEVER_FAIL,
    TESTS,
    fails,
    is_one_of,
    is_plain,
    is_test,
    propagates_exit_code,
)
from codegen.text.nested_shells import NestedShell, nested_shell
from codegen.text.shell_tree import (
    ancestors,
    arguments_of,
    every,
    is_in_a_loop,
    name_of,
    statements_of,
    text_of,
    tree_of_script,
)

if TYPE_CHECKING:
    from tree_sitter import Node

_SET_SWITCHES_OFF = re.compile(r"\+[a-zA-Z]*e[a-zA-Z]*|\+o (?:errexit|pipefail)")
# In a trap, a command before an `exit` without a code changes the exit status.
_EXIT, _ERR = re.compile(r"[;&|]\s*exit\s*[\"';]"), re.compile(r"\bERR\b")
_ENDS_OF_EXEC = {"\\;", "';'", '";"'}
_MAX_LENGTH = 60


class Ignored(NamedTuple):
    """A failure that does not affect the exit code of a script: the message, the fix, and the line in the script."""

    message: str
    fix: str
    line: int


def ignored_failures(script: str, *, has_pipefail: bool) -> list[Ignored]:
    """Return the failures that a script ignores, without duplicates.

    Without `has_pipefail`, the script may run in a shell that does not support `pipefail`.
    """
    nodes = list(every(tree_of_script(script)))
    functions = {name_of(node) for node in nodes if node.type == "function_definition"}
    has_pipefail = has_pipefail or any(sets_pipefail(node) for node in nodes)
    found = [ignored for node in nodes for ignored in _at(node, functions, has_pipefail=has_pipefail)]
    return list(dict.fromkeys([*found, *_in_background(nodes)]))


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
            yield from _for_each_found(node)
            if shell := nested_shell(node):
                yield from _in_nested_shell(node, shell)
        case "pipeline" if not has_pipefail:
            where = "by an `sh` without `pipefail`, unless its last command fails"
            yield _ignored(node, where, "write `set -o pipefail` on a line before it, where such an `sh` fails")


def _before_operator(node: Node, functions: set[str]) -> Iterator[Ignored]:
    left, operator, right = node.children[0], node.children[1].type, node.children[-1]
    parent = node.parent
    if parent is not None and parent.type == "list" and parent.children[1].type == "||" and node == parent.children[0]:
        return  # reported for the outer list
    if operator == "&&" and left.type == "list" and left.children[1].type == "&&":
        left = left.children[-1]  # the rest is reported for the inner list
    if is_test(left):
        if not (fails(right) if operator == "||" else propagates_exit_code(node)):
            yield from _before_test(left)
    elif operator == "&&":
        if not (propagates_exit_code(node) and is_plain(left, functions)):
            yield _ignored(left, "before `&&`", "write it on its own line, without `&&`")
    elif not (fails(right) and is_plain(left, functions)):
        is_handled = fails(right)
        fix = "write it on its own line" if is_handled else "remove the part after `||`, or end it with `exit 1`"
        yield _ignored(left, f"before `|| {_short(right)}`", fix)


def _before_test(node: Node) -> Iterator[Ignored]:
    """Yield commands whose output a test reads, such as `a` in `a | grep -q b`: their failure looks like its result."""
    for command in statements_of(node)[:-1] if node.type == "pipeline" else ():
        if not is_test(command):
            text = _short(command).removeprefix("! ")
            fix = f'write `value=$({text})` on its own line, and `printf "%s\\n" "$value"` in place of `{text}`'
            yield Ignored(f"a failure of `{text}` is ignored before a test", fix, _line_of(command))


def _negated(node: Node) -> Iterator[Ignored]:
    command = node.named_children[0]
    if node.parent is not None and node.parent.type == "pipeline":
        command = node = node.parent  # in the syntax tree, the `!` of a pipeline belongs to its first command
    parent = node.parent
    if parent is not None and parent.type.endswith(("if_statement", "elif_clause", "while_statement")):
        return
    if not is_test(command):
        yield _ignored(command, "after `!`", "remove the `!`")
        return
    yield from _before_test(command)
    if not propagates_exit_code(node):
        yield _ignored(
            node, "where more commands follow", f"write `if {_short(command).removeprefix('! ')}; then exit 1; fi`"
        )


def _condition_of_if(node: Node, functions: set[str]) -> Iterator[Ignored]:
    condition, *branch = statements_of(node)
    is_negated = text_of(condition).startswith("!")
    command = condition.named_children[0] if condition.type == "negated_command" else condition
    if is_negated:
        is_handled, fix = bool(branch) and fails(branch[-1], is_status_lost=True), "end the branch with `exit 1`"
    else:
        branches = [child for child in node.named_children if child.type == "else_clause"]
        is_handled, fix = bool(branches) and fails(branches[0]), "add `else exit 1`, or end that branch with `exit 1`"
    if is_test(command):
        yield from () if is_handled else _before_test(command)
    elif not (is_handled and is_plain(command, functions)):
        fix = "write it on its own line" if is_handled else fix
        yield _ignored(command, "in the condition of `if`", fix)


def _condition_of_while(node: Node) -> Iterator[Ignored]:
    """Yield a condition whose failure ends the loop and is ignored: `while a`, or `until ! a`."""
    condition, keyword = statements_of(node)[0], node.children[0].type
    ends_by_failure = (keyword == "while") != (condition.type == "negated_command")
    if ends_by_failure and not is_test(condition):
        fix = "run it in the body of the loop, and use a test as the condition"
        yield _ignored(condition, f"in the condition of `{keyword}`", fix)


def _substituted(node: Node) -> Iterator[Ignored]:
    if node.type == "process_substitution":
        fix = "write its output to a file, and read that"
    elif _propagates_through_assignment(node) or all(is_one_of(each, NEVER_FAIL) for each in statements_of(node)):
        return
    else:
        fix = f"write `value={_short(node)}` on its own line, and use `$value`"
    yield _ignored(node, "inside another command", fix)


def _propagates_through_assignment(node: Node) -> bool:
    """Return whether a node is the last substitution in an assignment that is not part of another command."""
    around = next(each for each in ancestors(node) if each.type in {*ASSIGNMENTS, "command_substitution", "program"})
    if around.type not in ASSIGNMENTS or around.parent is None:
        return False
    around = around.parent if around.parent.type in ASSIGNMENTS else around
    later = (each for each in every(around) if each.type == node.type and each.start_byte >= node.end_byte)
    is_command = around.parent is not None and around.parent.type not in {"command", "declaration_command"}
    return is_command and not any(later)


def _switched_off(node: Node) -> Iterator[Ignored]:
    name, words = name_of(node), arguments_of(node)
    arguments = " ".join(words)
    if (name == "set" and _SET_SWITCHES_OFF.search(arguments)) or (name == "shopt" and _unsets(words)):
        yield Ignored(f"failures are ignored after `{_short(node)}`", "remove it", _line_of(node))
    elif name == "trap" and _exits_with_success(arguments):
        yield Ignored(f"failures are ignored by `{_short(node)}`", "remove its `exit`", _line_of(node))


def _unsets(words: Sequence[str]) -> bool:
    """Return whether `shopt -u` disables an option that ends a script at a failure."""
    return any(word[:1] == "-" and "u" in word for word in words) and any(
        option in word for word in words for option in ("errexit", "pipefail")
    )


def _exits_with_success(arguments: str) -> bool:
    """Return whether a trap exits with 0, or an `ERR` trap with the exit code of its own last command."""
    ends = _EXIT.search(arguments)
    return "exit 0" in arguments or bool(ends and _ERR.search(arguments, ends.end()))


def _for_each_found(node: Node) -> Iterator[Ignored]:
    """Yield a command that `find` runs for each file; `find` treats its exit code as a test result."""
    words = list(arguments_of(node))
    start = next((n for n, word in enumerate(words) if word in {"-exec", "-execdir"}), len(words))
    end = next((n for n, word in enumerate(words) if word in _ENDS_OF_EXEC and n > start + 1), 0)
    if name_of(node) != "find" or not end or words[start + 1] in TESTS:
        return
    command = " ".join(words[start + 1 : end])
    fix = f"write `find {' '.join(words[:start])} -print0 | xargs -0 -I{{}} {command}`"
    yield _ignored(node, "by `find`", "end it with `{} +`" if words[end - 1] == "{}" else fix)


def _in_nested_shell(node: Node, shell: NestedShell) -> Iterator[Ignored]:
    statements = statements_of(tree_of_script(shell.script))
    is_one = len(statements) == 1 and statements[0].type != "pipeline" and is_plain(statements[0], set())
    if not (is_one or shell.is_stopping):
        message = f"a failure inside `{_short(node)}` is ignored: that shell has no `set -e`"
        yield Ignored(message, f"write `bash -eo pipefail` in place of `{shell.name}`", _line_of(node))
        return
    for ignored in ignored_failures(shell.script, has_pipefail=shell.has_pipefail):
        yield ignored._replace(line=ignored.line + _line_of(node) - 1)


def _in_background(nodes: list[Node]) -> Iterator[Ignored]:
    """Yield background commands without a `wait` for each: only that returns their exit codes."""
    started = [node.prev_named_sibling for node in nodes if node.type == "&" and node.prev_named_sibling]
    started += [node for node in nodes if name_of(node) == "coproc"]
    waits = [node for node in nodes if name_of(node) == "wait" and len(arguments_of(node)) == 1]
    is_enough = len(waits) >= len(started) and not any(is_in_a_loop(node) for node in started)
    fix = 'add `pids="$pids $!"` after each `&` or `coproc`, and at the end `for pid in $pids; do wait "$pid"; done`'
    for node in () if is_enough or any(map(is_in_a_loop, waits)) else started:
        yield _ignored(node, "in the background", fix)


def _ignored(node: Node, where: str, fix: str) -> Ignored:
    return Ignored(f"a failure of `{_short(node)}` is ignored {where}", fix, _line_of(node))


def _line_of(node: Node) -> int:
    return int(node.start_point.row) + 1


def _short(node: Node) -> str:
    """Return the source of a node on one line, shortened if necessary."""
    text = " ".join(text_of(node).split())
    return text if len(text) <= _MAX_LENGTH else f"{text[: _MAX_LENGTH - 3]}..."
