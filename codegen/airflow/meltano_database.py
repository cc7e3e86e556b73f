"""Meltano's system database, set up before the first tasks: those that found none at the same time would fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codegen.meltano import read_meltano_project
from codegen.meltano.invocation import MeltanoError, find_meltano, set_up_system_database
from codegen.meltano.system_database import may_lack_system_database

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

# The commands that run tasks themselves, several at a time. `dags backfill` is one of Airflow 2.
_RUN_TASKS = {("scheduler",), ("standalone",), ("celery", "worker"), ("edge", "worker"), ("dags", "backfill")}


def runs_tasks(words: Sequence[str]) -> bool:
    """Whether a command of Airflow runs tasks."""
    return bool({tuple(words[:1]), tuple(words[:2])} & _RUN_TASKS)


def prepare_meltano(folder: Path, env: Mapping[str, str], say: Callable[[str], None]) -> None:
    """Let Meltano set up its system database where it may be missing. Airflow starts also where that fails.

    Args:
        folder: the Meltano project directory.
        env: the variables of the tasks.
        say: prints progress.
    """
    meltano, _ = read_meltano_project(folder, folder)
    if (
        meltano is None
        or find_meltano(folder) is None
        or not may_lack_system_database(folder, env, meltano.database_uri)
    ):
        return
    say("setting up Meltano's system database")
    try:
        set_up_system_database(folder)
    except MeltanoError as error:
        say(f"Meltano could not set up its system database: {error}")
