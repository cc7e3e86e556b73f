"""Text from files, names and programs is printed to terminals and CI hosts without control sequences and commands."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from project_builder import EXTRACT_LOAD, write
from versions import NEWEST

from codegen import rules
from codegen.cli import printer, reporting
from codegen.diagnostics import Diagnostic, Location
from codegen.sync.changes import Change, parts_of
from codegen.sync.parts import Action
from codegen.text.copyable import shell_command
from codegen.text.json_text import read_json

# Control sequences and CI commands, bidirectional and invisible characters, and remainders after removing some.
_PARTS = (
    *(
        "::error::x",
        "::stop-commands::x",
        "##[error]x",
        "##vso[task.complete]x",
        "##teamcity[x]",
        "section_start:1:x\r",
    ),
    *("\x1b[31m", "\x1b[0K", "\x1b]0;x\x07", "\x9b2J", "\r", "\n", "\t", " ", "\x7f", "\x85", "\x00", "\xa0", "\xad"),
    *("\u202e", "\u2066", "\u200e", "\u061c", "\u200b", "\u2028", "\ufeff", "\ud800", "\udcff", "\U000e0041"),
    *(":", "#", "[", "]", "%", ",", "a", "é", "`", "'"),
)
_TEXTS = st.lists(st.sampled_from(_PARTS), min_size=1, max_size=8).map("".join)
_COMMAND = re.compile(r"^\s*::|##\w*\[", re.MULTILINE)
_ANNOTATION = re.compile(r"::error file=[^:,]*,line=1,col=1,title=invalid-value::.*")
_STYLE = re.compile(r"\x1b\[[\d;]*m")


def _reports(text: str, output: str) -> None:
    found = Diagnostic(rules.INVALID_VALUE, text, Location(text), text)
    reporting.report([found], output, [Change(text, Action.UPDATE, text, f"{text}\n{text}")])


def _prints(text: str) -> None:
    printer.echo(text)
    printer.echo(text, err=True)
    printer.echo(printer.styled(text, fg="red") + text)
    printer.print_table((text, "B"), [(text, text)], is_dim=bool)
    change = Change(text, Action.UPDATE, text, f"{text}\n{text}")
    reporting.print_changes([change])
    reporting.print_diff(parts_of([change, Change("b", Action.UPDATE, "", text)]))
    _reports(text, "text")


def _printed(tmp_path: Path, *, is_terminal: bool, **calls: object) -> str:
    """Return the output of the print functions for a text, within a command."""

    @click.command()
    @click.pass_context
    def command(context: click.Context) -> None:
        context.obj, context.color = tmp_path, is_terminal
        for name, arguments in calls.items():
            globals()[name](*arguments)  # type: ignore[misc]

    result = CliRunner().invoke(command, catch_exceptions=False, color=is_terminal)
    return result.output


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=_TEXTS, is_terminal=st.booleans())
@example(text=" ::error::x\n\x1b[31m::error::x", is_terminal=False)
@example(text="###[error]x", is_terminal=True)
@example(text=":", is_terminal=False)
@example(text="#", is_terminal=False)
def test_control_characters_and_ci_commands_are_escaped(tmp_path: Path, text: str, *, is_terminal: bool) -> None:
    printed = _STYLE.sub("", _printed(tmp_path, is_terminal=is_terminal, _prints=[text]))
    assert printed.translate({10: None, 9: None}).isprintable()
    assert not _COMMAND.search(printed)
    annotation, details = _printed(tmp_path, is_terminal=False, _reports=[text, "github"]).splitlines()
    assert details.startswith("For details, run `dagpress rule ")
    assert _ANNOTATION.fullmatch(annotation)
    assert annotation.replace("\t", "").isprintable()
    data = _printed(tmp_path, is_terminal=False, _reports=[text, "json"])
    assert data.isascii()
    assert not _COMMAND.search(data)
    # JSON has no other escape for two surrogates than for the character of both.
    assert json.loads(data)["diagnostics"][0]["message"] == text.replace("\ud800\udcff", "\U000100ff")


def test_only_our_own_styles_reach_a_terminal(tmp_path: Path) -> None:
    printed = _printed(tmp_path, is_terminal=True, _prints=["\x1b[31mred\x1b[0m"])
    assert "\\x1b[31mred" in printed
    assert (
        {"\x1b[31m", "\x1b[32m"}
        <= set(_STYLE.findall(printed))
        <= {
            *("\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[36m"),
        }
    )


@pytest.mark.slow
def test_a_character_outside_the_encoding_is_escaped(tmp_path: Path) -> None:
    write(tmp_path, {"dagpress.toml": f'airflow = "{NEWEST}"\n', "schedules/中.yml": EXTRACT_LOAD})
    command: list[str | Path] = [Path(sys.executable).with_name("dagpress"), "--project", tmp_path, "list"]
    done = subprocess.run(command, env={"PYTHONIOENCODING": "latin-1"}, capture_output=True, check=False)
    assert done.returncode == 0
    assert rb"\u4e2d" in done.stdout


@given(st.recursive(_TEXTS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3)))
def test_json_output_is_valid_text(value: Any) -> None:
    """Also with lone surrogates, which cannot be encoded."""
    read = read_json(json.dumps(value))
    assert json.dumps(read, ensure_ascii=False).encode()
    assert read == value or "\\ud" in json.dumps(value)
    assert read_json(b'"\xed\xa0\x80"').encode()


def test_a_copied_command_keeps_its_names() -> None:
    """Every character of a name, and bytes that are not UTF-8, as read by a real bash."""
    every = "".join(
        chr(number) for number in (*range(1, 0x250), *range(0x2000, 0x2070), *range(0xDC80, 0xDD00), 0xE0041)
    )
    names = ["-x", "+main", "a b", "x;y", "$(x)", "~", every]
    command = shell_command("printf", r"%s\0", names=names)
    assert command.replace(every, "").isprintable()
    done = subprocess.run(["bash", "-c", command], env={"LC_ALL": "C.UTF-8"}, capture_output=True, check=True)
    assert done.stdout.decode("utf-8", "surrogateescape").split("\0")[:-1] == ["--", *names]
    assert shell_command("git", "push", "-u", names=["origin", "refs/heads/x"]) == "git push -u origin refs/heads/x"
