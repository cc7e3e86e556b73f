"""Plans the import of all schedules of a Meltano project: the files to write, and the schedules that stay."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from itertools import count
from pathlib import Path, PurePosixPath

from codegen import pipeline, rules
from codegen.cache import Cache
from codegen.diagnostics import Diagnostic, has_errors, in_order, printable, quoted
from codegen.files import exists, read_bytes
from codegen.loader import SUFFIXES
from codegen.meltano import read_meltano_project
from codegen.migrate.conversion import Draft, convert, not_imported
from codegen.migrate.items import read_items
from codegen.pipeline import Reading
from codegen.project import Project, is_excluded
from codegen.rules import Severity
from codegen.schema import Schedule
from codegen.schema.export import SCHEMA_NAME
from codegen.schema.model import file_stem
from codegen.sync.changes import Change
from codegen.sync.header import is_generated
from codegen.text.ids import file_key
from codegen.validate.secrets import without_quoted_secrets

# The fields about a schedule's file and environment, which Meltano does not have.
_NOT_IN_MELTANO = {"source", "relative", "deployment", "state_suffix", "dag_file", "environments", "only"}
# The fields with the keys of the runners and of Airflow, which Meltano does not have either.
_MAPS = {"settings", "arguments"}


@dataclass(frozen=True)
class Imported:
    """A Meltano schedule and its file.

    Attributes:
        file: its path in the project.
        before: the file's text; None if it is missing.
        after: the file's new text.
    """

    draft: Draft
    file: str
    before: str | None
    after: str

    @property
    def change(self) -> Change | None:
        """The change to write."""
        return Change.between(self.file, self.before, self.after)


@dataclass
class Import:
    """The result of an import.

    Attributes:
        found: how many schedules Meltano has.
        names: their names.
        imported: those with an equivalent file, new or existing.
        stays: the reasons why some of those must stay in meltano.yml, by name.
        reading: the project with the new files; None without schedules to import.
        diagnostics: what is not carried over; if one is an error, nothing may be written.
    """

    found: int = 0
    names: list[str] = field(default_factory=list)
    imported: list[Imported] = field(default_factory=list)
    stays: dict[str, str] = field(default_factory=dict)
    reading: Reading | None = None
    diagnostics: list[Diagnostic] = field(default_factory=list)

    @property
    def changes(self) -> list[Change]:
        """The schedule files to write."""
        return [change for each in self.imported if (change := each.change)]

    @property
    def left(self) -> list[str]:
        """The names of the schedules that were not imported."""
        imported = {each.draft.item.name for each in self.imported}
        return [name for name in self.names if name not in imported]

    @property
    def overlay(self) -> dict[str, str | None]:
        """The new texts of those files, as the pipeline takes them."""
        return {change.name: change.after for change in self.changes}


def plan_import(project: Project, *, force: bool) -> Import:
    """Plan the import of `project.meltano_project`, which must have a meltano.yml; nothing is written.

    Args:
        project: the project that gets the schedules.
        force: whether to replace files with a different schedule.
    """
    cache = Cache()
    meltano, diagnostics = read_meltano_project(project.root, project.meltano_project, cache)
    if meltano is None or has_errors(diagnostics):
        return Import(diagnostics=diagnostics)
    items, problems = read_items(meltano)
    names = list(dict.fromkeys(item.name for item in items if item.name))
    plan = Import(found=len(items), names=names, diagnostics=[*diagnostics, *problems])
    if not items:
        return plan
    drafts, known = list[Draft](), set[str]()
    for item in items:
        # Of several schedules with a name, Meltano runs the first (meltano/core/schedule_service.py, `find_schedule`).
        if item.name and item.name in known:
            message = f"an earlier schedule is also named {quoted(item.name)}, and Meltano runs that one"
            plan.diagnostics.append(not_imported(item, message, "rename or remove it"))
            plan.stays[item.name] = "Meltano would run another schedule of the same name"
            continue
        if item.is_named:
            known.add(item.name)
        draft, problems = convert(item, meltano, project.airflow, project.dag_id_prefix)
        plan.diagnostics += problems
        drafts += [draft] if draft else []
    _add_files(drafts, project, plan, cache, force=force)
    _check_files(project, plan, cache)
    plan.diagnostics = in_order(without_quoted_secrets(plan.diagnostics))
    return plan


def _add_files(drafts: list[Draft], project: Project, plan: Import, cache: Cache, *, force: bool) -> None:
    """Add each draft with its file to the plan, unless another file or schedule conflicts with it."""
    # Meltano's schedules are the same in all environments.
    existing = pipeline.read(project, base=True, cache=cache).schedules
    by_name = {schedule.name: schedule for schedule in existing}
    folder = project.relative(project.schedules)
    sources = [PurePosixPath(schedule.source) for schedule in existing]
    # A broken file may be replaced: it may be the one to import again.
    taken = {file_key(source.name) for source in sources if source.parent.as_posix() == folder}
    owners = {schedule.dag_id_or_default: schedule.name for schedule in existing}
    # Schedules that can keep their name as file name come first, before those that need another one.
    for draft in sorted(drafts, key=lambda draft: file_stem(draft.schedule.name) != draft.schedule.name):
        schedule = draft.schedule
        owner = owners.setdefault(schedule.dag_id_or_default, schedule.name)
        if owner != schedule.name:
            message = f"its DAG ID would be {quoted(schedule.dag_id_or_default)}, which {quoted(owner)} already has"
            hint = "rename one of them, or write its file by hand with another `dag_id`"
            plan.diagnostics.append(not_imported(draft.item, message, hint))
            continue
        old = by_name.get(schedule.name)
        file = old.source if old else f"{folder}/{_free_name(file_stem(schedule.name), taken)}"
        imported = _imported(draft, file, project, old)
        if conflict := _conflict(imported, project, force=force):
            plan.diagnostics.append(conflict)
        else:
            plan.imported.append(imported)
    order = {draft.schedule.name: number for number, draft in enumerate(drafts)}
    plan.imported.sort(key=lambda each: order[each.draft.schedule.name])


def _free_name(stem: str, taken: set[str]) -> str:
    """Choose a file name that is free, also on macOS and Windows, and mark it as taken."""
    stems = (stem if number == 1 else f"{stem}_{number}" for number in count(1))
    free = next(each for each in stems if taken.isdisjoint(file_key(f"{each}{suffix}") for suffix in SUFFIXES))
    taken.add(file_key(f"{free}.yml"))
    return f"{free}.yml"


def _imported(draft: Draft, file: str, project: Project, old: Schedule | None) -> Imported:
    path = project.root / file
    schema = os.path.relpath(project.schedules / SCHEMA_NAME, path.parent).replace(os.sep, "/")
    text = draft.text(path.stem, schema)
    before = _text(path)
    is_same = before is not None and (before.replace("\r\n", "\n") == text or (old and _differences(old, draft) == []))
    return Imported(draft, file, before, before if is_same and before is not None else text)


def _conflict(imported: Imported, project: Project, *, force: bool) -> Diagnostic | None:
    item, file = imported.draft.item, imported.file
    if is_excluded(project, file):
        message = f"{printable(file)} is excluded by the configuration"
        return not_imported(item, message, "change `exclude`, or rename the schedule")
    if foreign := _foreign_dag(file, project):
        message = f"{printable(foreign)}, the path of its DAG file, was not generated by Dagpress"
        return not_imported(item, message, "rename that file, or the schedule")
    if imported.before is not None and imported.change and not force:
        message = f"{printable(file)} differs from the schedule {quoted(item.name)}, and is kept"
        return Diagnostic(rules.KEPT, message, item.location, "pass `--force` to replace it")
    return None


def _foreign_dag(file: str, project: Project) -> str:
    """Return the file at the path of the schedule's DAG file, if it was not generated by Dagpress; else empty."""
    relative = PurePosixPath(file).relative_to(project.relative(project.schedules)).as_posix()
    for name in project.deployments or ("",):
        path = project.root / project.dag_file(relative, name)
        if exists(path) and not is_generated(_text(path) or ""):
            return project.relative(path)
    return ""


def _text(path: Path) -> str | None:
    """Return a file's text, which is empty if it cannot be read; None if it is missing."""
    try:
        return read_bytes(path).decode("utf-8", "replace") if exists(path) else None
    except OSError:
        return ""


def _differences(schedule: Schedule, draft: Draft) -> list[str]:
    """Return the keys that differ between the schedule of a file and a draft."""
    names = (f.name for f in fields(schedule) if f.compare and f.name not in _NOT_IN_MELTANO)
    if schedule.state_id == draft.schedule.name:
        schedule = replace(schedule, state_id=draft.schedule.state_id)
    own = [name for name in names if getattr(schedule, name) != getattr(draft.schedule, name)]
    return [key for name in own for key in ({**schedule.settings, **schedule.arguments} if name in _MAPS else [name])]


def _check_files(project: Project, plan: Import, cache: Cache) -> None:
    """Read the new files as part of the project; one with an error is left out, and the others are read again."""
    while True:
        plan.reading = reading = pipeline.read(project, plan.overlay, cache=cache)
        errors = [d for d in reading.diagnostics if d.is_error and d.code != rules.NO_SCHEDULES.code]
        mine = {each.file: each for each in plan.imported if each.change}
        broken = {d.location.path for d in errors} & mine.keys()
        if not broken:
            break
        for error in errors:
            if error.location.path in broken:
                item = mine[error.location.path].draft.item
                message = f"the schedule {quoted(item.name)} is not imported"
                plan.diagnostics.append(error._replace(location=item.location).with_severity(Severity.WARNING))
                plan.diagnostics.append(not_imported(item, message, "fix it, and import again"))
        plan.imported = [each for each in plan.imported if each.file not in broken]
    plan.diagnostics += errors
    base = pipeline.read(project, plan.overlay, base=True, cache=cache) if project.deployments else reading
    _report_defaults(base.schedules, plan)


def _report_defaults(schedules: Iterable[Schedule], plan: Import) -> None:
    """Add a warning for each schedule with other values than in Meltano because of `_defaults.yml`."""
    imported = {each.file: each for each in plan.imported}
    for schedule in schedules:
        each = imported.get(schedule.source)
        if each and (keys := _differences(schedule, each.draft)):
            sources = sorted({printable(schedule.where(key).path) for key in keys} - {printable(schedule.source)})
            where = ", ".join(sources) or PurePosixPath(schedule.source).name
            message = f"{where} changes {', '.join(quoted(key) for key in keys)} compared to Meltano"
            hint = f"override it in {printable(schedule.source)}"
            plan.diagnostics.append(Diagnostic(rules.BY_DEFAULTS, message, each.draft.item.location, hint))
            plan.stays[schedule.name] = "defaults change it"
