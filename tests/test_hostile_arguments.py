"""Every command handles hostile arguments: it succeeds, or reports an error."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import click
import pytest
from click.testing import CliRunner
from examples import DOCUMENTS
from project_builder import EXTRACT_LOAD, write

from codegen.cli.main import main, run

_VALUES = [
    *(
        "",
        " ",
        "-",
        "--",
        "a",
        "\udcff",
        "a\udcff/b",
        "..",
        "/",
        ".",
        "../..",
        "/dev/null",
        "schedules",
        "schedules/a.yml",
    ),
    *(
        "generated_dags/a.py",
        "\x1b[2J",
        "a\nb",
        "\u202e",
        "\u0130",
        "{{",
        "*",
        "'",
        "[",
        "=",
        "a=b",
        "a,b",
        "@file",
        "~",
    ),
    *(
        "0b_",
        "0",
        "-1",
        "0.0001",
        "9" * 99,
        "1e999",
        "nan",
        "inf",
        "2024-99-99",
        "http://[",
        "http://\udcff",
        "x:99999",
    ),
    *("HEAD", "--help", "--no-such"),
    # Longer than a path, and a file name that is too long only in bytes.
    *("x" * 5000, "中" * 90),
]
# They start servers or install programs.
_LEFT_OUT = {"serve", "add", "invoke", "run"}


def _calls(command: click.Command, context: click.Context, path: tuple[str, ...] = ()) -> Iterator[list[str]]:
    """Yield every command with every value for each argument, and valid values for the other required ones."""
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner and name not in _LEFT_OUT:
                yield from _calls(inner, context, (*path, name))
        return
    arguments = [each for each in command.params if isinstance(each, click.Argument)]
    required = ["a" for each in arguments if each.required]
    for value in _VALUES:
        yield [*path, value]
        yield [*path, *[value] * 4]
        yield from ([*path, *(value if each is argument else "a" for each in arguments)] for argument in arguments)
        for each in command.params:
            if isinstance(each, click.Option):
                yield [*path, each.opts[-1], *([] if each.is_flag else [value]), *required]


def test_commands_handle_hostile_arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The exit code is never 3, which is for internal errors."""
    meltano = "version: 1\nschedules:\n- {name: b, extractor: tap-a, loader: target-b, interval: '@daily'}\n"
    calls = sorted(_calls(main, click.Context(main)))
    for number, words in enumerate(Random(0).sample(calls, min(DOCUMENTS // 2, len(calls)))):  # noqa: S311  # the same
        root = write(tmp_path / str(number), {"schedules/a.yml": EXTRACT_LOAD, "meltano.yml": meltano})
        monkeypatch.chdir(root)
        monkeypatch.setattr(sys, "argv", ["dagpress", "--lock-timeout", "0.1", "--project", ".", *words])
        with CliRunner().isolation() as (_, stderr, _), pytest.raises(SystemExit) as ended:
            run()
        assert ended.value.code in {0, 1, 2}, (words, stderr.getvalue().decode())
