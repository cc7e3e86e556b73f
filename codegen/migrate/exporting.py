"""Plans the export: every schedule of the project as Meltano has it, in the text of meltano.yml."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from codegen import pipeline, rules
from codegen.diagnostics import Diagnostic, InvalidError, Location, has_errors, in_order, quoted
from codegen.keys.scalars import DateTime
from codegen.keys.table import keys_of
from codegen.meltano.listing import meltano_env, meltano_interval
from codegen.migrate.conversion import moment_of
from codegen.migrate.source import BOM, Item, name_of, read_items, text_of
from codegen.schema.model import DAG_ID_PREFIX, Schedule, airflow_id
from codegen.secrets.detection import is_secret
from codegen.source.comments import read_layout
from codegen.source.edit import EditError, append, remove, set_value
from codegen.source.nodes import ListNode, MapNode, Node, Scalar, is_null
from codegen.source.read import Dialect, read_yaml
from codegen.sync.changes import Action, Change
from codegen.text.jinja import is_template
from codegen.text.shell import words_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date, datetime

    from codegen.meltano import MeltanoProject
    from codegen.pipeline import Reading
    from codegen.project import Project
    from codegen.rules import Rule
    from codegen.schema import Task
    from codegen.source.comments import Comment

_SAID = {"name", "extractor", "loader", "transform", "job", "tasks", "interval", "start_date", "env"}
_SCHEMA_LINE = re.compile(r"# yaml-language-server:")
_STAYS = "it stays in the schedule's file alone"
_STARTS_ANEW = "there it is the schedule's name: copy the state with `meltano state copy`"


@dataclass
class Export:
    """What an export does.

    Attributes:
        exported: how many schedules are in meltano.yml afterwards.
        diagnostics: what Meltano cannot say; with an error among them, nothing may be written.
    """

    changes: list[Change] = field(default_factory=list)
    exported: int = 0
    diagnostics: list[Diagnostic] = field(default_factory=list)


def plan_export(project: Project) -> Export:
    """Plan the export into `project.meltano_project`, which must have a meltano.yml; nothing is written."""
    reading = pipeline.read(project)
    meltano = reading.meltano
    if has_errors(reading.diagnostics) or meltano is None:
        return Export(diagnostics=[d for d in reading.diagnostics if d.is_error])
    schedules, warnings = _for_all_environments(project, reading)
    items, _ = read_items(meltano)
    texts = _Texts(project.meltano_project / "meltano.yml", items, meltano)
    plan = Export(diagnostics=warnings)
    for schedule in schedules:
        said, item, saved = _Said(schedule), texts.item(schedule.name), texts.save()
        try:
            if schedule.tasks:
                shared = any(other.job == schedule.name for other in schedules)
                texts.put_job(schedule.name, _tasks(schedule), item, is_shared=shared)
            head, others = _comments(project.root / schedule.source)
            texts.put_schedule(item, said.data(), head)
            if item is None and others:
                said.find_comments(others)
            plan.exported += 1
        except _NoJobError as error:
            message = f"{quoted(schedule.name)} cannot be a job of Meltano: {error}"
            said.find(rules.NOT_EXPORTED, message, error.location, "it stays in the schedule's file alone, as a whole")
        except EditError as error:
            texts.restore(saved)
            message = f"{quoted(schedule.name)} cannot be written to meltano.yml: {error}"
            said.find(
                rules.NOT_EXPORTED, message, item.location if item else schedule.where("name"), "write it by hand"
            )
        plan.diagnostics += said.warnings
    plan.changes = list(texts.changes(project.root))
    plan.diagnostics = in_order(plan.diagnostics)
    return plan


def _for_all_environments(project: Project, reading: Reading) -> tuple[list[Schedule], list[Diagnostic]]:
    """What Meltano can have, whose schedules are the same in all environments; and what is none without them."""
    if not project.deployments:
        return reading.schedules, []
    base = pipeline.read(project, base=True)
    warnings = [
        replace(d, rule=rules.NOT_EXPORTED, message=f"without `environments`, {d.message}")
        for d in base.diagnostics
        if d.is_error
    ]
    broken = {warning.location.path for warning in warnings}
    return [schedule for schedule in base.schedules if schedule.source not in broken], warnings


class _Said:
    """What Meltano has of a schedule, and what it cannot say."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self.warnings: list[Diagnostic] = []

    def find(self, rule: Rule, message: str, location: Location, hint: str) -> None:
        self.warnings.append(Diagnostic(rule, message, location, hint))

    def find_comments(self, comments: list[Comment]) -> None:
        for comment in comments:
            place = Location(self._schedule.source, comment.line, comment.column)
            self.find(rules.NOT_EXPORTED, f"the comment {quoted(comment.text)} does not go along", place, _STAYS)

    def data(self) -> dict[str, Any]:
        """The item of `schedules`, its keys in Meltano's order."""
        schedule = self._schedule
        self._find_what_is_not_said()
        data: dict[str, Any] = {"name": schedule.name}
        if schedule.extractor:
            data |= {"extractor": schedule.extractor, "loader": schedule.loader}
            data["transform"] = schedule.transform or "skip"
        else:
            data["job"] = schedule.job or schedule.name
        data["interval"] = self._interval()
        if "start_date" in schedule.at:
            data["start_date"] = _in_utc(schedule.start_date, ZoneInfo(schedule.timezone))
        if env := self._env():
            data["env"] = env
        return data

    def _find_what_is_not_said(self) -> None:
        schedule = self._schedule
        meltanos = {"state_id": schedule.name, "dag_id": airflow_id(schedule.dag_id_as_in_meltano)}
        others = {**schedule.settings, **schedule.arguments}
        for name in {**keys_of(Schedule), **others}:
            row = keys_of(Schedule).get(name)
            value = getattr(schedule, name) if row else others[name]
            as_meltano = meltanos.get(name, row.default if row else None)
            if name not in _SAID and name in schedule.at and value not in (None, as_meltano):
                self._lose(name, schedule.where(name))
        if schedule.default_dag_id != schedule.dag_id_as_in_meltano and not schedule.dag_id:
            message = f"with Meltano it has another DAG id than {quoted(schedule.dag_id_or_default)}"
            hint = f"there the ids begin with `{DAG_ID_PREFIX}`"
            self.find(rules.DIFFERS_IN_MELTANO, message, Location(schedule.source), hint)
        for task in schedule.tasks or ():
            for name, place in task.at.items():
                if name not in {"", "run"} and "." not in name:
                    self._lose(f"{name} of a task", place)
        if schedule.tasks and not schedule.dag_id:
            message = f"as a job it has another DAG id there than {quoted(schedule.dag_id_or_default)}"
            self.find(
                rules.DIFFERS_IN_MELTANO, message, schedule.where("tasks"), "with Meltano, it has a history of its own"
            )

    def _lose(self, what: str, location: Location) -> None:
        message = f"Meltano cannot say {quoted(what)} of {quoted(self._schedule.name)}"
        self.find(rules.NOT_EXPORTED, message, location, _STARTS_ANEW if what == "state_id" else _STAYS)

    def _interval(self) -> str:
        text, interval = self._schedule.interval.strip(), meltano_interval(self._schedule)
        if not text:
            message = f"Meltano starts {quoted(self._schedule.name)} after no other, and gets {quoted(interval)}"
            self.find(rules.DIFFERS_IN_MELTANO, message, self._schedule.where("after"), "there it only runs manually")
        elif text != interval:
            message = f"Meltano has no {quoted(text)}, and gets {quoted(interval)}"
            self.find(rules.DIFFERS_IN_MELTANO, message, self._schedule.where("interval"), "it runs at the same times")
        return interval

    def _env(self) -> dict[str, str]:
        env = meltano_env(self._schedule)
        for name in self._schedule.env.keys() - env.keys():
            message = f"Meltano knows no templates, as {quoted(name)} of {quoted(self._schedule.name)} has one"
            self.find(rules.NOT_EXPORTED, message, self._schedule.where("env"), "it is left out there")
        return env


def _in_utc(moment: datetime, zone: ZoneInfo) -> date:
    """The start date as Meltano has it: without an offset, and meant in UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    naive = aware.astimezone(timezone.utc).replace(tzinfo=None)
    return naive.date() if naive.time() == naive.min.time() else naive


class _NoJobError(Exception):
    """A schedule has a task that no job of Meltano can have."""

    def __init__(self, message: str, location: Location) -> None:
        super().__init__(message)
        self.location = location


def _tasks(schedule: Schedule) -> list[str]:
    """The tasks as those of a job.

    Raises:
        _NoJobError: one is no `meltano run`.
        EditError: Meltano, which splits at every space, would split one in another way.
    """
    tasks: tuple[Task, ...] = schedule.tasks or ()
    for number, task in enumerate(tasks):
        if not task.run:
            kind = "command" if task.command else "python"
            raise _NoJobError(f"{quoted(schedule.task_id(task, number))} has `{kind}`", task.at[kind])
    for task in tasks:
        if words_of(task.run) != task.run.split(" ") or is_template(task.run):
            raise EditError(f"Meltano would read {quoted(task.run)} in another way")
    return [task.run for task in tasks]


def _comments(path: Path) -> tuple[list[str], list[Comment]]:
    """The comments at the top of a schedule file, which go along, and the others."""
    layout = read_layout(text_of(path).removeprefix(BOM))
    first = min(layout.starts, default=1)
    comments = [comment for comment in layout.comments.values() if not _SCHEMA_LINE.match(comment.text)]
    return [c.text for c in comments if c.line < first], [c for c in comments if c.line >= first]


class _Texts:
    """The files of Meltano while they are changed."""

    def __init__(self, main: Path, items: list[Item], meltano: MeltanoProject) -> None:
        self._main = main
        self._meltano = meltano
        self._items = items
        self._before = {path: text_of(path) for path in {main, *(item.path for item in items)}}
        self._after = dict(self._before)

    def changes(self, root: Path) -> Iterator[Change]:
        for path, text in sorted(self._after.items()):
            if text != self._before[path]:
                yield Change(name_of(path, root), Action.UPDATE, self._before[path], text)

    def item(self, name: str) -> Item | None:
        """The schedule that Meltano runs under that name, which is the first."""
        return next((item for item in self._items if item.name == name and isinstance(item.node, MapNode)), None)

    def put_schedule(self, item: Item | None, data: dict[str, Any], head: list[str]) -> None:
        """Change the schedule where it stands, or add it with its comments.

        Raises:
            EditError: that cannot be done in place.
        """
        if item is None:
            text = append(self._after[self._main], ("schedules",), data)
            self._after[self._main] = _with_head(text, head)
        elif isinstance(item.node, MapNode):
            self._after[item.path] = _updated(self._after[item.path], ("schedules", item.index), item.node, data)

    def put_job(self, name: str, tasks: list[str], item: Item | None, *, is_shared: bool) -> None:
        """Add the job of a schedule that has tasks, or change the one that an earlier export added.

        Raises:
            EditError: there is another job of that name, others use it, or it cannot be done in place.
        """
        job = self._meltano.jobs.get(name)
        if job and list(job.tasks) == tasks:
            return
        if job or name in self._meltano.broken_jobs:
            if is_shared or item is None or self._users(name) != [item]:
                raise EditError(f"there is a job {quoted(name)} already, which does something else")
            for path, text in self._after.items():
                for index, node in enumerate(_items_of(text, "jobs")):
                    if _text(node.get("name")) == name:
                        self._after[path] = set_value(text, ("jobs", index, "tasks"), tasks)
                        return
            raise EditError(f"the job {quoted(name)} stands in another file")
        self._after[self._main] = append(self._after[self._main], ("jobs",), {"name": name, "tasks": tasks})

    def _users(self, name: str) -> list[Item]:
        """The schedules that run a job; a job that runs it too makes it everybody's.

        Raises:
            EditError: another job runs it.
        """
        if any(name in words_of(task) for job in self._meltano.jobs.values() for task in job.tasks if job.name != name):
            raise EditError(f"another job runs {quoted(name)}")
        return [i for i in self._items if isinstance(i.node, MapNode) and _text(i.node.get("job")) == name]

    def save(self) -> dict[Path, str]:
        """What `restore` takes."""
        return dict(self._after)

    def restore(self, saved: dict[Path, str]) -> None:
        """Go back to what was."""
        self._after = saved


def _items_of(text: str, key: str) -> list[MapNode]:
    """The items of a list, with an empty map for one that is no map, so that the numbers are right."""
    root, _ = read_yaml(Path("meltano.yml"), "meltano.yml", Dialect.LENIENT, text.removeprefix(BOM))
    section = root.get(key) if isinstance(root, MapNode) else None
    items = section.items if isinstance(section, ListNode) else ()
    return [item if isinstance(item, MapNode) else MapNode({}, item.location) for item in items]


def _text(node: Node | None) -> str:
    return node.text.strip() if isinstance(node, Scalar) and not is_null(node) else ""


def _with_head(text: str, head: list[str]) -> str:
    """The text with comments above its last schedule, which was put there without."""
    item = _items_of(text, "schedules")[-1].location
    lines = text.splitlines(keepends=True)
    indent, dash, rest = lines[item.line - 1].partition("-")
    if not dash or indent.strip() or len(indent) + 2 + len(rest) - len(rest.lstrip()) != item.column:
        return text  # A list in brackets has no place for comments.
    end = "\r\n" if lines[item.line - 1].endswith("\r\n") else "\n"
    lines[item.line - 1 : item.line - 1] = [f"{indent}{comment}{end}" for comment in head]
    return "".join(lines)


def _updated(text: str, path: tuple[str | int, ...], old: MapNode, new: Mapping[str, Any]) -> str:
    """The text with the keys of one schedule changed, as far as they say something else than they should.

    Raises:
        EditError: that cannot be done in place.
    """
    for key, value in new.items():
        if key == "env" and isinstance(old.get("env"), MapNode):
            text = _with_env(text, (*path, "env"), old, value)
        elif not _says(key, old.get(key), value):
            text = set_value(text, (*path, key), value)
    gone = [key for key in old.entries if key in _SAID and key not in new and not is_null(old.entries[key].value)]
    for key in gone:
        if key == "env" and isinstance(old.get("env"), MapNode):
            text = _with_env(text, (*path, "env"), old, {})
        elif key == "start_date" or ("job" in new) != bool(_text(old.get("job"))):
            text = remove(text, (*path, key))
    return text


def _with_env(text: str, path: tuple[str | int, ...], old: MapNode, new: Mapping[str, str]) -> str:
    env = old.get("env")
    variables = env.entries if isinstance(env, MapNode) else {}
    for name, value in new.items():
        if name not in variables or not _says(name, variables[name].value, value):
            text = set_value(text, (*path, name), value)
    for name, entry in variables.items():
        # What the import leaves behind is in no schedule file, and stays.
        if name not in new and not is_null(entry.value) and not is_secret(name, _text(entry.value)):
            text = remove(text, (*path, name))
    return text


def _says(key: str, node: Node | None, value: str | date) -> bool:
    """Whether Meltano takes the value that stands there for this one."""
    if key == "start_date" and isinstance(node, Scalar):
        try:
            return _in_utc(DateTime().convert(moment_of(node)), ZoneInfo("UTC")) == value
        except InvalidError:
            return False
    if not isinstance(node, Scalar) or is_null(node):
        return False
    return node.text == value or (key in _SAID and node.text.strip() == value)
