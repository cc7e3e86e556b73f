"""Runs Meltano in its project, outside of Airflow."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from codegen import process
from codegen.diagnostics import DagpressError
from codegen.text.json_text import read_json

# An error of Meltano without a location, and its fix.
_NO_TRANSFORM = "argument: 'transform'"
_WRITE_TRANSFORM = (
    "Meltano 4 requires `transform` in each schedule with an extractor and a loader: "
    "add `transform: skip` to them in meltano.yml"
)
# In seconds.
_TIMEOUT = 120


class MeltanoError(DagpressError):
    """Meltano cannot be run, or rejects the project."""


def find_meltano(folder: Path) -> str | None:
    """Return the `meltano` of a project, found like in DAG files: .meltano/run/bin, else on the PATH."""
    link = folder / ".meltano" / "run" / "bin"
    return str(link) if os.access(link, os.X_OK) else shutil.which("meltano")


def run_in_project(command: Sequence[str], folder: Path, env: Mapping[str, str]) -> int:
    """Run a program in the Meltano project directory, attached to the terminal, and return its exit code."""
    return process.stream(command, env=_environ(folder, env), cwd=folder)


def listed_schedules(folder: Path, limit: float = _TIMEOUT) -> dict[str, dict[str, Any]]:
    """Return the schedules in `meltano schedule list --format=json` by name; the limit is in seconds.

    Raises:
        MeltanoError: Meltano is missing, fails or takes too long.
    """
    output = _output_of(("schedule", "list", "--format=json"), folder, limit)
    try:
        answer = read_json(output)
        # Meltano 1 has no jobs and returns a plain list.
        found = answer if isinstance(answer, list) else chain(*(answer["schedules"][kind] for kind in ("elt", "job")))
        return {schedule["name"]: schedule for schedule in found}
    except (ValueError, TypeError, LookupError) as error:
        raise MeltanoError("`meltano schedule list` did not return a list of schedules") from error


def set_up_system_database(folder: Path) -> None:
    """Let Meltano create or migrate its system database.

    Every command that opens the database migrates it (`pass_project(migrate=True)` in meltano/cli). Apart from that,
    the command used here only prints names.

    Raises:
        MeltanoError: Meltano is missing, fails or takes too long.
    """
    _output_of(("environment", "list"), folder, _TIMEOUT)


def _output_of(words: Sequence[str], folder: Path, limit: float) -> str:
    meltano = find_meltano(folder)
    if meltano is None:
        raise MeltanoError("`meltano` was not found on the PATH")
    name = " ".join(["meltano", *words[:2]])
    command, env = [meltano, "--log-level=warning", *words], _environ(folder, {"NO_COLOR": "1"})
    try:
        done = process.run(command, limit=limit, name=name, env=env, cwd=folder)
    except process.ProcessError as error:
        raise MeltanoError(error.message, error.hint) from error
    if done.code:
        # The last line has the reason; there may be a traceback before it.
        reason = (done.stderr.strip().splitlines() or [f"exit code {done.code}"])[-1]
        raise MeltanoError(f"`{name}` failed: {reason}", _WRITE_TRANSFORM if _NO_TRANSFORM in done.stderr else "")
    return done.stdout


def _environ(folder: Path, env: Mapping[str, str]) -> dict[str, str]:
    """Return the environment variables for Meltano, which looks for its project in MELTANO_PROJECT_ROOT first."""
    return {**process.inherited(), **env, "MELTANO_PROJECT_ROOT": str(folder)}
