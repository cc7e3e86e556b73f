"""Plans the export of every schedule of the project into meltano.yml."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from codegen import pipeline, rules
from codegen.diagnostics import Diagnostic, has_errors, in_order, quoted
from codegen.meltano import MeltanoProject
from codegen.migrate.items import BOM, Item, name_of, read_items, text_of
from codegen.migrate.meltano_item import item_of, losses, lost_comment
from codegen.migrate.meltano_text import items_in, text_of_node, with_changed_schedule, with_schedule
from codegen.pipeline import Reading
from codegen.project import Project
from codegen.schema import Schedule
from codegen.source.comments import Comment, read_layout
from codegen.source.edit import EditError, append, set_value
from codegen.source.nodes import MapNode
from codegen.sync.changes import Action, Change
from codegen.text.jinja import is_template
from codegen.text.shell import words_of

_SCHEMA_LINE = re.compile(r"# yaml-language-server:")


@dataclass
class Export:
    """The result of an export.

    Attributes:
        exported: how many schedules are in meltano.yml afterwards.
        diagnostics: what Meltano cannot express; with an error among them, nothing may be written.
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
    for schedule in schedules:
        is_exported, found = _export(schedule, project.root, target)
        plan.exported += is_exported
        plan.diagnostics += found
    plan.changes = [
        Change(name_of(path, project.root), Action.UPDATE, before[path], text)
        for path, text in target.texts.items()
        if text != before[path]
    ]
    plan.diagnostics = in_order(plan.diagnostics)
    return plan


def _for_all_environments(project: Project, reading: Reading) -> tuple[list[Schedule], list[Diagnostic]]:
    """The schedules without `environments`, which Meltano does not have; and a warning for each error in those."""
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


@dataclass
class _Target:
    """The Meltano project that an export changes.

    Attributes:
        main: its meltano.yml.
        items: its schedules.
        shared: the jobs that schedules of ours name.
        texts: its files, changed so far.
    """

    main: Path
    items: list[Item]
    meltano: MeltanoProject
    shared: set[str]
    texts: dict[Path, str]

    def item(self, name: str) -> Item | None:
        """The schedule that Meltano runs under that name, which is the first."""
        return next((item for item in self.items if item.name == name and isinstance(item.node, MapNode)), None)


def _export(schedule: Schedule, root: Path, target: _Target) -> tuple[bool, list[Diagnostic]]:
    """Change the texts; whether the schedule is in them, and what Meltano cannot express."""
    if problem := _task_without_run(schedule):
        return False, [problem]
    item, found = target.item(schedule.name), list[Diagnostic]()
    try:
        texts = _with_job(schedule, item, target) if schedule.tasks else target.texts
        found += losses(schedule)
        head, others = _comments(root / schedule.source)
        if item and isinstance(item.node, MapNode):
            text = with_changed_schedule(texts[item.path], item.index, item.node, item_of(schedule))
            target.texts = texts | {item.path: text}
        else:
            target.texts = texts | {target.main: with_schedule(texts[target.main], item_of(schedule), head)}
            found += [lost_comment(schedule, each.text, each.line, each.column) for each in others]
    except EditError as error:
        message = f"{quoted(schedule.name)} cannot be written to meltano.yml: {error}"
        place = item.location if item else schedule.where("name")
        return False, [*found, Diagnostic(rules.NOT_EXPORTED, message, place, "write it by hand")]
    return True, found


def _task_without_run(schedule: Schedule) -> Diagnostic | None:
    """The warning that a job of Meltano cannot have one of the tasks."""
    for task in schedule.tasks or ():
        if not task.run:
            message = f"{quoted(schedule.name)} cannot be a job of Meltano: {quoted(task.task_id)} has `{task.kind}`"
            hint = "it stays in the schedule's file alone, as a whole"
            return Diagnostic(rules.NOT_EXPORTED, message, task.at[task.kind], hint)
    return None


def _with_job(schedule: Schedule, item: Item | None, target: _Target) -> dict[Path, str]:
    """The texts with the job of a schedule that has tasks; the job of an earlier export is changed.

    Raises:
        EditError: another job has that name, others use it, or it cannot be written in place.
    """
    tasks = [task.run for task in schedule.tasks or () if task.run]
    for run in tasks:
        # Meltano splits at each space.
        if words_of(run) != run.split(" ") or is_template(run):
            raise EditError(f"Meltano would read {quoted(run)} in another way")
    name, jobs, texts = schedule.name, target.meltano.jobs, target.texts
    if name not in jobs and name not in target.meltano.broken_jobs:
        return texts | {target.main: append(texts[target.main], ("jobs",), {"name": name, "tasks": tasks})}
    if name in jobs and list(jobs[name].tasks) == tasks:
        return texts
    if name in target.shared or item is None or _users(name, target) != [item]:
        raise EditError(f"there is a job {quoted(name)} already, which does something else")
    for path, text in texts.items():
        for index, node in enumerate(items_in(text, "jobs")):
            if text_of_node(node.get("name")) == name:
                return texts | {path: set_value(text, ("jobs", index, "tasks"), tasks)}
    raise EditError(f"the job {quoted(name)} stands in another file")


def _users(job: str, target: _Target) -> list[Item]:
    """The schedules of Meltano that run a job.

    Raises:
        EditError: another job runs it.
    """
    others = (other for name, other in target.meltano.jobs.items() if name != job)
    if any(job in words_of(task) for other in others for task in other.tasks):
        raise EditError(f"another job runs {quoted(job)}")
    return [i for i in target.items if isinstance(i.node, MapNode) and text_of_node(i.node.get("job")) == job]


def _comments(path: Path) -> tuple[list[str], list[Comment]]:
    """The comments at the top of a schedule file, which are exported, and the others."""
    layout = read_layout(text_of(path).removeprefix(BOM))
    first = min(layout.starts, default=1)
    comments = [comment for comment in layout.comments.values() if not _SCHEMA_LINE.match(comment.text)]
    return [c.text for c in comments if c.line < first], [c for c in comments if c.line >= first]
