"""Executes the blocks on the pages of the manual.

An HTML comment before a block describes it:

- `<!-- file: PATH -->`: the block is this file of the repository.
- `<!-- part: PATH -->`: the block is a part of this file.
- `<!-- write: PATH -->`: the reader writes the block into this file of the project.
- `<!-- append: PATH -->`: the reader appends it to this file.
- `<!-- not run: REASON -->`: the block is not checked.

`sh` and `console` blocks run in the project of the page, in their order, and `sh` must succeed.
`<!-- project: PATH -->` starts with a copy of this folder of the repository, committed to git, with a configuration
if it has none; `<!-- project: . -->` is the repository itself, and `<!-- project: empty -->` an empty git repository.
A slow test executes a page with `<!-- slow: REASON -->`, in one shell.
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
from pathlib import Path

from environments import ROOT
from git_repository import git
from manual_parts import GENERATED, with_generated_parts
from project_builder import dagpress, write

from codegen.configuration.file import has_configuration

PAGES = [ROOT / "README.md", *sorted(path for path in (ROOT / "docs").rglob("*.md") if path.parent.name != "rules")]
_SLOW = re.compile(r"^<!-- slow: .+ -->$", re.MULTILINE)
_BLOCK = re.compile(
    r"^<!-- project: (?P<project>\S+) -->$"
    r"|(?:^<!-- (?P<directive>file|part|write|append|not run): (?P<argument>[^\n]+) -->\n)?"
    r"^```(?P<language>[^\n]*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_COMMAND = re.compile(r"^\$ (.*(?:\\\n.*)*)\n", re.MULTILINE)
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
        is_slow = is_played_slowly(text)
        return _BLOCK.sub(lambda match: self._do(match, is_slow=is_slow), text)

    def _do(self, match: re.Match[str], *, is_slow: bool) -> str:
        language, text, argument = match["language"], match["text"], match["argument"]
        if match["project"]:
            self._enter(match["project"])
        elif match["directive"] == "file":
            text = (ROOT / argument).read_text(encoding="utf-8")
        elif match["directive"] == "part":
            assert text in (ROOT / argument).read_text(encoding="utf-8"), f"{text} is not in {argument}"
        elif match["directive"] in {"write", "append"}:
            self._write(argument, text, append=match["directive"] == "append")
        elif match["directive"] is None and not is_slow:
            if language == "console":
                text = "".join(self._shown(command) for command in _COMMAND.findall(text))
            elif language == "sh":
                self._succeed(text)
        if match["text"] is None:
            return match[0]
        start = match.start("text") - match.start()
        return f"{match[0][:start]}{text}```"

    def _enter(self, name: str) -> None:
        if name == ".":
            self.project = ROOT
            return
        self._copies += 1
        self.project = self.folder / str(self._copies)
        if name == "empty":
            self.project.mkdir()
        else:
            shutil.copytree(ROOT / name, self.project)
            if not has_configuration(self.project):
                write(self.project, {"dagpress.toml": ""})
        git(self.project, "init", "--quiet")
        git(self.project, "add", ".")
        git(self.project, "commit", "--quiet", "--allow-empty", "--message", "Start")

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
            # Messages name paths as the working directory has them.
            before = Path.cwd()
            os.chdir(self.project)
            try:
                code, out, err = dagpress(self.project, *shlex.split(command)[1:])
            finally:
                os.chdir(before)
            return code, err + out
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


def is_played_slowly(text: str) -> bool:
    """Return whether a page needs an Airflow, a Meltano or an installation."""
    return bool(_SLOW.search(text))


def blocks(text: str) -> Iterator[tuple[str, str | None, str]]:
    """Yield the language, directive and text of every block of a page, except those of generated parts and Sphinx."""
    for match in _BLOCK.finditer(GENERATED.sub("", text)):
        if match["text"] is not None and not match["language"].startswith("{"):
            yield match["language"], match["directive"], match["text"]
