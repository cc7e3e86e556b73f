"""Reads the nodes of a file into a schedule, and reports unknown, invalid and missing keys."""

from __future__ import annotations

from pathlib import PurePosixPath

from codegen import rules
from codegen.diagnostics import Diagnostic, Location
from codegen.keys.field_type import Report
from codegen.keys.table import read_keys, resolve_key
from codegen.schema.inherited import over_tasks
from codegen.schema.model import Schedule
from codegen.schema.pair import PAIR, PAIR_OPTIONS, check_pair
from codegen.schema.table import schedule_table
from codegen.schema.task_defaults import fields_of
from codegen.source.nodes import MapNode, has_trap


def read_schedule(
    root: MapNode, source: str, relative: str, airflow: str, deployment: str = "", **given: str
) -> tuple[Schedule | None, list[Diagnostic]]:
    """Return the schedule of a document with its defaults merged in, or None if it has errors; and the errors.

    `source`, `relative`, `deployment` and `given` are fields of `Schedule`; the stem of `relative` is the default name.
    """
    diagnostics: list[Diagnostic] = []
    table = schedule_table(airflow)
    root = over_tasks(root, table)
    values, places = read_keys(table, root, diagnostics.append, "a schedule")
    values.setdefault("name", PurePosixPath(relative).stem)
    # A misspelled key, or the name from another tool, does not count as missing.
    meant = {resolve_key(name, table.rows) for name in root.entries}
    _check_what_runs(root, meant, Location(source), diagnostics.append)
    if not meant & {"interval", "after"}:
        hint = 'add `interval: "@daily"`, or `interval: "@manual"` for manual runs only, or `after: other-schedule`'
        message = "the schedule has no `interval`"
        diagnostics.append(Diagnostic(rules.MISSING_KEY, message, Location(source), hint, "interval"))
    if diagnostics or has_trap(root):
        return None, diagnostics
    fields = {**fields_of(Schedule, values), **given}
    return Schedule(**fields, source=source, relative=relative, deployment=deployment, at=places), []


def read_defaults(root: MapNode, relative: str, airflow: str, deployment: str = "") -> Schedule:
    """Return a schedule with only the defaults of a folder, without invalid values."""
    values, places = read_keys(schedule_table(airflow), root, lambda _: None, "a schedule")
    fields = fields_of(Schedule, {**values, "name": ""})
    return Schedule(**fields, source="", relative=relative, deployment=deployment, at=places)


def _check_what_runs(root: MapNode, meant: set[str], file: Location, report: Report) -> None:
    """Report a schedule without exactly one of a pair, a job and tasks, and keys that do not apply to it."""
    pair = [name for name in PAIR if name in root.entries]
    kinds = [name for name in ("job", "tasks") if name in root.entries]
    if not meant & {*PAIR, "job", "tasks"}:
        hint = "add `extractor` and `loader`, or `job`, or `tasks`"
        report(Diagnostic(rules.MISSING_KEY, "the schedule has nothing to run", file, hint, "extractor"))
        return
    at = {name: root.entries[name].key_location for name in root.entries}
    if len(kinds) + bool(pair) > 1:
        names, hint = [*pair, *kinds], "keep `extractor` and `loader`, or `job`, or `tasks`"
        message = f"{', '.join(f'`{name}`' for name in names)} are mutually exclusive"
        report(Diagnostic(rules.MIXED_KINDS, message, at[names[-1]], hint))
        return
    check_pair(root.entries, meant, report)
    required = "`extractor` and `loader`" if kinds else "`job` or `tasks`"
    for name in PAIR_OPTIONS if kinds else ("state_id_suffix",):
        if name in at:
            report(Diagnostic(rules.MIXED_KINDS, f"`{name}` requires {required}", at[name], "remove it"))
