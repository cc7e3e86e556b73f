"""The commands that tasks execute, as Meltano has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codegen.shell import words_of

if TYPE_CHECKING:
    from codegen.schema import Schedule


def extract_load_words(schedule: Schedule) -> list[str]:
    """The command of an extractor and loader; `elt` is the one that still transforms (meltano/cli/elt.py)."""
    words = ["meltano", *_environment(schedule), "elt" if schedule.transform else "el"]
    words += [schedule.extractor or "", schedule.loader or ""]
    if schedule.transform:
        words.append(f"--transform={schedule.transform}")
    words.append(f"--state-id={schedule.state_id or schedule.name}")
    return [*words, *_full_refresh(schedule)]


def run_words(schedule: Schedule, run: str) -> list[str]:
    """The command of one task of a job, or of `tasks`."""
    suffix = [f"--state-id-suffix={schedule.state_id_suffix}"] if schedule.state_id_suffix else []
    return ["meltano", *_environment(schedule), "run", *_full_refresh(schedule), *suffix, *words_of(run)]


def _environment(schedule: Schedule) -> list[str]:
    return [f"--environment={schedule.environment}"] if schedule.environment else []


def _full_refresh(schedule: Schedule) -> list[str]:
    return ["--full-refresh"] if schedule.full_refresh else []
