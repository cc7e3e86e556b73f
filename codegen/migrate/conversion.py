"""Converts a Meltano schedule to a Dagpress schedule, and reports what cannot be carried over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from codegen import rules
from codegen.diagnostics import Diagnostic, Location, has_errors, nearest, quoted
from codegen.meltano import MeltanoProject
from codegen.meltano.scalars import is_text, meltano_date
from codegen.migrate.items import KEYS, Item
from codegen.migrate.schedule_text import lines_of
from codegen.rules import Severity
from codegen.schema import Schedule, read_schedule
from codegen.secrets.detection import is_sensitive
from codegen.source.nodes import Entry, ListNode, MapNode, Node, Scalar, is_null, type_name
from codegen.source.write import to_yaml
from codegen.text.jinja import as_literal, is_template
from codegen.validate import check_one, check_together

_PAIR_KEYS = ("extractor", "loader", "transform")
# These warn about something that exists only in meltano.yml, so the schedule is still needed there.
_LOSSES = {rules.NOT_CARRIED_OVER.code, rules.SECRET_NOT_COPIED.code}
_IN_THE_WORKERS = "set it in the environment of the workers, or write '{{ conn.NAME.password }}' in the schedule"


@dataclass(frozen=True)
class Draft:
    """A Meltano schedule, converted to a Dagpress schedule.

    Attributes:
        schedule: the schedule, before the defaults of any folder.
        lines: its keys as YAML, with their comments.
        warnings: losses and changes of the conversion, and the results of the checks.
    """

    item: Item
    schedule: Schedule
    lines: tuple[str, ...]
    warnings: tuple[Diagnostic, ...]

    @property
    def is_whole(self) -> bool:
        """Whether everything is carried over."""
        return not any(warning.code in _LOSSES for warning in self.warnings)

    def text(self, stem: str, schema: str) -> str:
        """Return the text of the schedule's file, given the file's stem and the path from it to the JSON Schema."""
        name = [] if stem == self.schedule.name else to_yaml({"name": self.schedule.name}).splitlines()
        start = next(n for n, line in enumerate(self.lines) if not line.startswith("#"))
        lines = [f"# yaml-language-server: $schema={schema}", *self.lines[:start], *name, *self.lines[start:]]
        return "\n".join(lines) + "\n"


def convert(
    item: Item, meltano: MeltanoProject, airflow: str, dag_id_prefix: str
) -> tuple[Draft | None, list[Diagnostic]]:
    """Return the draft, or None if the schedule cannot be imported; and all warnings, located in meltano.yml."""
    if not isinstance(item.node, MapNode):
        return None, [not_imported(item, f"a schedule must be a map, got {type_name(item.node)}")]
    if not item.name.strip():
        return None, [not_imported(item, "the schedule has no name", "give it a `name`")]
    if problem := _refusal(item.node, meltano):
        return None, [not_imported(item, f"Meltano itself cannot run {quoted(item.name)}: {problem}")]
    warnings = list(_secrets_in_comments(item))
    entries = _entries(item.node, meltano, warnings)
    lines = lines_of(item, item.node, entries)
    # An unknown key may be meant to be the interval, so the reader reports that there is no interval.
    if "interval" not in entries and item.node.entries.keys() <= set(KEYS):
        message = "the schedule has no interval, so it only runs manually, as in Meltano"
        warnings.append(Diagnostic(rules.NO_INTERVAL, message, item.location, "set `interval` in its file"))
        entries["interval"] = Entry(item.location, Scalar("str", "@manual", item.location))
        lines += to_yaml({"interval": "@manual"}).splitlines()
    file = item.location.path
    schedule, problems = read_schedule(MapNode(entries, item.location), file, f"{item.name}.yml", airflow)
    if schedule:
        schedule = replace(schedule, name=item.name, dag_id_prefix=dag_id_prefix)
        found, states = check_one(schedule, meltano, airflow)
        problems += [*found, *check_together([schedule], {schedule.key: states}, meltano, airflow)]
    problems = [d._replace(location=item.location) if d.location == Location(file) else d for d in problems]
    warnings += [d.with_severity(Severity.WARNING) for d in problems]
    if schedule is None or has_errors(problems):
        what = f"the schedule {quoted(item.name)} is not imported"
        warnings.append(not_imported(item, what, "fix the problems reported for it, and import again"))
        return None, warnings
    if schedule.dag_id_or_default != schedule.default_dag_id:
        # The check has just warned about the ID; a schedule with its own `dag_id` gets no such warning.
        schedule = replace(schedule, dag_id=schedule.dag_id_or_default)
        lines += to_yaml({"dag_id": schedule.dag_id}).splitlines()
    return Draft(item, schedule, tuple(lines), tuple(warnings)), warnings


def _refusal(node: MapNode, meltano: MeltanoProject) -> str:
    """Return the reason why Meltano rejects a schedule, with the fix; empty if Meltano runs it."""
    for key in ("name", "job"):
        given = node.get(key)
        if isinstance(given, Scalar) and not is_null(given) and not is_text(given):
            return f'its `{key}` is not text (write `{key}: "{given.text}"`)'
    job = node.get("job")
    return meltano.refused_jobs.get(job.text, "") if isinstance(job, Scalar) else ""


def not_imported(item: Item, message: str, hint: str = "") -> Diagnostic:
    """Return the warning that a schedule is not imported."""
    return Diagnostic(rules.NOT_IMPORTED, message, item.location, hint)


def _secrets_in_comments(item: Item) -> Iterator[Diagnostic]:
    for comment in (*item.above, *item.inside):
        if is_sensitive("", comment.text):
            message = "this comment seems to contain a secret, and is not copied"
            place = Location(item.location.path, comment.line, comment.column)
            yield Diagnostic(rules.SECRET_NOT_COPIED, message, place, "remove the secret from it")


def _entries(node: MapNode, meltano: MeltanoProject, warnings: list[Diagnostic]) -> dict[str, Entry]:
    """Return the keys of the Dagpress schedule, at their locations in meltano.yml; adds to the warnings."""
    job = node.get("job")
    # The same test as in Meltano (meltano/core/meltano_file.py, `load_schedules`).
    has_job = isinstance(job, Scalar) and not is_null(job) and job.text != ""
    entries = {}
    for key, entry in node.entries.items():
        if key == "annotations":
            message = "`annotations` of a schedule are for other tools, and are not imported"
            warnings.append(_lost(entry, message, _meaning_of(entry.value)))
        elif key not in KEYS:
            hint = nearest(key, KEYS) or "add an equivalent setting to the schedule's file"
            warnings.append(_lost(entry, f"{quoted(key)} is not a key of a schedule, in Meltano or in Dagpress", hint))
        elif is_null(entry.value) or key == "name":
            continue
        elif has_job and key in _PAIR_KEYS:
            message = f"{quoted(key)} is not imported: a schedule with a job runs only that job"
            warnings.append(_lost(entry, message, "remove it"))
        elif value := _value(key, entry.value, meltano, warnings):
            new_key = "tasks" if key == "job" and isinstance(value, ListNode) and value is not entry.value else key
            entries[new_key] = entry._replace(value=value)
    return entries


def _meaning_of(annotations: Node) -> str:
    """Return the hint for annotations: with Meltano Cloud's, a schedule runs only in some environments."""
    cloud = annotations.get("meltano.cloud") if isinstance(annotations, MapNode) else None
    lists = [entry.value for entry in cloud.entries.values()] if isinstance(cloud, MapNode) else []
    names = [
        item.text for node in lists if isinstance(node, ListNode) for item in node.items if isinstance(item, Scalar)
    ]
    if names:
        return f"to run it only in those environments, write `{to_yaml({'only': names}, flow=True).strip()[1:-1]}`"
    return "add an equivalent setting to the schedule's file"


def _value(key: str, node: Node, meltano: MeltanoProject, warnings: list[Diagnostic]) -> Node | None:
    """Return the value of a key in Dagpress: a list for a job that becomes `tasks`; None without a value."""
    if isinstance(node, MapNode) and key == "env":
        values = {name: (entry, _variable(name, entry, warnings)) for name, entry in node.entries.items()}
        variables = {name: entry._replace(value=value) for name, (entry, value) in values.items() if value}
        return MapNode(variables, node.location) if variables else None
    if not isinstance(node, Scalar) or key == "env":
        return node
    if key == "start_date":
        return meltano_date(node)
    if key == "job":
        return _job(node, meltano, warnings)
    text = node.text.strip()
    return Scalar("str", text, node.location) if text or key != "interval" else None


def _job(node: Scalar, meltano: MeltanoProject, warnings: list[Diagnostic]) -> Node | None:
    words = node.text.split()
    names = meltano.names_for_run
    is_job = node.text in meltano.jobs or node.text in meltano.broken_jobs
    are_blocks = len(words) > 1 or any(word in names or word.split(":")[0] in names for word in words)
    job = Scalar("str", node.text, node.location)
    if is_job or not are_blocks or is_template(node.text):
        return job if node.text else None
    message = f"{quoted(node.text)} is not a job but arguments of `meltano run`, and becomes `tasks`"
    warnings.append(Diagnostic(rules.JOB_IS_TASKS, message, node.location, "check that its DAG runs what you want"))
    return ListNode((job,), node.location)


def _variable(name: str, entry: Entry, warnings: list[Diagnostic]) -> Node | None:
    """Return the value of an environment variable in Dagpress; None if it is not carried over."""
    value = entry.value
    if is_null(value):
        message = f"{quoted(name)} has no value, so Meltano cannot run the schedule"
        warnings.append(_lost(entry, message, "remove it, or set a value"))
        return None
    if not isinstance(value, Scalar):
        return value
    if is_sensitive(name, value.text):
        message = f"the value of {quoted(name)} looks like a secret, and is not copied"
        warnings.append(Diagnostic(rules.SECRET_NOT_COPIED, message, entry.key_location, _IN_THE_WORKERS))
        return None
    if not is_text(value):
        what = "a number" if value.kind == "str" else type_name(value)
        message = f"Meltano cannot run with {what} in `env`; it is imported as the text {quoted(value.text)}"
        warnings.append(Diagnostic(rules.ENV_NOT_TEXT, message, value.location, "check that it is what you want"))
    text = as_literal(value.text) if is_template(value.text) else value.text
    return Scalar("str", text, value.location)


def _lost(entry: Entry, message: str, hint: str) -> Diagnostic:
    return Diagnostic(rules.NOT_CARRIED_OVER, message, entry.key_location, hint)
