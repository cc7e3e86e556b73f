"""Linear time: no regular expression is slow, and hostile files are handled within a limit."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from project_builder import write
from slow_patterns import is_slow

import codegen
from codegen.sync import blocks

_ROOT = Path(codegen.__file__).parent
_LINEAR = {
    # With a lookahead, a failed match ends where the next one starts.
    r"\{\{(?:(?!\{\{).)*?\}\}|\{%(?:(?!\{%).)*?%\}",
    # It matches any text after a quote.
    blocks._LEXEME.pattern,  # noqa: SLF001  # it is long
}
_AT_LEAST = 100
_HAS_PATTERNS = re.compile("import re$|pattern=", re.MULTILINE)
_SEARCHES = {"findall", "finditer", "search", "split", "sub", "subn"}


@pytest.mark.parametrize(
    ("pattern", "use", "expected"),
    [
        ("(a+)+$", "search", True),
        ("(a|aa)+$", "match", True),
        ("(a*)*b", "match", True),
        ("a*a*b", "match", True),
        ("[0-9_]*[0-9][0-9_]*", "fullmatch", True),
        (r"\{\{.*?\}\}", "search", True),
        (r"(?m)^\s*x", "search", True),
        (r"a(?=\w*b)", "search", True),
        (r"\s+", "search", False),
        ("a*b", "match", False),
        ("(?m)^ *x", "search", False),
        ("(?<![a-z])[a-z]+-", "search", False),
        ("a{0,5}b", "search", False),
    ],
)
def test_slow_patterns_are_detected(pattern: str, use: str, expected: bool) -> None:  # noqa: FBT001  # pytest passes it by position
    assert is_slow(re.compile(pattern), use) == expected


@pytest.mark.slow
def test_no_pattern_is_slow() -> None:
    """Each regular expression of the package takes linear time, also if it does not match."""
    modules = (path for path in _ROOT.rglob("*.py") if _HAS_PATTERNS.search(path.read_text(encoding="utf-8")))
    patterns = {found: path for path in modules for found in _patterns(path) if found[0].pattern not in _LINEAR}
    assert len(patterns) > _AT_LEAST
    assert {found: path for found, path in patterns.items() if is_slow(*found)} == {}


def _patterns(path: Path) -> Iterator[tuple[re.Pattern[str], str]]:
    """Yield the regular expressions of a module, each with the slowest method that uses it."""
    module = import_module(
        ".".join(("codegen", *path.relative_to(_ROOT).with_suffix("").parts)).removesuffix(".__init__")
    )
    tree = ast.parse(path.read_text(encoding="utf-8"))
    methods = [(ast.unparse(n.value), n.attr) for n in ast.walk(tree) if isinstance(n, ast.Attribute)]
    constants = {name for name, value in vars(module).items() if isinstance(value, re.Pattern)}
    # A loop over patterns, or a parameter. Strings have a `split`, too.
    indirect = {method for receiver, method in methods if receiver not in {"re", *constants}} - {"split"}
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call):
            continue
        name = ast.unparse(call.func)
        if name.startswith("re.") and name[3:] in {*_SEARCHES, "match", "fullmatch"}:
            yield from ((pattern, _slowest({name[3:]})) for pattern in _compiled(call, module))
        elif any(keyword.arg == "pattern" for keyword in call.keywords):
            # A text type, which uses `fullmatch`.
            given = next(keyword.value for keyword in call.keywords if keyword.arg == "pattern")
            yield from ((pattern, "fullmatch") for pattern in _compiled(ast.Call(call.func, [given], []), module))
    for name, value in vars(module).items():
        own = {method for receiver, method in methods if receiver == name}
        for each in value if isinstance(value, tuple | list) else [value]:
            if isinstance(each, re.Pattern) and isinstance(each.pattern, str):
                yield each, _slowest(own & {*_SEARCHES, "match", "fullmatch"} or indirect)


def _slowest(methods: set[str]) -> str:
    return "search" if methods & _SEARCHES else "match" if "match" in methods else "fullmatch"


def _compiled(call: ast.Call, module: Any) -> Iterator[re.Pattern[str]]:
    """Return the pattern of a call, with a name instead of each local variable."""
    flags = re.findall(r"\bre\.([A-Z]+)\b", ast.unparse(call))
    given = ast.unparse(call.args[0])
    for part in (given, re.sub(r"\{(?!\d)[^{}]+\}", "name", given)):
        try:
            text = eval(part, vars(module))  # noqa: S307  # our own source
            yield re.compile(text, sum(getattr(re, flag) for flag in flags))
        except (NameError, TypeError, AttributeError, SyntaxError):
            continue
        return


_N = 60_000
_PAIR = "extractor: tap-a\nloader: target-b\ninterval: '@daily'\n"


def _value(text: str) -> str:
    return f"{_PAIR}env: {{A: {json.dumps(text)}}}\n"


def _mounted(text: str) -> str:
    image = f"docker: {{image: 'a:1', mounts: [{json.dumps(text)}]}}"
    return f"interval: '@daily'\nrunner: docker\n{image}\ntasks: [{{id: a, command: echo}}]\n"


def _param(rules: str) -> str:
    return f"{_PAIR}params:\n  p: {rules}\n"


# Each took minutes, or raised an exception.
_HOSTILE = {
    "power": _value("{{ 9**(9**9) }}"),
    "product": _value('{{ "x" * 10**9 }}'),
    "digits": _value("{{ " + "9" * _N + " }}"),
    "parentheses": _value("{{ " + "(" * _N + " }}"),
    "sum": _value("{{ " + "1+" * _N + "1 }}"),
    "filters": _value("{{ 1" + "|abs" * 9000 + " }}"),
    "ifs": _value("{% if 1 %}" * 6000),
    "open": _value("{%" * _N),
    "raw": "interval: '@daily'\ntasks: [{run: '{% raw %}" + "{{" * 14_000 + "'}]\n",
    "mounts": _mounted("{%}" * 9000),
    "mounts of braces": _mounted("{{}}" * 9000),
    "digits with letters": _value("0" * _N + "x"),
    "comment": f"{_PAIR}owner: #a{' ' * _N}x\n",
    "pattern": _param('{type: string, pattern: "(a+)+$", default: ' + "a" * 40 + "b}"),
    "unique": _param("{type: array, items: {uniqueItems: true}, default: [[" + "{a: 1}," * 6000 + "]]}"),
    "tasks": "interval: '@daily'\ntasks:\n" + "".join(f"- {{id: t{n}, command: echo}}\n" for n in range(300)),
    "states": "interval: '@daily'\ntasks:\n" + "- {id: t%s, run: tap-a target-b}\n" * 3000 % (*range(3000),),
}


@pytest.mark.slow
def test_hostile_files_are_handled_within_a_minute(tmp_path: Path) -> None:
    """All of them together, with messages."""
    write(tmp_path, {f"schedules/{name.replace(' ', '_')}.yml": text for name, text in _HOSTILE.items()})
    command = [sys.executable, "-m", "codegen", "--project", str(tmp_path), "validate"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2, done.stderr
    assert "the pattern `(a+)+$` takes more than" in done.stderr
