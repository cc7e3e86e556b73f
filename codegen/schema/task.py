"""A task of `tasks`: its keys, and the forms in which people write a list of tasks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from codegen.diagnostics import Diagnostic, InvalidError, Location
from codegen.nodes import ListNode, MapNode, Node, Scalar
from codegen.schema.alerts import Alert, AlertList
from codegen.schema.keys import key, keys_of, places, read_keys, without_null_keys
from codegen.schema.kinds import Count, Duration, Environment, JsonSchema, Report, Run, Text, TextList

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

# Airflow's rule for ids (airflow/sdk/definitions/_internal/node.py), less the letters beyond ASCII.
ID = r"[A-Za-z0-9_.\-]+"
LONGEST_ID = 250
ID_HINT = "letters, digits, `_`, `.` and `-`"


@dataclass(frozen=True, kw_only=True)
class Task:
    """A step of a schedule: one `meltano run`."""

    id: str | None = key(
        Text("an id", ID, ID_HINT, LONGEST_ID),
        "a task",
        "The task's id. Default: `<dag_id>_task<n>`, counted from 0.",
        "load",
    )
    run: str = key(
        Run("what `meltano run` gets"),
        "a task",
        "What `meltano run` gets: plugins, jobs and options.",
        "tap-gitlab target-postgres",
        "",
    )
    after: tuple[str, ...] | None = key(
        TextList("a list of the ids of tasks", Text("the id of a task")),
        "a task",
        "The tasks that must succeed first. With no `after` anywhere, tasks run one after another.",
        "[extract]",
    )
    retries: int | None = key(Count(0), "a task", "As the schedule's, for this task.", "3")
    timeout: timedelta | None = key(Duration(), "a task", "As the schedule's, for this task.", "30m")
    env: Mapping[str, str | None] = key(
        Environment(), "a task", "Further variables, or other values, for this task.", "{FULL: 'true'}", {}
    )
    on_failure: tuple[Alert, ...] = key(
        AlertList(),
        "a task",
        "Who is told that this task failed for good, beside the schedule's.",
        "{slack: '#alerts'}",
        (),
    )
    on_success: tuple[Alert, ...] = key(
        AlertList(), "a task", "Who is told that this task succeeded, beside the schedule's.", "{webhook: alerts}", ()
    )
    on_retry: tuple[Alert, ...] = key(
        AlertList(), "a task", "As the schedule's, for this task.", "{webhook: alerts}", ()
    )
    at: Mapping[str, Location] = places()


class TaskList:
    """A list of steps, or the one step there is."""

    words = "a list of tasks"

    def read(self, node: Node, report: Report) -> tuple[Task, ...] | None:
        """The tasks that could be read; what is wrong with the others is reported."""
        if isinstance(node, MapNode):
            message = "must be a list of tasks, and this is a map"
            report(InvalidError(message, "start each task with a dash").at(node.location))
            return None
        items = node.items if isinstance(node, ListNode) else (node,)
        if not items:
            message = "there must be at least one task"
            report(InvalidError(message, "write `- tap-gitlab target-postgres`").at(node.location))
        tasks = [_read_task(item, report) for item in items]
        return tuple(task for task in tasks if task)

    def json_schema(self) -> JsonSchema:
        """A list, or what `meltano run` gets."""
        task: JsonSchema = {"anyOf": [*_SHORT_FORMS, {"$ref": "#/definitions/task"}]}
        return {"anyOf": [{"type": "array", "minItems": 1, "items": task}, {"type": "string", "minLength": 1}]}


_SHORT_FORMS: list[JsonSchema] = [
    {"type": "string", "minLength": 1},
    {"type": "array", "minItems": 1, "items": {"type": "string"}},
]


def _read_task(node: Node, report: Report) -> Task | None:
    if isinstance(node, ListNode):
        return _read_list(node, report)
    if isinstance(node, Scalar):
        run = keys_of(Task)["run"].metadata["kind"].read(node, report)
        return Task(run=run, at={"run": node.location}) if run else None
    # In `env` a null stays: it takes a variable of the schedule away.
    given = MapNode(without_null_keys(node), node.location)
    values, at = read_keys(Task, given, report, "a task")
    if "run" not in given.entries:
        hint = "add `run: tap-gitlab target-postgres`"
        report(Diagnostic("missing-key", "the task has no `run`", node.location, hint))
    return Task(**values, at={**at, "": node.location})


def _read_list(node: ListNode, report: Report) -> Task | None:
    """Meltano's jobs have lists of plugins as tasks, so they are read here too."""
    words = [item.text for item in node.items if isinstance(item, Scalar) and item.kind == "str"]
    if len(words) != len(node.items) or not words:
        report(InvalidError("a task is text, or a list of plugins, or a map with `run`").at(node.location))
        return None
    return Task(run=" ".join(words), at={"run": node.location})
