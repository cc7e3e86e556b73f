"""The pipelines of a project before or after a change: each schedule with its plan."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from codegen.pipeline import Reading
from codegen.plan import Dependencies, dependencies_between
from codegen.plan.states import KeptState, states_of
from codegen.plan.steps import Step, steps_of
from codegen.project import Project
from codegen.review.behaviour import Behaviour
from codegen.review.sources import behaviour_of
from codegen.schema import Schedule


@dataclass(frozen=True, eq=False)
class Side:
    """A pipeline without errors in one environment.

    Attributes:
        waiting: the schedules that wait for it.
    """

    project: Project
    reading: Reading
    schedule: Schedule
    others: Dependencies
    waiting: Sequence[str]

    @cached_property
    def behaviour(self) -> Behaviour:
        """The behaviour of its DAG."""
        return behaviour_of(self.project, self.reading, self.schedule, self.others)

    @cached_property
    def steps(self) -> Mapping[str, Step]:
        """Its steps in order, by task ID."""
        return {step.task_id: step for step in steps_of(self.schedule, self.reading.meltano)}

    @cached_property
    def states(self) -> Sequence[KeptState]:
        """The states of Meltano that it is known to use."""
        return states_of(self.steps.values(), self.schedule, self.reading.meltano)

    def is_like(self, other: Side) -> bool:
        """Return whether both have equal values, so that nothing can differ."""
        is_same = self.schedule is other.schedule or self.schedule == other.schedule
        return is_same and self.others == other.others and self.reading.meltano == other.reading.meltano


def sides_of(project: Project, reading: Reading, deployment: str) -> dict[str, Side]:
    """Return the pipelines of an environment by their schedule files, without those with errors."""
    schedules = reading.of(deployment)
    others, faulty = dependencies_between(schedules, reading.awaited.get(deployment, ())), files_with_errors(reading)
    waiting: dict[str, list[str]] = defaultdict(list)
    for each in schedules:
        for name in each.after.names if each.after else ():
            waiting[name].append(each.name)
    return {
        each.source: Side(project, reading, each, others[each.source], waiting[each.name])
        for each in schedules
        if each.source not in faulty
    }


def files_with_errors(reading: Reading) -> set[str]:
    """Return the schedule files with errors in them, in their defaults, or in shared files such as meltano.yml."""
    places = {file.name: {file.name, *(name for _, name in file.defaults)} for file in reading.files}
    errors = {each.location.path for each in reading.diagnostics if each.is_error}
    shared = errors.difference(*places.values())
    return {name for name, own in places.items() if shared or not own.isdisjoint(errors)}
