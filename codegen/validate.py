"""Checks over all schedules: each yields diagnostics and never raises."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, available_timezones

from codegen.command import words_of
from codegen.diagnostics import Diagnostic, InvalidError, Severity, nearest, printable, quoted
from codegen.interval import parse_interval
from codegen.schema.model import airflow_id
from codegen.templating import check_template, is_template

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from codegen.diagnostics import Location
    from codegen.meltano import MeltanoProject
    from codegen.schema import Schedule, Task

_LONGEST_ID = 250
# The options of `meltano run` that take the next word (meltano/cli/run.py of 4.4).
_OPTIONS_WITH_VALUE = {"--state-id-suffix", "--state-strategy", "--run-id", "--timeout"}


def check_all(schedules: list[Schedule], meltano: MeltanoProject | None) -> Iterator[Diagnostic]:
    """Everything that is wrong with the schedules, one by one and side by side."""
    for schedule in schedules:
        yield from check_names(schedule)
        yield from check_interval(schedule)
        yield from check_time(schedule)
        yield from check_templates(schedule)
        yield from check_tasks(schedule)
        yield from check_meltano(schedule, meltano)
    yield from check_unique(schedules)


def check_names(schedule: Schedule) -> Iterator[Diagnostic]:
    """A name must be readable, and as an id it must be one that Airflow takes."""
    for key, name in (("name", schedule.name), ("job", schedule.job or "")):
        if printable(name) != name:
            yield Diagnostic(
                "unreadable-name",
                f"{quoted(name)} holds characters that cannot be seen",
                schedule.where(key),
                "rename it",
            )
            return
    dag_id = schedule.dag_id_or_default
    if len(dag_id) + len("_task999") > _LONGEST_ID:
        yield Diagnostic(
            "long-name",
            f"the DAG id has {len(dag_id)} characters, Airflow takes 250",
            schedule.where("dag_id", "name"),
            "set a shorter `dag_id`",
        )
    odd = [name for name in (schedule.name, schedule.job or "") if airflow_id(name) != name]
    if odd and not schedule.dag_id:
        yield Diagnostic(
            "renamed-id",
            f"Airflow takes no {quoted(odd[0])} in an id: the DAG id becomes {quoted(dag_id)}",
            schedule.where("name"),
            "rename the schedule, or set `dag_id`",
            Severity.FINDING,
        )


def check_interval(schedule: Schedule) -> Iterator[Diagnostic]:
    """The interval must be one that fires."""
    try:
        parse_interval(schedule.interval, schedule.name)
    except InvalidError as error:
        yield error.at(schedule.where("interval"))


def check_time(schedule: Schedule) -> Iterator[Diagnostic]:
    """The timezone must exist, and the end must come after the start."""
    try:
        zone = ZoneInfo(schedule.timezone)
    except (OSError, ValueError, KeyError):
        hint = nearest(schedule.timezone, available_timezones()) or "a name such as Europe/Berlin"
        yield Diagnostic(
            "unknown-timezone", f"{quoted(schedule.timezone)} is no timezone", schedule.where("timezone"), hint
        )
        return
    end = schedule.end_date
    if end is None:
        return
    start = schedule.start_date
    try:
        never = (end if end.tzinfo else end.replace(tzinfo=zone)) < (
            start if start.tzinfo else start.replace(tzinfo=zone)
        )
    except OverflowError:
        return
    if never:
        yield Diagnostic(
            "end-before-start",
            "the end is before the start, so nothing ever runs",
            schedule.where("end_date"),
            "swap them",
        )


def check_templates(schedule: Schedule) -> Iterator[Diagnostic]:
    """Airflow's templates must be ones that Airflow can render; elsewhere there is nothing to render them."""
    for name, value in schedule.env.items():
        yield from _check_template(value, schedule.where(f"env.{name}", "env"))
    for task in schedule.tasks or ():
        for name, value in task.env.items():
            yield from _check_template(value, task.at.get(f"env.{name}", schedule.where("tasks")))
        yield from _check_template(task.run, task.at.get("run", schedule.where("tasks")))
    for key, text in (
        ("state_id", schedule.state_id),
        ("state_id_suffix", schedule.state_id_suffix),
        ("environment", schedule.environment),
    ):
        yield from _check_template(text or "", schedule.where(key))
    for key, text in (
        ("extractor", schedule.extractor),
        ("loader", schedule.loader),
        ("job", schedule.job),
        ("name", schedule.name),
    ):
        if text and is_template(text):
            yield Diagnostic(
                "template", f"{quoted(text)}: a template cannot be a name", schedule.where(key), "write the name"
            )


def _check_template(text: str, location: Location) -> Iterator[Diagnostic]:
    try:
        check_template(text)
    except InvalidError as error:
        yield error.at(location)


def check_tasks(schedule: Schedule) -> Iterator[Diagnostic]:
    """Tasks must have ids of their own, name each other rightly and form no cycle."""
    tasks = schedule.tasks or ()
    by_id: dict[str, Task] = {}
    for number, task in enumerate(tasks):
        task_id = task_id_of(schedule, task, number)
        if task_id in by_id:
            yield Diagnostic(
                "duplicate-task",
                f"two tasks have the id {quoted(task_id)}",
                _place(task, schedule, "id"),
                "give each its own `id`",
            )
        by_id[task_id] = task
        yield from _check_words(task, schedule)
    graph: dict[str, tuple[str, ...]] = {}
    for task_id, task in by_id.items():
        graph[task_id] = tuple(name for name in task.after or () if name in by_id)
        for name in task.after or ():
            if name not in by_id:
                hint = nearest(name, by_id) or f"the tasks are {', '.join(by_id)}"
                yield Diagnostic(
                    "unknown-task", f"there is no task {quoted(name)}", _place(task, schedule, "after"), hint
                )
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        cycle = list(reversed(error.args[1]))
        path = " -> ".join(quoted(name) for name in cycle)
        yield Diagnostic(
            "cycle",
            f"the tasks wait for each other: {path}",
            _place(by_id[cycle[0]], schedule, "after"),
            "remove one `after`",
        )


def task_id_of(schedule: Schedule, task: Task, number: int) -> str:
    """The task's own id, else the one that Meltano's generator gives to the tasks of a job."""
    return task.id or f"{schedule.dag_id_or_default}_task{number}"


def _place(task: Task, schedule: Schedule, key: str) -> Location:
    """Where a key of the task stands, else the task."""
    return task.at.get(key) or task.at.get("") or task.at.get("run") or schedule.where("tasks")


def _check_words(task: Task, schedule: Schedule) -> Iterator[Diagnostic]:
    try:
        words_of(task.run)
    except InvalidError as error:
        yield error.at(_place(task, schedule, "run"))


def check_meltano(schedule: Schedule, meltano: MeltanoProject | None) -> Iterator[Diagnostic]:
    """Names must be those of the Meltano project: a plugin may be added later, a job's tasks must be known now."""
    if schedule.job:
        yield from _check_job(schedule, meltano)
    if meltano is None:
        return
    yield from _check_plugin(schedule, "extractor", schedule.extractor, meltano.plugins.get("extractors", set()))
    yield from _check_plugin(schedule, "loader", schedule.loader, meltano.plugins.get("loaders", set()))
    if schedule.environment and meltano.environments and not is_template(schedule.environment):
        yield from _check_plugin(schedule, "environment", schedule.environment, meltano.environments)
    for task in schedule.tasks or ():
        yield from _check_blocks(task.run, _place(task, schedule, "run"), meltano)
    if job := meltano.jobs.get(schedule.job or ""):
        for run in job.tasks:
            yield from _check_blocks(run, job.location, meltano)


def _check_job(schedule: Schedule, meltano: MeltanoProject | None) -> Iterator[Diagnostic]:
    job, location = schedule.job or "", schedule.where("job")
    if meltano is None:
        hint = "set `meltano_project` in the configuration, or write the tasks here as `tasks`"
        yield Diagnostic("unknown-job", f"there is no meltano.yml to find the job {quoted(job)} in", location, hint)
    elif job in meltano.broken_jobs:
        yield Diagnostic(
            "unknown-job",
            f"the job {quoted(job)} cannot run: {meltano.broken_jobs[job]}",
            location,
            "mend it in meltano.yml",
        )
    elif job not in meltano.jobs:
        hint = nearest(job, meltano.jobs) or (
            "write it as `tasks`" if " " in job else "add it to meltano.yml, or write its tasks here as `tasks`"
        )
        yield Diagnostic("unknown-job", f"meltano.yml has no job {quoted(job)}", location, hint)


def _check_plugin(schedule: Schedule, key: str, name: str | None, known: set[str]) -> Iterator[Diagnostic]:
    if name and name not in known:
        hint = nearest(name, known) or f"`meltano add {name}` adds it"
        if key == "environment":
            hint = nearest(name, known) or "add it to `environments` there"
        yield Diagnostic(
            f"unknown-{key}", f"meltano.yml has no {key} {quoted(name)}", schedule.where(key), hint, Severity.FINDING
        )


def _check_blocks(run: str, location: Location, meltano: MeltanoProject) -> Iterator[Diagnostic]:
    try:
        words = words_of(run)
    except InvalidError:
        return
    known = meltano.names_for_run()
    previous = ""
    for word in words:
        name = word.split(":")[0]
        if not (
            word.startswith("-")
            or previous in _OPTIONS_WITH_VALUE
            or is_template(word)
            or name in known
            or word in known
        ):
            hint = nearest(name, known) or f"`meltano add {printable(name)}` adds it"
            yield Diagnostic(
                "unknown-plugin",
                f"meltano.yml has no plugin, mapping or job {quoted(name)}",
                location,
                hint,
                Severity.FINDING,
            )
        previous = word


def check_unique(schedules: list[Schedule]) -> Iterator[Diagnostic]:
    """No two schedules may have one name, one DAG id or one file."""
    names = _taken_twice(schedules, lambda schedule: schedule.name)
    for first, other in names:
        yield _clash("duplicate-name", f"the name {quoted(other.name)}", first, other, "name")
    for first, other in _taken_twice(schedules, lambda schedule: schedule.dag_id_or_default):
        if (first, other) not in names:
            what = f"the DAG id {quoted(other.dag_id_or_default)}"
            yield _clash("duplicate-dag-id", what, first, other, "dag_id")
    for first, other in _taken_twice(schedules, lambda schedule: schedule.relative.rpartition(".")[0]):
        if (first, other) not in names:
            yield _clash("duplicate-file", "the same DAG file", first, other, "")


def _taken_twice(schedules: list[Schedule], of: Callable[[Schedule], str]) -> list[tuple[Schedule, Schedule]]:
    """Each schedule that has what an earlier one has, behind that one."""
    owners: dict[str, Schedule] = {}
    return [(owners[of(s)], s) for s in schedules if owners.setdefault(of(s), s) is not s]


def _clash(code: str, what: str, first: Schedule, other: Schedule, key: str) -> Diagnostic:
    hint = f"set another `{key}` in one of them" if key else "rename one of them"
    return Diagnostic(code, f"{printable(first.source)} has {what} too", other.where(key, "name"), hint)
