"""Executes the blocks on the pages of the manual.

An HTML comment before a block describes it:

- `<!-- file: PATH -->`: the block is this file of the repository.
- `<!-- part: PATH -->`: the block is a part of this file.
- `<!-- write: PATH -->`: the reader writes the block into this file of the project.
- `<!-- append: PATH -->`: the reader appends it to this file.
- `<!-- varies: REASON -->`: the commands of the block must succeed, and their output is not compared.
- `<!-- slow: REASON -->`: the block needs an Airflow, a Meltano or another program. Slow tests play it.
- `<!-- not run: REASON -->`: the block is not checked.

`sh` and `console` blocks run in the project of the page, in their order, and `sh` must succeed.
`<!-- project: PATH -->` starts with a copy of this folder of the repository, committed to git, with a configuration
if it has none; `<!-- project: . -->` is the repository itself, and `<!-- project: empty -->` an empty git repository.
`<!-- slow: REASON -->` above no block marks the whole page. Pages with either are played: see manual_player.py.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import pytest
from environments import ROOT
from git_repository import repository_of
from manual_parts import GENERATED, with_generated_parts
from project_builder import dagpress_in, write

from codegen.configuration.file import has_configuration

PAGES = [ROOT / "README.md", *sorted(path for path in (ROOT / "docs").rglob("*.md") if path.parent.name != "rules")]
_SLOW = re.compile(r"^<!-- slow: .+ -->$", re.MULTILINE)
_SLOW_PAGE = re.compile(r"^<!-- slow: .+ -->\n(?!```)", re.MULTILINE)
BLOCK = re.compile(
    r"^<!-- project: (?P<project>\S+) -->$"
    r"|(?:^<!-- (?P<directive>file|part|write|append|varies|slow|not run): (?P<argument>[^\n]+) -->\n)?"
    r"^```(?P<language>[^\n]*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
COMMAND = re.compile(r"^\$ (.*(?:\\\n.*)*)\n", re.MULTILINE)
# Characters that only a shell interprets.
_SHELL = re.compile(r"[$`|&;<>(){}*?\\\n]")


@dataclass
class Reader:
    """Executes a page block by block, as a reader would.

    Attributes:
        folder: an empty folder for the projects of the page.
        project: the current project of the page.
    """

    folder: Path
    project: Path = ROOT
    _copies: int = field(default=0)

    def read(self, page: Path) -> str:
        """Execute the page, and return its text with every file, output and generated part up to date.

        Raises:
            AssertionError: a part is not in its file, or a command of an `sh` block fails.
        """
        text = with_generated_parts(page.read_text(encoding="utf-8"))
        is_slow = bool(_SLOW_PAGE.search(text))
        return BLOCK.sub(lambda match: self._do(match, is_slow=is_slow), text)

    def _do(self, match: re.Match[str], *, is_slow: bool) -> str:
        text, argument = match["text"], match["argument"]
        if match["project"]:
            self._enter(match["project"])
        elif match["directive"] == "file":
            text = (ROOT / argument).read_text(encoding="utf-8")
        elif match["directive"] == "part":
            assert text in (ROOT / argument).read_text(encoding="utf-8"), f"{text} is not in {argument}"
        elif not is_slow:
            text = self._try(match)
        if match["text"] is None:
            return match[0]
        start = match.start("text") - match.start()
        return f"{match[0][:start]}{text}```"

    def _try(self, match: re.Match[str]) -> str:
        """Write a block, or run it; returns its text, of a console with the outputs of now."""
        language, directive, text = match["language"], match["directive"], match["text"]
        if directive in {"write", "append"}:
            self._write(match["argument"], text, append=directive == "append")
        elif directive == "varies":
            self._succeed("\n".join(COMMAND.findall(text)))
        elif directive is None and language == "sh":
            self._succeed(text)
        elif directive is None and language == "console":
            return "".join(self._shown(command) for command in COMMAND.findall(text))
        return str(text)

    def _enter(self, name: str) -> None:
        if name == ".":
            self.project = ROOT
            return
        self._copies += 1
        self.project = self.folder / str(self._copies)
        start_project(name, self.project)

    def _write(self, name: str, text: str, *, append: bool) -> None:
        assert self.project != ROOT, f"{name} would be written into the repository: the page names no project"
        path = self.project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text((path.read_text(encoding="utf-8") if append else "") + text, encoding="utf-8")

    def _shown(self, command: str) -> str:
        """Return the command of a console and its output."""
        _, output = self._run(command)
        return f"$ {command}\n{output}"

    def _succeed(self, script: str) -> None:
        lines = [line for line in script.split("\n") if line and not line.startswith("#")]
        in_process = all(line.startswith("dagpress ") for line in lines)
        for command in [line.partition("   #")[0].rstrip() for line in lines] if in_process else [script]:
            code, output = self._run(command)
            assert code == 0, f"{command}\n{output}"

    def _run(self, command: str) -> tuple[int, str]:
        """Return the exit code and the terminal output. `dagpress` runs in this process, which is faster."""
        if command.startswith("dagpress ") and not _SHELL.search(command):
            with pytest.MonkeyPatch.context() as patch:
                # As from the package index.
                patch.setattr("codegen.cli.setup._installed_from", lambda: f"dagpress=={version('dagpress')}")
                return dagpress_in(self.project, *shlex.split(command)[1:])
        environ = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
        done = subprocess.run(
            ["bash", "-ec", f"exec 2>&1\n{command}"],
            cwd=self.project,
            env=environ,
            text=True,
            stdout=subprocess.PIPE,
            check=False,
        )
        return done.returncode, done.stdout


def start_project(name: str, folder: Path) -> None:
    """Make the project of a `<!-- project: ... -->`."""
    if name != "empty":
        shutil.copytree(ROOT / name, folder)
        if not has_configuration(folder):
            write(folder, {"dagpress.toml": ""})
    repository_of(folder)


def is_played_slowly(text: str) -> bool:
    """Return whether a page or a block of it needs an Airflow, a Meltano or an installation."""
    return bool(_SLOW.search(text))


def blocks(text: str) -> Iterator[tuple[str, str | None, str]]:
    """Yield the language, directive and text of every block of a page, except those of generated parts and Sphinx."""
    for match in BLOCK.finditer(GENERATED.sub("", text)):
        if match["text"] is not None and not match["language"].startswith("{"):
            yield match["language"], match["directive"], match["text"]
