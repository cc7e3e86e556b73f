"""Checks over all schedules: each yields diagnostics and never raises."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from codegen.diagnostics import Diagnostic
from codegen.meltano import MeltanoProject
from codegen.plan.states import KeptState, states_of
from codegen.plan.steps import Step, readable_steps
from codegen.schema import Schedule
from codegen.validate.airflow_version import check_airflow_version
from codegen.validate.alerts import check_alerts, check_deadline
from codegen.validate.arguments import check_arguments, check_joins
from codegen.validate.assets import check_assets
from codegen.validate.branches import check_branches
from codegen.validate.commands import check_commands
from codegen.validate.dependencies import check_after
from codegen.validate.folders import check_folders
from codegen.validate.meltano import check_before_run, check_meltano
from codegen.validate.meltano_env import check_env
from codegen.validate.names import check_names, check_pool, check_unique
from codegen.validate.operators import check_operators
from codegen.validate.params import check_defaults, check_params
from codegen.validate.providers import check_providers
from codegen.validate.reach import check_reach
from codegen.validate.results import check_results
from codegen.validate.retries import check_retries
from codegen.validate.run_outcome import check_run_outcome
from codegen.validate.runners import check_runners, check_settings
from codegen.validate.secrets import check_secrets_of_job
from codegen.validate.states import check_environments, check_state_ids, check_states
from codegen.validate.tasks import check_tasks
from codegen.validate.templates import check_templates
from codegen.validate.time import check_clock, check_durations, check_interval, check_time, check_timetable

__all__ = [
    "check_airflow_version",
    "check_environments",
    "check_folders",
    "check_one",
    "check_providers",
    "check_settings",
    "check_together",
]


def check_one(
    schedule: Schedule, meltano: MeltanoProject | None, airflow: str
) -> tuple[list[Diagnostic], list[KeptState]]:
    """Check one schedule for an Airflow version; also return its states, which other schedules may share."""
    steps = readable_steps(schedule, meltano)
    states = states_of(steps, schedule, meltano)
    found = list(_check_one(schedule, steps, states, meltano, airflow))
    return found, [state for state in states if state.is_known]


def _check_one(
    schedule: Schedule,
    steps: Sequence[Step],
    states: Sequence[KeptState],
    meltano: MeltanoProject | None,
    airflow: str,
) -> Iterator[Diagnostic]:
    yield from check_names(schedule)
    yield from check_pool(schedule, airflow)
    if broken_interval := check_interval(schedule):
        yield broken_interval
    else:
        yield from check_time(schedule)
        yield from check_clock(schedule, airflow)
        yield from check_defaults(schedule)
        yield from check_deadline(schedule, airflow)
        yield from check_templates(schedule, meltano, airflow)
        yield from check_arguments(schedule)
    yield from check_timetable(schedule, airflow)
    yield from check_durations(schedule)
    yield from check_tasks(schedule, airflow)
    yield from check_operators(schedule, airflow)
    yield from check_results(schedule)
    yield from check_branches(schedule, steps)
    yield from check_run_outcome(schedule, steps)
    yield from check_commands(schedule)
    yield from check_alerts(schedule, airflow)
    yield from check_runners(schedule, airflow)
    yield from check_before_run(schedule)
    yield from check_reach(schedule)
    yield from check_params(schedule, meltano)
    yield from check_meltano(schedule, meltano)
    yield from check_env(schedule, meltano)
    yield from check_retries(schedule, states)
    yield from check_state_ids(schedule, states, meltano)
    yield from check_secrets_of_job(schedule, meltano)


def check_together(  # noqa: PLR0913, PLR0917  # the other schedules and the project
    schedules: list[Schedule],
    states: Mapping[str, Sequence[KeptState]],
    meltano: MeltanoProject | None,
    airflow: str,
    broken: Collection[str] = (),
    everywhere: Collection[str] = (),
) -> Iterator[Diagnostic]:
    """Check the schedules of one environment against each other.

    Args:
        schedules: the schedules of the environment.
        states: the states of each schedule, by its `key`.
        meltano: the Meltano project.
        airflow: the Airflow version.
        broken: the names of unreadable schedules.
        everywhere: the names of the schedules in any environment.
    """
    yield from check_unique(schedules)
    yield from check_after(schedules, broken, everywhere, airflow)
    yield from check_assets(schedules, airflow)
    yield from check_joins(schedules, meltano)
    yield from check_states(schedules, states, meltano)
