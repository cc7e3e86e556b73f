"""Makes small projects for tests, and runs `dagpress` on them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest
import yaml
from click.testing import CliRunner, Result
from versions import NEWEST

from codegen.cli.main import main
from codegen.configuration.file import has_configuration
from codegen.project import Project, read_project

EXTRACT_LOAD = 'extractor: tap-gitlab\nloader: target-postgres\ninterval: "@daily"\n'

_DIE_AT_REPLACE = """
import os, pathlib, sys
from codegen.cli.main import run
left, replace = int(sys.argv.pop(1)), pathlib.Path.replace
def dying(self, target):
    global left
    left -= 1
    if not left:
        os.kill(os.getpid(), 9)
    return replace(self, target)
pathlib.Path.replace = dying
run()
"""


def write(root: Path, files: dict[str, str]) -> Path:
    """Write files below a folder, and return the folder. A file that starts with `#!` is executable.

    A project with schedules gets a configuration that names an Airflow.
    """
    if "dagpress.toml" in files:
        files = {**files, "dagpress.toml": configured(files["dagpress.toml"])}
    elif any(name.startswith("schedules/") for name in files) and not has_configuration(root):
        files = {**files, "dagpress.toml": configured("")}
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        if text.startswith("#!"):
            path.chmod(0o755)
    return root


def configured(text: str, airflow: str = NEWEST) -> str:
    """Return a dagpress.toml with an Airflow version after its own keys, which keep their lines."""
    if re.search('^"?airflow"? =', text, re.MULTILINE):
        return text
    keys, tables = re.split(r"^(?=\[)|\Z", text, maxsplit=1, flags=re.MULTILINE)
    return f'{keys}airflow = "{airflow}"\n{tables}'


def files_of(root: Path) -> dict[str, bytes]:
    """Return every file below a folder except git's."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and ".git" not in path.parts
    }


def as_yaml(value: object) -> str:
    """Return a value as ASCII YAML, with quotes where YAML would not read a string."""
    return str(yaml.safe_dump(value, sort_keys=False))


def project_of(root: Path) -> Project:
    """Return the project in a folder; its configuration must be valid."""
    project, diagnostics = read_project(root)
    assert project, diagnostics
    return project


def dagpress(root: Path, *arguments: str) -> tuple[int, str, str]:
    """Run a command in a project, and return the exit code, stdout and stderr."""
    result: Result = CliRunner().invoke(main, ["--project", str(root), *arguments], standalone_mode=False)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return int(result.return_value), result.stdout, result.stderr


def dagpress_in(folder: Path, *arguments: str) -> tuple[int, str]:
    """Run a command as in a terminal in that folder; return the exit code and its output."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        result = CliRunner().invoke(main, arguments, standalone_mode=False)
    finally:
        os.chdir(before)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return int(result.return_value), result.output


def refusal(root: Path, *arguments: str) -> str:
    """Return the message of a command with a usage error."""
    with pytest.raises(click.ClickException) as error:
        dagpress(root, *arguments)
    return error.value.format_message()


def completed(words: str) -> list[str]:
    """Return the completions of the last word."""
    environ = {"COMP_WORDS": words, "COMP_CWORD": str(words.count(" ")), "_DAGPRESS_COMPLETE": "bash_complete"}
    result = CliRunner().invoke(main, env=environ, prog_name="dagpress")
    return [line.removeprefix("plain,") for line in result.output.split()]


def killed_at_replace(number: int, root: Path, *arguments: str) -> None:
    """Run a command in a project that is killed when it renames its n-th file into place, counted from 1."""
    command = dying_at_replace(number, root, *arguments)
    assert subprocess.run(command, check=False, capture_output=True).returncode == -signal.SIGKILL


def dying_at_replace(number: int, root: Path, *arguments: str) -> list[str]:
    """Return the argument list of a command that is killed when it renames its n-th file into place."""
    return [sys.executable, "-c", _DIE_AT_REPLACE, str(number), "--project", str(root), *arguments]
