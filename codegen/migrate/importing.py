"""Plans the import of a whole Meltano project: which files it writes, what it keeps, and what stays behind."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, fields, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from codegen import pipeline, rules
from codegen.diagnostics import Diagnostic, has_errors, in_order, printable, quoted
from codegen.loader import SUFFIXES
from codegen.meltano import read_meltano_project
from codegen.migrate.conversion import Draft, convert, not_imported
from codegen.migrate.source import Item, read_items
from codegen.project import Project, is_excluded
from codegen.rules import Severity
from codegen.schema.export import SCHEMA_NAME
from codegen.schema.model import file_stem
from codegen.sync.changes import Change
from codegen.sync.header import is_generated

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from codegen.schema import Schedule


# Where a schedule is, of which Meltano knows nothing.
_NOT_OF_MELTANO = {"source", "relative", "deployment", "state_suffix", "environments", "only"}


@dataclass(frozen=True)
class Imported:
    """A schedule of Meltano and its file.

    Attributes:
        draft: what it means.
        file: its path in the project.
        before: the file's text, or nothing where there is none.
        after: what its text will be.
    """

    draft: Draft
    file: str
    before: str | None
    after: str

    @property
    def change(self) -> Change | None:
        """What has to be written."""
        return Change.between(self.file, self.before, self.after)


@dataclass
class Import:
    """What an import does.

    Attributes:
        found: how many schedules Meltano has.
        imported: those that have a file which says the same, now or before.
        stays: why some of those must stay in meltano.yml, by name.
        diagnostics: what did not come along; with an error among them, nothing may be written.
    """

    found: int = 0
    imported: list[Imported] = field(default_factory=list)
    stays: dict[str, str] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)

    @property
    def changes(self) -> list[Change]:
        """The schedule files to write."""
        return [change for each in self.imported if (change := each.change)]

    @property
    def overlay(self) -> dict[str, str | None]:
        """Those files, as the pipeline takes them."""
        return {change.name: change.after for change in self.changes}


def plan_import(project: Project, *, force: bool) -> Import:
    """Plan the import of `project.meltano_project`, which must have a meltano.yml; nothing is written.

    Args:
        project: where the schedules go.
        force: whether a file that says something else is replaced.
    """
    meltano, diagnostics = read_meltano_project(project.root, project.meltano_project)
    if meltano is None or has_errors(diagnostics):
        return Import(diagnostics=diagnostics)
    items, problems = read_items(meltano)
    plan = Import(found=len(items), diagnostics=[*diagnostics, *problems])
    if not items:
        return plan
    drafts = []
    for item, is_first in _with_first(items):
        if is_first:
            draft, problems = convert(item, meltano, project.airflow, project.dag_id_prefix)
            plan.diagnostics += problems
            drafts += [draft] if draft else []
        else:
            message = f"there is a schedule {quoted(item.name)} before, which is the one that Meltano runs"
            plan.diagnostics.append(not_imported(item, message, "rename or remove it"))
            plan.stays[item.name] = "another of its name would take its place"
    _place(drafts, project, plan, force=force)
    _check_by_the_front_door(project, plan)
    plan.diagnostics = in_order(plan.diagnostics)
    return plan


def _with_first(items: Iterable[Item]) -> Iterator[tuple[Item, bool]]:
    """Each item, and whether it is the first of its name (meltano/core/schedule_service.py, `find_schedule`)."""
    names: set[str] = set()
    for item in items:
        yield item, item.name not in names
        names |= {item.name} - {""}


def _place(drafts: list[Draft], project: Project, plan: Import, *, force: bool) -> None:
    """Give each draft its file, unless another file or another schedule is in the way."""
    # Meltano's schedules are the same in all environments.
    existing = pipeline.read(project, base=True).schedules
    by_name = {schedule.name: schedule for schedule in existing}
    files = _Files(project, existing)
    owners = {schedule.dag_id_or_default: schedule.name for schedule in existing}
    # What has its own name as an id and a file comes before what would need another's.
    for draft in sorted(drafts, key=lambda draft: file_stem(draft.schedule.name) != draft.schedule.name):
        schedule = draft.schedule
        owner = owners.setdefault(schedule.dag_id_or_default, schedule.name)
        if owner != schedule.name:
            message = f"its DAG id would be {quoted(schedule.dag_id_or_default)}, as that of {quoted(owner)}"
            hint = "rename one of them, or write its file by hand with another `dag_id`"
            plan.diagnostics.append(not_imported(draft.item, message, hint))
            continue
        old = by_name.get(schedule.name)
        file = old.source if old else files.free(schedule.name)
        imported = _imported(draft, file, project, old)
        if is_excluded(project, file):
            message = f"{printable(file)} is excluded by the configuration"
            plan.diagnostics.append(not_imported(draft.item, message, "change `exclude`, or rename the schedule"))
        elif foreign := _foreign_dag(file, project):
            message = f"{printable(foreign)}, where its DAG belongs, was not generated by Dagpress"
            plan.diagnostics.append(not_imported(draft.item, message, "rename that file, or the schedule"))
        elif imported.before is not None and imported.change and not force:
            message = f"{printable(file)} says something else than {quoted(schedule.name)}, and is kept"
            warning = Diagnostic(rules.KEPT, message, draft.item.location, "`--force` replaces it")
            plan.diagnostics.append(warning)
        else:
            plan.imported.append(imported)
    order = {draft.schedule.name: number for number, draft in enumerate(drafts)}
    plan.imported.sort(key=lambda each: order[each.draft.schedule.name])


def _foreign_dag(file: str, project: Project) -> str:
    """The file that somebody else wrote where the schedule's DAG file would be, or nothing."""
    relative = PurePosixPath(file).relative_to(project.relative(project.schedules))
    for name in project.deployments or ("",):
        path = project.generated_dags / name / relative.with_suffix(".py")
        if path.exists() and not is_generated(_text(path) or ""):
            return project.relative(path)
    return ""


def _text(path: Path) -> str | None:
    """A file's text, which is empty where it cannot be read; nothing where there is none."""
    try:
        return path.read_bytes().decode("utf-8", "replace") if path.exists() else None
    except OSError:
        return ""


def _imported(draft: Draft, file: str, project: Project, old: Schedule | None) -> Imported:
    path = project.root / file
    schema = os.path.relpath(project.schedules / SCHEMA_NAME, path.parent).replace(os.sep, "/")
    text = draft.text(path.stem, schema)
    before = _text(path)
    is_same = before is not None and (before.replace("\r\n", "\n") == text or (old and _differences(old, draft) == []))
    return Imported(draft, file, before, before if is_same and before is not None else text)


# The fields that hold keys of the runners and of Airflow; Meltano has none of them.
_MAPS = {"settings", "arguments"}


def _differences(schedule: Schedule, draft: Draft) -> list[str]:
    """The keys in which the schedule of a file is not what the draft means."""
    names = (f.name for f in fields(schedule) if f.compare and f.name not in _NOT_OF_MELTANO)
    if schedule.state_id == draft.schedule.name:
        schedule = replace(schedule, state_id=draft.schedule.state_id)
    own = [name for name in names if getattr(schedule, name) != getattr(draft.schedule, name)]
    return [key for name in own for key in ({**schedule.settings, **schedule.arguments} if name in _MAPS else [name])]


class _Files:
    """Finds a file for each schedule that has none."""

    def __init__(self, project: Project, existing: Iterable[Schedule]) -> None:
        self._folder = project.relative(project.schedules)
        sources = [PurePosixPath(schedule.source) for schedule in existing]
        # A broken file is in nobody's way: it may be the one that is to be imported anew.
        self._taken = {source.name.lower() for source in sources if source.parent.as_posix() == self._folder}

    def free(self, name: str) -> str:
        """A file that is nobody's, on a file system too that knows no capitals."""
        stem, number = file_stem(name), 1
        candidate = stem
        while any(f"{candidate}{suffix}".lower() in self._taken for suffix in SUFFIXES):
            number += 1
            candidate = f"{stem}_{number}"
        self._taken.add(f"{candidate}.yml".lower())
        return f"{self._folder}/{candidate}.yml"


def _check_by_the_front_door(project: Project, plan: Import) -> None:
    """Read the new files as any others; one with an error that nobody foresaw is left out, and the others go on."""
    while True:
        reading = pipeline.read(project, plan.overlay)
        errors = [d for d in reading.diagnostics if d.is_error and d.code != rules.NO_SCHEDULES.code]
        mine = {each.file: each for each in plan.imported if each.change}
        broken = {d.location.path for d in errors} & mine.keys()
        plan.diagnostics += _rejected(errors, mine)
        plan.imported = [each for each in plan.imported if each.file not in broken]
        if not broken:
            break
    plan.diagnostics += [d for d in errors if d.location.path not in mine]
    base = pipeline.read(project, plan.overlay, base=True) if project.deployments else reading
    for warning, name in _by_defaults(base.schedules, {each.file: each for each in plan.imported}):
        plan.diagnostics.append(warning)
        plan.stays[name] = "defaults make it another schedule"


def _rejected(errors: Iterable[Diagnostic], mine: Mapping[str, Imported]) -> Iterator[Diagnostic]:
    for error in errors:
        if each := mine.get(error.location.path):
            item = each.draft.item
            yield replace(error, location=item.location).with_severity(Severity.WARNING)
            yield not_imported(item, f"the schedule {quoted(item.name)} is not imported", "fix it, and import again")


def _by_defaults(schedules: Iterable[Schedule], imported: Mapping[str, Imported]) -> Iterator[tuple[Diagnostic, str]]:
    """A warning for each schedule, with its name, that `_defaults.yml` makes another than it is in Meltano."""
    for schedule in schedules:
        each = imported.get(schedule.source)
        if each and (keys := _differences(schedule, each.draft)):
            sources = sorted({printable(schedule.where(key).path) for key in keys} - {printable(schedule.source)})
            where = ", ".join(sources) or PurePosixPath(schedule.source).name
            message = f"{where} gives it another {', '.join(quoted(key) for key in keys)} than it has in Meltano"
            hint = f"write what it should have into {printable(schedule.source)}"
            yield Diagnostic(rules.BY_DEFAULTS, message, each.draft.item.location, hint), schedule.name
