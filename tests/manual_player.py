"""Plays a slow page of the manual: the blocks from one `<!-- project: ... -->` to the next in one shell.

So `cd`, `export` and an activated environment apply to the following blocks. Each command must succeed, except those of
a `console`, whose output is compared.

- `<!-- project: empty -->` is an empty folder on a machine with git, Python, uv and pipx.
- With any other project, `dagpress`, `meltano`, `airflow` and `pre-commit` are installed, too.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from environments import ENVIRONMENTS, ROOT, Environment, clean_environ
from harness import free_ports
from manual import BLOCK, COMMAND, PAGES, is_played_slowly, start_project
from processes import TIMEOUT, processes_with

SLOW_PAGES = [page for page in PAGES if is_played_slowly(page.read_text(encoding="utf-8"))]
_CHAPTER = re.compile(r"^(?=<!-- project: (\S+) -->$)", re.MULTILINE)
_PLAYED = {None, "slow", "varies"}
_SYSTEM = "/usr/local/bin:/usr/bin:/bin"


def chapters(page: Path) -> list[str]:
    """Return the parts of a page that are played, each in a shell of its own."""
    text = page.read_text(encoding="utf-8")
    starts = [match.start() for match in _CHAPTER.finditer(text)]
    return [text[start:end] for start, end in zip(starts, [*starts[1:], len(text)], strict=True)]


def environments_of(chapter: str) -> list[Environment]:
    """Return the environments that a chapter uses. The Quickstart installs its own, with the target of the demo."""
    names = ("demo",) if chapter.startswith("<!-- project: empty -->") else ("meltano", "airflow-3")
    return [ENVIRONMENTS[name] for name in names]


@dataclass(frozen=True)
class Machine:
    """The computer of a reader.

    Attributes:
        tools: a folder with Python, uv and pipx.
        wheels: a folder with a wheel of this repository, as if it were on the package index.
        dagpress: the program of the wheel, for pages that do not install it.
    """

    tools: Path
    wheels: Path
    dagpress: Path

    def play(self, chapter: str, folder: Path) -> str:
        """Execute a chapter, and return its text with the current outputs.

        Raises:
            AssertionError: a command failed or crashed. The message has all outputs.
        """
        (outputs := folder / "outputs").mkdir()
        (home := folder / "home").mkdir()
        project = folder / "project"
        name = _CHAPTER.match(chapter)[1]  # type: ignore[index]  # a chapter begins so
        start_project(name, project)
        script = folder / "script"
        script.write_text(_script(chapter, outputs), encoding="utf-8")
        log = folder / "log"
        try:
            with log.open("wb") as file:
                done = subprocess.run(
                    ["bash", script],
                    cwd=project,
                    env=self._environ(home, is_empty=name == "empty"),
                    stdin=subprocess.DEVNULL,
                    stdout=file,
                    stderr=subprocess.STDOUT,
                    timeout=TIMEOUT,
                    check=False,
                )
            assert done.returncode == 0, _all_of(log, outputs)
        finally:
            for process in processes_with(f"HOME={home}"):
                subprocess.run(["kill", "-KILL", process], check=False)
        true = _with_outputs(chapter, outputs)
        assert "Traceback (most recent call last)" not in true, true
        return true

    def _environ(self, home: Path, *, is_empty: bool) -> Mapping[str, str]:
        programs = [home / ".local/bin", self.tools]
        if not is_empty:
            programs.append(_installed(home.parent / "installed", self.dagpress))
        caches = Path.home() / ".cache"
        own, others = str(self.wheels), os.environ.get("PIP_FIND_LINKS", "")
        return clean_environ(
            HOME=str(home),
            PATH=os.pathsep.join([*map(str, programs), _SYSTEM]),
            PIP_FIND_LINKS=f"{own} {others}".strip(),
            UV_FIND_LINKS=",".join([own, *others.split()]),
            # What was downloaded once is not downloaded again.
            PIP_CACHE_DIR=os.environ.get("PIP_CACHE_DIR", str(caches / "pip")),
            UV_CACHE_DIR=os.environ.get("UV_CACHE_DIR", str(caches / "uv")),
            UV_PYTHON=str(self.tools / "python3"),
            AIRFLOW__API__PORT=str(free_ports(1)[0]),
            NO_COLOR="1",
        )


def make_machine(folder: Path) -> Machine:
    """Build the wheel, and put the programs into a folder."""
    bin_ = Path(sys.executable).parent
    uv, python = bin_ / "uv", Path(sys.base_prefix) / "bin/python3"
    wheels, tools, pipx, own = (folder / name for name in ("wheels", "tools", "pipx", "own"))
    commands: list[list[str | Path]] = [
        [bin_ / "pyproject-build", "--no-isolation", "--wheel", "--outdir", wheels, ROOT],
        [uv, "venv", "--quiet", "--python", python, pipx],
        [uv, "pip", "install", "--quiet", "--python", pipx / "bin/python", "pipx"],
        [uv, "venv", "--quiet", "--python", python, own],
        [uv, "pip", "install", "--quiet", "--python", own / "bin/python", "--find-links", wheels, "dagpress[serve]"],
    ]
    for command in commands:
        done = subprocess.run(command, env=clean_environ(), text=True, stdout=-1, stderr=subprocess.STDOUT, check=False)
        assert done.returncode == 0, done.stdout
    tools.mkdir()
    for program in (uv, python, pipx / "bin/pipx"):
        (tools / program.name).symlink_to(program)
    return Machine(tools, wheels, own / "bin/dagpress")


def _installed(folder: Path, dagpress: Path) -> Path:
    """Make a folder with the programs of a project that is set up."""
    folder.mkdir()
    (folder / "dagpress").symlink_to(dagpress)
    (folder / "pre-commit").symlink_to(Path(sys.executable).with_name("pre-commit"))
    (folder / "meltano").symlink_to(ENVIRONMENTS["meltano"].folder / "bin/meltano")
    (folder / "airflow").symlink_to(ENVIRONMENTS["airflow-3"].folder / "venv/bin/airflow")
    return folder


def _script(chapter: str, outputs: Path) -> str:
    lines = ["set -e"]
    number = 0
    for match in BLOCK.finditer(chapter):
        language, directive, argument, text = (match[name] for name in ("language", "directive", "argument", "text"))
        if directive in {"write", "append"}:
            path = shlex.quote(argument)
            arrow = ">>" if directive == "append" else ">"
            lines.append(f"mkdir -p \"$(dirname {path})\"\ncat {arrow} {path} <<'END OF BLOCK'\n{text}END OF BLOCK")
        elif directive not in _PLAYED:
            continue
        elif language == "sh":
            lines.append(text)
        elif language == "console":
            for command in COMMAND.findall(text):
                number += 1
                output = shlex.quote(str(outputs / str(number)))
                may_fail = "" if directive == "varies" else " || true"
                lines.append(f"{{ {command}\n}} >{output} 2>&1{may_fail}")
    return "\n".join([*lines, ""])


def _with_outputs(chapter: str, outputs: Path) -> str:
    number = 0

    def shown(match: re.Match[str]) -> str:
        nonlocal number
        if match["language"] != "console" or match["directive"] not in _PLAYED:
            return match[0]
        text = ""
        for command in COMMAND.findall(match["text"]):
            number += 1
            text += f"$ {command}\n{(outputs / str(number)).read_text(encoding='utf-8')}"
        if match["directive"] == "varies":
            return match[0]
        start = match.start("text") - match.start()
        return f"{match[0][:start]}{text}```"

    return BLOCK.sub(shown, chapter)


def _all_of(log: Path, outputs: Path) -> str:
    files = [log, *sorted(outputs.iterdir(), key=lambda path: int(path.name))]
    return "\n".join(path.read_text(errors="replace")[-10_000:] for path in files)
