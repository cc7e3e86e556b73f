"""Finds the Airflow of a project, and installs it in `.dagpress`."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from codegen import process
from codegen.airflow.home import set_up
from codegen.airflow_facts import facts_of
from codegen.diagnostics import DagpressError
from codegen.project import Project

_PACKAGE = Path(__file__).parent.parent
_DROPPED_VARIABLES = ("AIRFLOW", "PYTHONHOME", "PYTHONPATH", "PYTHONSAFEPATH", "VIRTUAL_ENV", "__PYVENV")
_PYTHON_VERSION = "import sys; print('.'.join(map(str, sys.version_info[:3])))"
# Not by import, which takes seconds. Since 3.0, the core is a separate package.
_AIRFLOW_VERSION = """\
from importlib.metadata import PackageNotFoundError, version
try:
    print(version("apache-airflow-core"))
except PackageNotFoundError:
    print(version("apache-airflow"))
"""
# The path of the interpreter; with `env`, the name of a program on the PATH.
_SHEBANG = re.compile(rb"#!\s*(?:\S*/env\s+)?(\S+)")
# Time limits in seconds, the second one for an installation over a slow network.
_TIMEOUT = 60
_INSTALLATION_TIMEOUT = 3600
_STAMP = "stamp"
_NAME_ANOTHER = "pass another one with --airflow"
_GET_ANOTHER = "run `dagpress add orchestrator airflow`, or add the directory of {} to the PATH"


class AirflowError(DagpressError):
    """An Airflow cannot be installed or run."""


@dataclass(frozen=True)
class Installation:
    """An Airflow version such as `3.3`, the folder of its programs, and its `AIRFLOW_HOME`.

    `is_ours` is false for one that Dagpress did not install.
    """

    version: str
    bin: Path
    home: Path
    is_ours: bool = True

    @property
    def program(self) -> Path:
        """The command `airflow`."""
        return self.bin / "airflow"

    @property
    def has_api_server(self) -> bool:
        """Whether it has an API server and a separate DAG processor, as Airflow 3 does."""
        return facts_of(self.version).has_api_server


def folder_of(project: Project, version: str | None = None) -> Path:
    """Return the folder of a project's Airflow, by default of the configured version; it may not exist."""
    return project.root / ".dagpress" / f"airflow-{version or project.airflow}"


def keep_out_of_git(project: Project) -> None:
    """Create the `.dagpress` folder for programs, databases, logs and secrets, and exclude it from git."""
    ignored = project.root / ".dagpress" / ".gitignore"
    if not ignored.exists():
        ignored.parent.mkdir(exist_ok=True)
        ignored.write_text("*\n", encoding="ascii")


def installation_in(folder: Path, version: str) -> Installation:
    """Return the Airflow that `install` creates in a folder."""
    return Installation(version, folder / "venv" / "bin", folder / "home")


def installation_of(project: Project) -> Installation:
    """Return the Airflow of a project: the one in `.dagpress`, else the one on the PATH.

    Raises:
        AirflowError: there is none, or it is not an Airflow.
    """
    folder = folder_of(project)
    if (folder / _STAMP).is_file():
        installed = installation_in(folder, project.airflow)
        if not installed.program.is_file():
            raise AirflowError(f"{installed.program} is missing", "run `dagpress add orchestrator airflow` again")
        return installed
    found = shutil.which("airflow")
    if found is None:
        raise AirflowError(f"Airflow {project.airflow} is not installed", _GET_ANOTHER.format("an `airflow`"))
    try:
        version = ".".join(version_of(Path(found)).split(".")[:2])
    except AirflowError as error:
        raise AirflowError(error.message, _GET_ANOTHER.format("another `airflow`")) from error
    home = installation_in(folder_of(project, version), version).home
    return Installation(version, Path(found).parent, home, is_ours=False)


def install(
    folder: Path, version: str, python: str | None = None, progress: Callable[[str], None] = lambda _: None
) -> bool:
    """Install an Airflow from its pinned requirements, and set up its database; returns whether it changed anything.

    A complete installation from the same requirements stays. The home always stays: it has the run history.

    The folder gets `venv`, `home` and, last, the stamp of a complete installation. `python` is a path or a name, by
    default the Python of this process; `progress` receives each step and each line of the installer.

    Raises:
        DagpressError: that Python cannot run that Airflow, or a step failed.
    """
    installed = installation_in(folder, version)
    stamp = folder / _STAMP
    there = stamp.read_text(encoding="utf-8") if stamp.is_file() and installed.program.is_file() else ""
    digest = hashlib.sha256(requirements_of(version).read_bytes()).hexdigest()
    if python is None and there.startswith(digest):
        return False
    found = shutil.which(python or sys.executable)
    if found is None:
        raise AirflowError(f"Python `{python}` was not found")
    interpreter = Path(found).absolute()
    number = _answer([interpreter, "-c", _PYTHON_VERSION], f"{interpreter} is not a Python interpreter")
    pythons = [f"{major}.{minor}" for major, minor in facts_of(version).pythons]
    if number.rpartition(".")[0] not in pythons:
        message = f"Airflow {version} requires Python {pythons[0]} to {pythons[-1]}, but {interpreter} is {number}"
        raise AirflowError(message, "pass another one with --python")
    wanted = f"{digest} {number}"
    if there == wanted:
        return False
    stamp.unlink(missing_ok=True)
    shutil.rmtree(folder / "venv", ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    progress(f"Installing Airflow {version} for Python {number}.")
    env = process.inherited(*_DROPPED_VARIABLES)
    for command in _installing(folder / "venv", interpreter, requirements_of(version)):
        done = process.run(
            command, limit=_INSTALLATION_TIMEOUT, env=env, merged=True, on_line=lambda line: progress(f"{line}\n")
        )
        if done.code:
            name = " ".join(str(word) for word in command[:4])
            raise AirflowError(f"`{name} ...` failed with exit code {done.code}", output=done.stdout)
    progress("Setting up its database.")
    env["AIRFLOW_HOME"] = str(installed.home)
    env["PATH"] = os.pathsep.join([str(installed.bin), env.get("PATH", os.defpath)])
    set_up(installed.program, installed.home, env, has_api_server=installed.has_api_server)
    stamp.write_text(wanted, encoding="utf-8")
    return True


def requirements_of(version: str) -> Path:
    """Return the pinned requirements: inside the installed package, or next to it in a checkout."""
    installed = _PACKAGE / "requirements"
    return (installed if installed.is_dir() else _PACKAGE.parent / "requirements") / f"airflow-{version}.txt"


def python_of(program: Path) -> Path:
    """Return the Python of an `airflow` program: the one in its real folder, else the one in its first line.

    Raises:
        AirflowError: the program is missing, or has no such line.
    """
    real = program.resolve()
    for name in ("python", "python3"):
        if real.with_name(name).is_file():
            return real.with_name(name)
    try:
        with real.open("rb") as file:
            shebang = _SHEBANG.match(file.readline())
    except OSError as error:
        raise AirflowError(
            f"there is no Airflow at {program}", "pass the path of its `airflow` program with --airflow"
        ) from error
    if not shebang:
        raise AirflowError(f"it is unknown which Python {program} runs on", _NAME_ANOTHER)
    python = os.fsdecode(shebang[1])
    return Path(shutil.which(python) or python)


def version_of(program: Path) -> str:
    """Return the version of the Airflow with that `airflow` program, such as `3.3.1`.

    Raises:
        AirflowError: it has no Airflow.
    """
    python = python_of(program)
    return _answer([python, "-c", _AIRFLOW_VERSION], f"{program} runs on {python}, which has no Airflow", _NAME_ANOTHER)


def _answer(command: list[str | Path], otherwise: str, hint: str = "") -> str:
    with suppress(process.ProcessError):
        done = process.run(command, limit=_TIMEOUT, env=process.inherited(*_DROPPED_VARIABLES))
        if not done.code:
            return done.stdout.strip()
    raise AirflowError(otherwise, hint)


def _installing(venv: Path, interpreter: Path, requirements: Path) -> list[list[str | Path]]:
    """Return the installation commands: with uv, if available, since it is much faster."""
    beside = Path(sys.executable).with_name("uv")
    uv = shutil.which("uv") or (beside if beside.is_file() else None)
    python = venv / "bin" / "python"
    # Compile bytecode now: otherwise each Airflow process would compile the modules that it imports.
    hashed: list[str | Path] = ["--require-hashes", "-r", requirements]
    if uv:
        return [
            [uv, "venv", "--quiet", "--no-project", "--python", interpreter, venv],
            [uv, "pip", "install", "--compile-bytecode", "--python", python, *hashed],
        ]
    # The requirements are complete; pip 23.2 and older fails on extras if all requirements have hashes.
    options = ["--compile", "--no-input", "--no-deps", "--disable-pip-version-check"]
    return [[interpreter, "-m", "venv", venv], [python, "-m", "pip", "install", *options, *hashed]]
