"""Reads the nodes of one file into a schedule, and reports every key that is unknown, wrong or missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from codegen.diagnostics import Diagnostic, InvalidError, Location, nearest, quoted
from codegen.nodes import Entry, ListNode, MapNode, Node, Scalar, is_null
from codegen.schema.model import Schedule, Task, keys_of

if TYPE_CHECKING:
    from codegen.schema.kinds import Report

# What people write who come from Meltano, Airflow or another generator.
_ALSO_KNOWN_AS = {
    "task": "tasks",
    "steps": "tasks",
    "schedule": "interval",
    "schedule_interval": "interval",
    "cron": "interval",
    "cron_interval": "interval",
    "tap": "extractor",
    "target": "loader",
    "is_paused_upon_creation": "paused",
    "dagrun_timeout": "run_timeout",
    "execution_timeout": "timeout",
    "tz": "timezone",
    "doc_md": "doc",
    "depends_on": "after",
    "task_id": "id",
    "environment_variables": "env",
}


def read_schedule(root: MapNode, source: str, relative: str, stem: str) -> tuple[Schedule | None, list[Diagnostic]]:
    """Make a schedule of a document.

    Args:
        root: the file with its defaults merged in.
        source: its path in the project, with forward slashes.
        relative: its path below the folder of schedules.
        stem: the file's name, which is the schedule's unless it says otherwise.

    Returns:
        The schedule, or nothing where it has errors; and the errors.
    """
    diagnostics: list[Diagnostic] = []
    values, places = _read_keys(Schedule, root, diagnostics.append)
    values.setdefault("name", stem)
    if values.get("transform") == "skip":
        del values["transform"]
    _check_what_runs(root, Location(source), diagnostics.append)
    if "interval" not in _meant(root):
        hint = 'add `interval: "@daily"`, or `interval: "@manual"` to wait for a person'
        diagnostics.append(Diagnostic("missing-key", "the schedule has no `interval`", Location(source), hint))
    if diagnostics:
        return None, diagnostics
    return Schedule(**values, source=source, relative=relative, at=places), []


def _read_keys(
    model: type[Task | Schedule], node: MapNode, report: Report
) -> tuple[dict[str, Any], dict[str, Location]]:
    """The values of a map's keys by name, and where each stands."""
    known = keys_of(model)
    values: dict[str, Any] = {}
    places: dict[str, Location] = {}
    for name, entry in node.entries.items():
        if name not in known:
            report(_unknown_key(name, known, entry.key_location))
            continue
        places[name] = entry.value.location
        kind = known[name].metadata["kind"]
        value = kind.read(entry.value, report) if kind else _read_tasks(entry.value, report)
        if value is not None:
            values[name] = value
    return values, places


def _unknown_key(name: str, known: dict[str, Any], location: Location) -> Diagnostic:
    alias = _ALSO_KNOWN_AS.get(name)
    hint = (
        f"did you mean `{alias}`?"
        if alias in known
        else nearest(name, known) or "`dagpress schema --markdown` lists them"
    )
    return Diagnostic("unknown-key", f"{quoted(name)} is no key of a {_noun(known)}", location, hint)


def _noun(known: dict[str, Any]) -> str:
    return "task" if "run" in known else "schedule"


def _read_tasks(node: Node, report: Report) -> tuple[Task, ...] | None:
    """A list of steps, or the one step there is."""
    if isinstance(node, MapNode):
        report(
            InvalidError("must be a list of tasks, and this is a map", "start each task with a dash").at(node.location)
        )
        return None
    items = node.items if isinstance(node, ListNode) else (node,)
    if not items:
        report(
            InvalidError("there must be at least one task", "write `- tap-gitlab target-postgres`").at(node.location)
        )
    tasks = [_read_task(item, report) for item in items]
    return tuple(task for task in tasks if task)


def _read_task(node: Node, report: Report) -> Task | None:
    if isinstance(node, ListNode):
        return _read_task_of_list(node, report)
    if isinstance(node, Scalar):
        run = keys_of(Task)["run"].metadata["kind"].read(node, report)
        return Task(run=run, at={"run": node.location}) if run else None
    given = _without_null_keys(node)
    values, places = _read_keys(Task, MapNode(given, node.location), report)
    if "run" not in given:
        report(
            Diagnostic("missing-key", "the task has no `run`", node.location, "add `run: tap-gitlab target-postgres`")
        )
    return Task(**values, at={**places, "": node.location})


def _without_null_keys(node: MapNode) -> dict[str, Entry]:
    """The keys that are not null. In `env` a null stays: it takes a variable of the schedule away."""
    return {name: entry for name, entry in node.entries.items() if not is_null(entry.value)}


def _read_task_of_list(node: ListNode, report: Report) -> Task | None:
    """Meltano's jobs have lists of plugins as tasks, so they are read here too."""
    words = [item.text for item in node.items if isinstance(item, Scalar) and item.kind == "str"]
    if len(words) != len(node.items) or not words:
        report(InvalidError("a task is text, or a list of plugins, or a map with `run`").at(node.location))
        return None
    return Task(run=" ".join(words), at={"run": node.location})


def _meant(root: MapNode) -> set[str]:
    """The keys that are given, under whatever name: a key with another tool's name is wrong, and not missing."""
    return {_ALSO_KNOWN_AS.get(name, name) for name in root.entries}


def _check_what_runs(root: MapNode, file: Location, report: Report) -> None:
    """Exactly one of extractor and loader, a job, or tasks; and the state that goes with it."""
    pair = [name for name in ("extractor", "loader") if name in root.entries]
    kinds = [name for name in ("job", "tasks") if name in root.entries]
    if not _meant(root) & {"extractor", "loader", "job", "tasks"}:
        hint = "add `extractor` and `loader`, or `job`, or `tasks`"
        report(Diagnostic("missing-key", "the schedule does not say what runs", file, hint))
        return
    if len(kinds) + bool(pair) > 1:
        *_, last = (root.entries[name].key_location for name in (*pair, *kinds))
        names = ", ".join(f"`{name}`" for name in (*pair, *kinds))
        report(
            Diagnostic(
                "mixed-kinds",
                f"{names} exclude each other",
                last,
                "keep `extractor` and `loader`, or `job`, or `tasks`",
            )
        )
        return
    missing = "loader" if pair == ["extractor"] else "extractor"
    if len(pair) == 1 and missing not in _meant(root):
        report(
            Diagnostic(
                "missing-key",
                f"`{pair[0]}` goes with `{missing}`",
                root.entries[pair[0]].key_location,
                f"add `{missing}`",
            )
        )
    for name in ("transform", "state_id") if kinds else ("state_id_suffix",):
        if name in root.entries:
            with_what = "`extractor` and `loader`" if kinds else "`job` and `tasks`"
            report(
                Diagnostic(
                    "mixed-kinds", f"`{name}` goes with {with_what}", root.entries[name].key_location, "remove it"
                )
            )
