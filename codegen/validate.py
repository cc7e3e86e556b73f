"""Checks over all schedules: each yields diagnostics and never raises."""

from __future__ import annotations

import re
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from codegen.diagnostics import Diagnostic, InvalidError, Severity, nearest, printable, quoted
from codegen.interval import on_the_clock, parse_interval
from codegen.schema.model import LONGEST_TAG, airflow_id
from codegen.schema.task import LONGEST_ID
from codegen.shell import check_run, words_of
from codegen.templating import is_template

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from codegen.diagnostics import Location
    from codegen.meltano import MeltanoProject
    from codegen.schema import Schedule, Task

# The options of `meltano run` that take the next word (meltano/cli/run.py of 4.4).
_OPTIONS_WITH_VALUE = {"--state-id-suffix", "--state-strategy", "--run-id", "--timeout"}
# Airflow 2 takes a pool's name for a key (airflow/utils/helpers.py, `validate_key`); Airflow 3 does not.
_POOL_OF_AIRFLOW_2 = re.compile(r"[\w.-]{1,250}")


def check_all(schedules: list[Schedule], meltano: MeltanoProject | None, airflow: str) -> Iterator[Diagnostic]:
    """Everything that is wrong with the schedules, one by one and side by side, for that version of Airflow."""
    for schedule in schedules:
        yield from check_names(schedule)
        yield from check_pool(schedule, airflow)
        yield from check_interval(schedule)
        yield from check_time(schedule)
        yield from check_tasks(schedule)
        yield from check_meltano(schedule, meltano)
    yield from check_unique(schedules)


def check_names(schedule: Schedule) -> Iterator[Diagnostic]:
    """Names must fit into Airflow's ids and tags."""
    dag_id = schedule.dag_id_or_default
    if len(dag_id) > LONGEST_ID:
        message = f"the DAG id has {len(dag_id)} characters, Airflow takes {LONGEST_ID}"
        yield Diagnostic("long-name", message, schedule.where("dag_id", "name"), "set a shorter `dag_id`")
    for tag in schedule.all_tags:
        if len(tag) > LONGEST_TAG:
            message = f"the tag {quoted(tag)} has {len(tag)} characters, Airflow takes {LONGEST_TAG}"
            yield Diagnostic("long-name", message, schedule.where("name", "extractor", "job"), "shorten the name")
    odd = [name for name in (schedule.name, schedule.job or "") if airflow_id(name) != name]
    if odd and not schedule.dag_id:
        message = f"Airflow takes no {quoted(odd[0])} in an id: the DAG id becomes {quoted(dag_id)}"
        hint = "rename the schedule, or set `dag_id`"
        yield Diagnostic("renamed-id", message, schedule.where("name"), hint, Severity.FINDING)


def check_pool(schedule: Schedule, airflow: str) -> Iterator[Diagnostic]:
    """On Airflow 2 a pool's name must be a key."""
    if schedule.pool and airflow.startswith("2.") and not _POOL_OF_AIRFLOW_2.fullmatch(schedule.pool):
        message = f"Airflow 2 takes no {quoted(schedule.pool)} for a pool"
        yield Diagnostic("invalid-value", message, schedule.where("pool"), "letters, digits, `_`, `.` and `-`")


def check_interval(schedule: Schedule) -> Iterator[Diagnostic]:
    """The interval must fire with what the schedule's name draws for its `H`."""
    try:
        parse_interval(schedule.interval, schedule.name)
    except InvalidError as error:
        yield error.at(schedule.where("interval"))


def check_time(schedule: Schedule) -> Iterator[Diagnostic]:
    """The end must come after the start, and a date with an offset must be one on the schedule's clock."""
    zone = ZoneInfo(schedule.timezone)
    for key, moment in (("start_date", schedule.start_date), ("end_date", schedule.end_date)):
        if moment and moment.tzinfo and _is_first_of_two(moment.astimezone(zone)):
            message = f"the clock of {schedule.timezone} shows that hour twice, and Airflow takes the second"
            yield Diagnostic("ambiguous-date", message, schedule.where(key), "take a date an hour earlier or later")
    if schedule.catchup and "start_date" not in schedule.at:
        message = "`catchup` without a `start_date` starts a run for every interval since 1970"
        yield Diagnostic("long-catchup", message, schedule.where("catchup"), "set `start_date`", Severity.FINDING)
    end = schedule.end_date
    if end and on_the_clock(end, zone) < on_the_clock(schedule.start_date, zone):
        message = "the end is before the start, so nothing ever runs"
        yield Diagnostic("end-before-start", message, schedule.where("end_date"), "swap them")


def _is_first_of_two(moment: datetime) -> bool:
    return moment.fold == 0 and moment.utcoffset() > moment.replace(fold=1).utcoffset()  # type: ignore[operator]


def check_tasks(schedule: Schedule) -> Iterator[Diagnostic]:
    """Tasks must have ids of their own, name each other rightly and form no cycle."""
    by_id: dict[str, Task] = {}
    for number, task in enumerate(schedule.tasks or ()):
        task_id = schedule.task_id(task, number)
        if task_id in by_id:
            message = f"two tasks have the id {quoted(task_id)}"
            yield Diagnostic("duplicate-task", message, _place(task, schedule, "id"), "give each its own `id`")
        yield from _check_task_id(task_id, _place(task, schedule, "id"))
        by_id[task_id] = task
    for task in by_id.values():
        for name in task.after or ():
            if name not in by_id:
                hint = nearest(name, by_id) or f"the tasks are {', '.join(by_id)}"
                message = f"there is no task {quoted(name)}"
                yield Diagnostic("unknown-task", message, _place(task, schedule, "after"), hint)
    yield from _check_cycle(by_id, schedule)


def _check_task_id(task_id: str, location: Location) -> Iterator[Diagnostic]:
    if len(task_id) > LONGEST_ID:
        message = f"the id of the task has {len(task_id)} characters, Airflow takes {LONGEST_ID}"
        yield Diagnostic("long-name", message, location, "set a shorter `id`, or a shorter `dag_id`")


def _check_cycle(by_id: dict[str, Task], schedule: Schedule) -> Iterator[Diagnostic]:
    graph = {task_id: [name for name in task.after or () if name in by_id] for task_id, task in by_id.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        cycle = list(reversed(error.args[1]))
        message = f"the tasks wait for each other: {' -> '.join(quoted(name) for name in cycle)}"
        yield Diagnostic("cycle", message, _place(by_id[cycle[0]], schedule, "after"), "remove one `after`")


def _place(task: Task, schedule: Schedule, key: str) -> Location:
    """Where a key of the task stands, else the task."""
    return task.at.get(key) or task.at.get("") or task.at.get("run") or schedule.where("tasks")


def check_meltano(schedule: Schedule, meltano: MeltanoProject | None) -> Iterator[Diagnostic]:
    """Names must be those of the Meltano project: a plugin may be added later, a job's tasks must be known now."""
    if meltano and not meltano.is_readable:
        return
    if schedule.job:
        yield from _check_job(schedule, meltano)
    if meltano is None:
        return
    plugins = meltano.plugins
    for key, name, known, adds in (
        ("extractor", schedule.extractor, plugins.get("extractors", set()), f"`meltano add {schedule.extractor}`"),
        ("loader", schedule.loader, plugins.get("loaders", set()), f"`meltano add {schedule.loader}`"),
        (
            "environment",
            schedule.environment,
            meltano.environments,
            f"`meltano environment add {schedule.environment}`",
        ),
    ):
        if name and name not in known and not is_template(name):
            message = f"meltano.yml has no {key} {quoted(name)}"
            other = next((kind.removesuffix("s") for kind, those in plugins.items() if name in those), "")
            hint = f"it is one of the {other}s there" if other else nearest(name, known) or f"{adds} adds it"
            yield Diagnostic(f"unknown-{key}", message, schedule.where(key), hint, Severity.FINDING)
    for task in schedule.tasks or ():
        yield from _check_blocks(task.run, _place(task, schedule, "run"), meltano)


def _check_job(schedule: Schedule, meltano: MeltanoProject | None) -> Iterator[Diagnostic]:
    name, location = schedule.job or "", schedule.where("job")
    if meltano is None:
        hint = "set `meltano_project` in the configuration, or write the tasks here as `tasks`"
        yield Diagnostic("unknown-job", f"there is no meltano.yml to find the job {quoted(name)} in", location, hint)
    elif name in meltano.broken_jobs:
        message = f"the job {quoted(name)} cannot run: {meltano.broken_jobs[name]}"
        yield Diagnostic("unknown-job", message, location, "mend it in meltano.yml")
    elif job := meltano.jobs.get(name):
        yield from _check_task_id(f"{schedule.dag_id_or_default}_task{len(job.tasks) - 1}", location)
        for run in job.tasks:
            yield from _check_run_of_job(run, job.location)
            yield from _check_blocks(run, job.location, meltano)
    else:
        other = "write it as `tasks`" if " " in name else "add it to meltano.yml, or write its tasks here as `tasks`"
        hint = nearest(name, meltano.jobs) or other
        yield Diagnostic("unknown-job", f"meltano.yml has no job {quoted(name)}", location, hint)


def _check_run_of_job(run: str, location: Location) -> Iterator[Diagnostic]:
    try:
        check_run(run)
    except InvalidError as error:
        yield error.at(location)


def _check_blocks(run: str, location: Location, meltano: MeltanoProject) -> Iterator[Diagnostic]:
    """Each word of `meltano run` must be known: a plugin, its command behind a colon, a mapping or a job."""
    try:
        words = words_of(run)
    except InvalidError:
        return
    known = meltano.names_for_run()
    for previous, word in pairwise(["", *words]):
        name = word.split(":")[0]
        is_option = word.startswith("-") or previous in _OPTIONS_WITH_VALUE
        if not (is_option or is_template(word) or name in known or word in known):
            message = f"meltano.yml has no plugin, mapping or job {quoted(name)}"
            yield Diagnostic("unknown-plugin", message, location, _hint_for_block(name, known), Severity.FINDING)


def _hint_for_block(name: str, known: set[str]) -> str:
    """The cure for a word that is no block, with a look at what people write who think of a shell."""
    if name == "meltano":
        return "leave out `meltano run`: it is there already"
    if re.search(r"[&|;<>]", name):
        return "this is no shell command: write a task for each step"
    return nearest(name, known) or f"`meltano add {name}` adds it"


def check_unique(schedules: list[Schedule]) -> Iterator[Diagnostic]:
    """No two schedules may have one name, one DAG id or one file."""
    names = _taken_twice(schedules, lambda schedule: schedule.name)
    for first, other in names:
        yield _clash("duplicate-name", f"the name {quoted(other.name)}", first, other, "name")
    for first, other in _taken_twice(schedules, lambda schedule: schedule.dag_id_or_default):
        if (first, other) not in names:
            what = f"the DAG id {quoted(other.dag_id_or_default)}"
            yield _clash("duplicate-dag-id", what, first, other, "dag_id")
    for first, other in _taken_twice(schedules, lambda schedule: schedule.dag_file):
        if (first, other) not in names:
            yield _clash("duplicate-file", "the same DAG file", first, other, "")


def _taken_twice(schedules: list[Schedule], of: Callable[[Schedule], str]) -> list[tuple[Schedule, Schedule]]:
    """Each schedule that has what an earlier one has, behind that one."""
    owners: dict[str, Schedule] = {}
    return [(owners[of(s)], s) for s in schedules if owners.setdefault(of(s), s) is not s]


def _clash(code: str, what: str, first: Schedule, other: Schedule, key: str) -> Diagnostic:
    hint = f"set another `{key}` in one of them" if key else "rename one of them"
    return Diagnostic(code, f"{printable(first.source)} has {what} too", other.where(key, "name"), hint)
