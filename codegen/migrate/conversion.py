"""Makes a schedule of Dagpress of one of Meltano, and says what of it cannot come along."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from codegen import rules
from codegen.diagnostics import Diagnostic, InvalidError, Location, has_errors, nearest, quoted
from codegen.keys.scalars import DateTime
from codegen.meltano.scalars import is_text
from codegen.rules import Severity
from codegen.schema import Schedule, read_schedule
from codegen.secrets.detection import holds_secret, is_secret
from codegen.source.nodes import Entry, ListNode, MapNode, Node, Scalar, is_null, named
from codegen.source.write import to_yaml
from codegen.text.jinja import as_literal, is_template
from codegen.validate import check_one, check_together

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from codegen.meltano import MeltanoProject
    from codegen.migrate.source import Item
    from codegen.rules import Rule
    from codegen.source.comments import Comment

_KEYS = ("name", "extractor", "loader", "transform", "interval", "start_date", "env", "job")
_OF_AN_EXTRACTOR = ("extractor", "loader", "transform")
# What these are about did not come along, so the schedule in meltano.yml is still needed.
_LOSSES = {rules.NOT_CARRIED_OVER.code, rules.SECRET_NOT_COPIED.code}
_IN_THE_WORKERS = "set it in the environment of the workers, or write '{{ conn.NAME.password }}' in the schedule"
# YAML's timestamp (https://yaml.org/type/timestamp.html), which allows more than we do.
_TIMESTAMP = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:(?:[Tt]|[ \t]+)(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d*))?)?"
    r"(?:[ \t]*(?:([Zz])|([-+])(\d{1,2})(?::?(\d{2}))?))?)?"
)


@dataclass(frozen=True)
class Draft:
    """A schedule of Meltano as one of Dagpress.

    Attributes:
        item: where it comes from.
        schedule: what it means, before the defaults of any folder.
        lines: its keys as YAML, with their comments.
        warnings: what does not come along as it is, and what the checks found.
    """

    item: Item
    schedule: Schedule
    lines: tuple[str, ...]
    warnings: tuple[Diagnostic, ...]

    @property
    def is_whole(self) -> bool:
        """Whether everything came along."""
        return not any(warning.code in _LOSSES for warning in self.warnings)

    def text(self, stem: str, schema: str) -> str:
        """The schedule's file.

        Args:
            stem: the file's name, which is the schedule's unless the text says otherwise.
            schema: the way from the file to the JSON Schema.
        """
        name = [] if stem == self.schedule.name else to_yaml({"name": self.schedule.name}).splitlines()
        start = next(n for n, line in enumerate(self.lines) if not line.startswith("#"))
        lines = [f"# yaml-language-server: $schema={schema}", *self.lines[:start], *name, *self.lines[start:]]
        return "\n".join(lines) + "\n"


def convert(
    item: Item, meltano: MeltanoProject, airflow: str, dag_id_prefix: str
) -> tuple[Draft | None, list[Diagnostic]]:
    """Convert one schedule.

    Args:
        item: the schedule as it stands in meltano.yml.
        meltano: its project.
        airflow: the version, one of `VERSIONS`.
        dag_id_prefix: the beginning of the DAG ids in the project.

    Returns:
        The draft, or nothing where it cannot be imported; and all warnings, at their places in meltano.yml.
    """
    if not isinstance(item.node, MapNode):
        return None, [not_imported(item, f"a schedule must be a map, got {named(item.node)}")]
    if not item.name.strip():
        return None, [not_imported(item, "the schedule has no name", "give it a `name`")]
    conversion = _Conversion(item, item.node, meltano)
    conversion.run()
    file = item.location.path
    schedule, problems = read_schedule(conversion.root, file, f"{item.name}.yml", airflow)
    if schedule:
        schedule = replace(schedule, name=item.name, dag_id_prefix=dag_id_prefix)
        problems += [*check_one(schedule, meltano, airflow), *check_together([schedule], meltano, airflow)]
    problems = [replace(d, location=item.location) if d.location == Location(file) else d for d in problems]
    warnings = [*conversion.warnings, *(d.with_severity(Severity.WARNING) for d in problems)]
    if schedule is None or has_errors(problems):
        what = f"the schedule {quoted(item.name)} is not imported"
        warnings.append(not_imported(item, what, "fix what is reported about it, and import again"))
        return None, warnings
    if schedule.dag_id_or_default != schedule.default_dag_id:
        # Said once, here: with an id of its own the schedule gives no warning any more.
        schedule = replace(schedule, dag_id=schedule.dag_id_or_default)
        conversion.put("dag_id", schedule.dag_id_or_default)
    return Draft(item, schedule, tuple(conversion.lines), tuple(warnings)), warnings


def not_imported(item: Item, message: str, hint: str = "") -> Diagnostic:
    """The warning that a schedule stays where it is."""
    return Diagnostic(rules.NOT_IMPORTED, message, item.location, hint)


@dataclass
class _Conversion:
    """Goes through the keys of one schedule in their order, and takes the comments along."""

    item: Item
    node: MapNode
    meltano: MeltanoProject
    lines: list[str] = field(default_factory=list)
    warnings: list[Diagnostic] = field(default_factory=list)
    entries: dict[str, Entry] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._comments = list(self.item.inside)
        job = self.node.get("job")
        # Meltano asks in the same way (meltano/core/meltano_file.py, `load_schedules`).
        self._job = job if isinstance(job, Scalar) and not is_null(job) and job.text else None

    @property
    def root(self) -> MapNode:
        return MapNode(self.entries, self.node.location)

    def run(self) -> None:
        self._take(self.item.above)
        for key, entry in self.node.entries.items():
            self._take_until(entry)
            self._key(key, entry)
        self._take(self._comments)
        if "interval" not in self.entries:
            self._without_interval()

    def put(self, key: str, value: str) -> None:
        """Add a key that Meltano does not have."""
        self._put(to_yaml({key: value}), None)

    def _key(self, key: str, entry: Entry) -> None:
        if key not in _KEYS:
            known = nearest(key, _KEYS)
            hint = known or "write what it should do into the schedule's file"
            self._lose(entry, f"Meltano and Dagpress know no {quoted(key)} of a schedule", hint)
        elif is_null(entry.value) or key == "name":
            return
        elif self._job and key in _OF_AN_EXTRACTOR:
            message = f"{quoted(key)} is not carried over: a schedule with a job runs that job alone"
            self._lose(entry, message, "remove it")
        elif key == "env":
            self._env(entry)
        elif not isinstance(entry.value, Scalar):
            self.entries[key] = entry
        elif key == "job" and self._job:
            self._run_job(entry, self._job)
        elif key == "job":
            return
        elif key == "start_date":
            self._add(key, entry, moment_of(entry.value))
        elif entry.value.text.strip() or key != "interval":
            text = Scalar("str", entry.value.text.strip(), entry.value.location)
            self._add(key, entry, text, shown=(key, text.text) != ("transform", "skip"))

    def _run_job(self, entry: Entry, job: Scalar) -> None:
        words = job.text.split()
        names = self.meltano.names_for_run()
        is_job = job.text in self.meltano.jobs or job.text in self.meltano.broken_jobs
        are_blocks = len(words) > 1 or any(word in names or word.split(":")[0] in names for word in words)
        if is_job or not are_blocks or is_template(job.text):
            self._add("job", entry, Scalar("str", job.text, job.location))
            return
        message = f"{quoted(job.text)} is no job but what `meltano run` gets, and becomes `tasks`"
        self._find(rules.JOB_IS_TASKS, message, job.location, "see that its DAG runs what you want")
        run = Scalar("str", job.text, job.location)
        self.entries["tasks"] = Entry(entry.key_location, ListNode((run,), job.location))
        self._put(to_yaml({"tasks": [job.text]}), entry)

    def _add(self, key: str, entry: Entry, value: Scalar, *, shown: bool = True) -> None:
        self.entries[key] = Entry(entry.key_location, value)
        if shown:
            text = f"{key}: {value.text}\n" if value.kind == "timestamp" else to_yaml({key: value.text})
            self._put(text, entry)

    def _without_interval(self) -> None:
        if self.node.entries.keys() - set(_KEYS):
            return  # One of them may be meant to be the interval, so the reader says that there is none.
        message = "the schedule has no interval, so it only runs manually, as in Meltano"
        self._find(rules.NO_INTERVAL, message, self.item.location, "set `interval` in its file")
        self.entries["interval"] = Entry(self.item.location, Scalar("str", "@manual", self.item.location))
        self.put("interval", "@manual")

    def _env(self, entry: Entry) -> None:
        if not isinstance(entry.value, MapNode):
            self.entries["env"] = entry
            return
        children = entry.value.entries.items()
        behind = self._comment_behind(entry, min((v.key_location.line for _, v in children), default=0))
        outer, self.lines = self.lines, []
        variables: dict[str, Entry] = {}
        for name, variable in children:
            self._take_until(variable, "  ")
            value = self._variable(name, variable)
            if value is not None:
                variables[name] = Entry(variable.key_location, value)
                if isinstance(value, Scalar):
                    self._put(to_yaml({name: value.text}), variable, "  ")
        self._take(self._pop(lambda c: c.is_alone and c.column > entry.key_location.column), "  ")
        inner, self.lines = self.lines, outer
        if variables:
            self.entries["env"] = Entry(entry.key_location, MapNode(variables, entry.value.location))
            self.lines += ["  ".join(["env:", *behind]), *inner]
        else:
            self.lines += [*behind, *(line.strip() for line in inner)]

    def _variable(self, name: str, entry: Entry) -> Node | None:
        """What a variable becomes, or nothing where it stays behind."""
        value = entry.value
        if is_null(value):
            self._lose(
                entry, f"{quoted(name)} has no value, with which Meltano cannot run", "remove it, or give it one"
            )
            return None
        if not isinstance(value, Scalar):
            return value
        if is_secret(name, value.text):
            message = f"the value of {quoted(name)} looks like a secret, and is not copied"
            self._find(rules.SECRET_NOT_COPIED, message, entry.key_location, _IN_THE_WORKERS)
            note = f"# {name} is not copied: it looks like a secret. Set it in the environment of the workers."
            self.lines.append(f"  {note}")
            return None
        if not is_text(value):
            what = "a number" if value.kind == "str" else named(value)
            message = f"Meltano cannot run with {what} in `env`; here it is the text {quoted(value.text)}"
            self._find(rules.ENV_NOT_TEXT, message, value.location, "see that it is what you want")
        text = as_literal(value.text) if is_template(value.text) else value.text
        return Scalar("str", text, value.location)

    def _find(self, rule: Rule, message: str, location: Location, hint: str) -> None:
        self.warnings.append(Diagnostic(rule, message, location, hint))

    def _lose(self, entry: Entry, message: str, hint: str) -> None:
        self._find(rules.NOT_CARRIED_OVER, message, entry.key_location, hint)

    def _put(self, text: str, entry: Entry | None, indent: str = "") -> None:
        """Add a key with its value, and the comment that stands behind it."""
        lines = [indent + line if line else line for line in text.splitlines()]
        behind = self._comment_behind(entry) if entry else []
        if len(lines) == 1:
            self.lines.append("  ".join([*lines, *behind]))
        else:
            self.lines += [*(indent + comment for comment in behind), *lines]

    def _comment_behind(self, entry: Entry, following: int = 0) -> list[str]:
        """The comment at the end of the key's line or of the value's first, unless that line has a key of its own."""
        last = max(entry.key_location.line, entry.value.location.line if isinstance(entry.value, Scalar) else 0)
        if not self._is_own(entry) or entry.key_location.line <= following <= last:
            return []
        found = self._pop(lambda c: not c.is_alone and entry.key_location.line <= c.line <= last)
        return [comment.text for comment in self._without_secrets(found)][:1]

    def _is_own(self, entry: Entry) -> bool:
        """Whether a key stands in the item itself, and does not come from an alias."""
        return entry.key_location.line in self.item.lines

    def _take_until(self, entry: Entry, indent: str = "") -> None:
        """Take the comments before a key along."""
        if self._is_own(entry):
            self._take(self._pop(lambda c: c.line < entry.key_location.line), indent)

    def _pop(self, is_wanted: Callable[[Comment], bool]) -> list[Comment]:
        found = [comment for comment in self._comments if is_wanted(comment)]
        self._comments = [comment for comment in self._comments if comment not in found]
        return found

    def _take(self, comments: Iterable[Comment], indent: str = "") -> None:
        self.lines += [indent + comment.text for comment in self._without_secrets(comments)]

    def _without_secrets(self, comments: Iterable[Comment]) -> Iterator[Comment]:
        for comment in comments:
            if holds_secret(comment.text):
                place = Location(self.item.location.path, comment.line, comment.column)
                message = "this comment seems to hold a secret, and is not copied"
                self._find(rules.SECRET_NOT_COPIED, message, place, "remove the secret from it")
            else:
                yield comment


def moment_of(scalar: Scalar) -> Scalar:
    """A date of Meltano in a form that we read; what is none is left to the reader, who says what is wrong with it."""
    text = scalar.text.strip()
    try:
        DateTime().convert(Scalar("str", text, scalar.location))
    except InvalidError:
        match = _TIMESTAMP.fullmatch(text)
        return Scalar("timestamp", _canonical(match), scalar.location) if match else scalar
    return Scalar("timestamp", text, scalar.location)


def _canonical(match: re.Match[str]) -> str:
    """A timestamp of YAML with all its digits: `2024-1-31 6:00:00 +1` becomes `2024-01-31T06:00:00+01:00`."""
    year, month, day, hour, minute, second, fraction, utc, sign, hours, minutes = match.groups()
    text = f"{year}-{int(month):02}-{int(day):02}"
    if hour is None:
        return text
    text += f"T{int(hour):02}:{int(minute):02}:{int(second or 0):02}"
    text += f".{fraction[:6]}" if fraction else ""
    return text + ("Z" if utc else f"{sign}{int(hours):02}:{minutes or '00'}" if sign else "")
