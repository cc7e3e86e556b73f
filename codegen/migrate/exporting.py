"""Plans the export of every schedule of the project into meltano.yml."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from codegen import pipeline, rules
from codegen.diagnostics import Diagnostic, has_errors, in_order, quoted
from codegen.meltano import MeltanoProject
from codegen.migrate.items import BOM, Item, name_of, read_items, text_of
from codegen.migrate.meltano_item import item_of, losses, lost_comment
from codegen.migrate.meltano_text import edits_of_schedule, jobs_in, text_of_node
from codegen.pipeline import Reading
from codegen.project import Project
from codegen.schema import Schedule
from codegen.source.comments import Comment, read_layout
from codegen.source.edit import edited
from codegen.source.edits import Append, Edit, NewItem, Set
from codegen.source.nodes import MapNode
from codegen.source.positions import EditError
from codegen.sync.changes import Change
from codegen.sync.parts import Action
from codegen.text.jinja import is_template
from codegen.text.shell import words_of
from codegen.validate.secrets import without_quoted_secrets

_SCHEMA_LINE = re.compile(r"# yaml-language-server:")


@dataclass
class Export:
    """The result of an export.

    Attributes:
        exported: how many schedules are in meltano.yml afterwards.
        diagnostics: what Meltano cannot express; if one is an error, nothing may be written.
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
    main = project.meltano_project / "meltano.yml"
    before = {path: text_of(path) for path in sorted({main, *(item.path for item in items)})}
    target = _Target(main, items, meltano, {schedule.job for schedule in schedules if schedule.job}, before)
    plan = Export(diagnostics=warnings)
    planned: dict[str, tuple[Schedule, _Edits]] = {}
    for schedule in schedules:
        edits, problem = _edits(schedule, project.root, target)
        if problem:
            plan.diagnostics.append(problem)
        else:
            planned[schedule.name] = schedule, edits
    texts, errors = _edited(before, {name: edits for name, (_, edits) in planned.items()})
    for name, (schedule, _) in planned.items():
        problems = (
            [_not_written(schedule, errors[name], target)]
            if name in errors
            else _losses(schedule, project.root, target)
        )
        plan.diagnostics += problems
    plan.exported = len(planned.keys() - errors.keys())
    plan.changes = [
        Change(name_of(path, project.root), Action.UPDATE, before[path], text)
        for path, text in texts.items()
        if text != before[path]
    ]
    plan.diagnostics = in_order(without_quoted_secrets(plan.diagnostics))
    return plan


def _for_all_environments(project: Project, reading: Reading) -> tuple[list[Schedule], list[Diagnostic]]:
    """Return the schedules without `environments`, which Meltano lacks; and a warning for each error in them."""
    if not project.deployments:
        return reading.schedules, []
    base = pipeline.read(project, base=True)
    warnings = [
        d._replace(rule=rules.NOT_EXPORTED, message=f"without `environments`, {d.message}")
        for d in base.diagnostics
        if d.is_error
    ]
    broken = {warning.location.path for warning in warnings}
    return [schedule for schedule in base.schedules if schedule.source not in broken], warnings


@dataclass
class _Target:
    """The Meltano project that an export changes.

    Attributes:
        main: its meltano.yml.
        items: its schedules.
        shared: the jobs that schedule files name.
        texts: its files.
    """

    main: Path
    items: list[Item]
    meltano: MeltanoProject
    shared: set[str]
    texts: dict[Path, str]

    @cached_property
    def by_name(self) -> dict[str, tuple[Item, MapNode]]:
        """The schedules by name; of a duplicate name the first, which Meltano runs."""
        found = ((item, item.node) for item in reversed(self.items) if isinstance(item.node, MapNode))
        return {item.name: (item, node) for item, node in found}

    @cached_property
    def users(self) -> Mapping[str, list[str]]:
        """The names of Meltano's schedules that run each job."""
        found: dict[str, list[str]] = defaultdict(list)
        for item in self.items:
            if isinstance(item.node, MapNode):
                found[text_of_node(item.node.get("job"))].append(item.name)
        return found

    @cached_property
    def named_in_jobs(self) -> Mapping[str, set[str]]:
        """The names of the jobs that contain each word in their tasks."""
        found: dict[str, set[str]] = defaultdict(set)
        for name, job in self.meltano.jobs.items():
            for word in " ".join(job.tasks).split(" "):
                found[word].add(name)
        return found

    @cached_property
    def jobs(self) -> dict[str, tuple[Path, int]]:
        """The file and the position of each job."""
        found = [(path, jobs_in(text)) for path, text in self.texts.items()]
        return {name: (path, index) for path, jobs in reversed(found) for name, index in jobs.items()}


# Edits, each with its file.
_Edits = list[tuple[Path, Edit]]


def _edits(schedule: Schedule, root: Path, target: _Target) -> tuple[_Edits, Diagnostic | None]:
    """Return the edits that export a schedule, or the error if that is impossible."""
    if problem := _task_without_run(schedule):
        return [], problem
    try:
        edits = _edits_of_job(schedule, target) if schedule.tasks else []
    except EditError as error:
        return [], _not_written(schedule, error, target)
    if schedule.name in target.by_name:
        item, node = target.by_name[schedule.name]
        edits += [(item.path, edit) for edit in edits_of_schedule(item.index, node, item_of(schedule))]
    else:
        head, _ = _comments(root / schedule.source)
        edits.append((target.main, Append(("schedules",), NewItem(item_of(schedule), head))))
    return edits, None


def _edited(texts: Mapping[Path, str], groups: Mapping[str, _Edits]) -> tuple[dict[Path, str], dict[str, EditError]]:
    """Make all edits of each schedule, or none and return its error."""
    errors: dict[str, EditError] = {}
    while True:
        found: dict[str, EditError] = {}
        changed = {}
        for path, text in texts.items():
            here = {
                name: own
                for name, edits in groups.items()
                if name not in errors and (own := [edit for file, edit in edits if file == path])
            }
            changed[path], problems = edited(text, here)
            found |= problems
        errors |= found
        if not found or len(texts) == 1:
            return changed, errors


def _not_written(schedule: Schedule, error: EditError, target: _Target) -> Diagnostic:
    message = f"{quoted(schedule.name)} cannot be written to meltano.yml: {error}"
    found = target.by_name.get(schedule.name)
    place = found[0].location if found else schedule.where("name")
    return Diagnostic(rules.NOT_EXPORTED, message, place, "write it by hand")


def _losses(schedule: Schedule, root: Path, target: _Target) -> list[Diagnostic]:
    """Return the warnings about what Meltano cannot express."""
    found = list(losses(schedule))
    if schedule.name not in target.by_name:
        _, others = _comments(root / schedule.source)
        found += [lost_comment(schedule, each.text, each.line, each.column) for each in others]
    return found


def _task_without_run(schedule: Schedule) -> Diagnostic | None:
    """Return the warning that one of the tasks cannot be in a Meltano job."""
    for task in schedule.tasks or ():
        if not task.run:
            message = f"{quoted(schedule.name)} cannot become a Meltano job: {quoted(task.task_id)} has `{task.kind}`"
            hint = "the whole schedule stays only in its own file"
            return Diagnostic(rules.NOT_EXPORTED, message, task.at[task.kind], hint)
    return None


def _edits_of_job(schedule: Schedule, target: _Target) -> _Edits:
    """Add the job of a schedule with tasks, or change the job of an earlier export.

    Raises:
        EditError: another job has that name, or others use it.
    """
    tasks = [task.run for task in schedule.tasks or () if task.run]
    for run in tasks:
        # Meltano splits at each space.
        if words_of(run) != run.split(" ") or is_template(run):
            raise EditError(f"Meltano would interpret {quoted(run)} differently")
    name, jobs = schedule.name, target.meltano.jobs
    if name not in jobs and name not in target.meltano.broken_jobs:
        return [(target.main, Append(("jobs",), NewItem({"name": name, "tasks": tasks})))]
    if name in jobs and list(jobs[name].tasks) == tasks:
        return []
    if target.named_in_jobs[name] - {name}:
        raise EditError(f"another job runs {quoted(name)}")
    if name in target.shared or target.users[name] != [name]:
        raise EditError(f"a different job {quoted(name)} already exists")
    if name not in target.jobs:
        raise EditError(f"the job {quoted(name)} is defined in another file")
    path, index = target.jobs[name]
    return [(path, Set(("jobs", index, "tasks"), tasks))]


def _comments(path: Path) -> tuple[list[str], list[Comment]]:
    """Return the comments at the top of a schedule file, which are exported, and the others."""
    layout = read_layout(text_of(path).removeprefix(BOM))
    first = min(layout.starts, default=1)
    comments = [comment for comment in layout.comments.values() if not _SCHEMA_LINE.match(comment.text)]
    return [c.text for c in comments if c.line < first], [c for c in comments if c.line >= first]
