"""A task of `tasks`: its keys, and the forms in which people write a list of tasks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from codegen import rules
from codegen.diagnostics import Diagnostic, InvalidError
from codegen.keys.table import Table, key, read_keys, without_null_keys
from codegen.keys.types import JsonSchema, Report, Run, Text, TextList
from codegen.schema.alerts import Alert, AlertList
from codegen.schema.step_kinds import Callable, Command, OpKwargs
from codegen.schema.task_defaults import TaskDefaults, fields_of
from codegen.source.nodes import ListNode, MapNode, Node, Scalar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codegen.schema.step_kinds import Plain

# Airflow's rule for ids (airflow/sdk/definitions/_internal/node.py), less the letters beyond ASCII.
ID = r"[A-Za-z0-9_.\-]+"
LONGEST_ID = 250
ID_HINT = "letters, digits, `_`, `.` and `-`"
# Airflow's rule for the ids of groups (`GROUP_KEY_REGEX` in the same file), likewise.
_GROUP = r"[A-Za-z0-9_\-]+"
_LONGEST_GROUP = 200
# What a task does is what one of these keys says.
WHAT_RUNS = ("run", "command", "python")


@dataclass(frozen=True, kw_only=True)
class Task(TaskDefaults):
    """A step of a schedule: one `meltano run`, a command of the shell, or a call of Python."""

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
    command: str | None = key(
        Command("a command of the shell"),
        "a task",
        "In place of `run`: a command of the shell, of one line or more. It runs in the folder of meltano.yml and ends "
        "at the first command in it that fails. Templates are not rendered here: pass values through `env`.",
        './load.sh "$DAY"',
    )
    python: str | None = key(
        Callable(),
        "a task",
        "In place of `run`: a Python callable, which Airflow's worker imports when the task runs.",
        "quality.checks.check_rows",
    )
    op_kwargs: Mapping[str, Plain] = key(
        OpKwargs(),
        "a task",
        "The arguments of the callable. A text may hold Airflow's templates.",
        "{table: readings, day: '{{ ds }}'}",
        {},
        reaches=("python",),
    )
    after: tuple[str, ...] | None = key(
        TextList("a list of the ids of tasks and groups", Text("the id of a task or a group")),
        "a task",
        "The upstream tasks and groups. With no `after` anywhere, tasks run one after another.",
        "[extract]",
    )
    group: str | None = key(
        Text("the id of a group", _GROUP, "letters, digits, `_` and `-`", _LONGEST_GROUP),
        "a task",
        "The group in which Airflow shows the task. The task's id stays as it is, and so does its history.",
        "load",
    )
    on_failure: tuple[Alert, ...] = key(
        AlertList(),
        "a task",
        "Alerts when this task fails after its last retry, in addition to the schedule's.",
        "{slack: '#alerts'}",
        (),
        owns=("on_failure_callback",),
    )
    on_success: tuple[Alert, ...] = key(
        AlertList(),
        "a task",
        "Alerts when this task succeeds, in addition to the schedule's.",
        "{webhook: alerts}",
        (),
        owns=("on_success_callback",),
    )

    @property
    def kind(self) -> str:
        """Which key says what it runs; empty for one that only stands for its schedule."""
        return next((name for name in WHAT_RUNS if getattr(self, name)), "")


class TaskList:
    """A list of steps, or the one step there is."""

    words = "a list of tasks"
    is_templated = False

    def __init__(self, table: Table | None = None) -> None:
        """Describe it.

        Args:
            table: the keys that a task can have; without it, those that it has in each version of Airflow.
        """
        self._table = table

    def read(self, node: Node, report: Report) -> tuple[Task, ...] | None:
        """The tasks that could be read; what is wrong with the others is reported."""
        if isinstance(node, MapNode):
            message = "expected a list of tasks, got a map"
            report(InvalidError(message, "start each task with a dash").at(node.location))
            return None
        items = node.items if isinstance(node, ListNode) else (node,)
        if not items:
            message = "there must be at least one task"
            report(InvalidError(message, "write `- tap-gitlab target-postgres`").at(node.location))
        tasks = [self._read_task(item, report) for item in items]
        return tuple(task for task in tasks if task)

    def _read_task(self, node: Node, report: Report) -> Task | None:
        if isinstance(node, ListNode):
            return _read_list(node, report)
        table = self._table or Table.of(Task)
        if isinstance(node, Scalar):
            run = table.rows["run"].kind.read(node, report)
            return Task(run=run, at={"run": node.location}) if run else None
        # In `env` a null stays: it takes a variable of the schedule away.
        given = MapNode(without_null_keys(node), node.location)
        values, at = read_keys(table, given, report, "a task")
        _check_what_runs(given, table, report)
        return Task(**fields_of(Task, values), at={**at, "": node.location})

    def json_schema(self) -> JsonSchema:
        """A list, or what `meltano run` gets."""
        task: JsonSchema = {"anyOf": [*_SHORT_FORMS, {"$ref": "#/definitions/task"}]}
        return {"anyOf": [{"type": "array", "minItems": 1, "items": task}, {"type": "string", "minLength": 1}]}


_SHORT_FORMS: list[JsonSchema] = [
    {"type": "string", "minLength": 1},
    {"type": "array", "minItems": 1, "items": {"type": "string"}},
]


def _check_what_runs(node: MapNode, table: Table, report: Report) -> None:
    """Exactly one of the keys that say what a task does, and none that goes with another."""
    kinds = [name for name in WHAT_RUNS if name in node.entries]
    if not kinds:
        hint = "add `run: tap-gitlab target-postgres`, or `command`, or `python`"
        report(Diagnostic(rules.MISSING_KEY, "the task does not say what runs", node.location, hint))
        return
    if len(kinds) > 1:
        names = " and ".join(f"`{name}`" for name in kinds)
        place = node.entries[kinds[-1]].key_location
        report(Diagnostic(rules.MIXED_KINDS, f"{names} are mutually exclusive", place, "write a task for each"))
        return
    for name, entry in node.entries.items():
        reaches = table.rows[name].reaches if name in table.rows else ()
        if reaches and kinds[0] not in reaches:
            message = f"`{name}` cannot be combined with `{kinds[0]}`"
            report(Diagnostic(rules.MIXED_KINDS, message, entry.key_location, _CURES.get(name) or _otherwise(reaches)))


# What to do with a key where it reaches nothing.
_CURES = {
    "before_run": "write a task of its own for it",
    "op_kwargs": "put the values in `env`",
    "env": "a callable gets its values in `op_kwargs`",
}


def _otherwise(reaches: tuple[str, ...]) -> str:
    if reaches == ("python",):
        return "remove it, or set it in a task with `python`"
    return "a callable runs in Airflow's worker: remove it"


def _read_list(node: ListNode, report: Report) -> Task | None:
    """Meltano's jobs have lists of plugins as tasks, so they are read here too."""
    words = [item.text for item in node.items if isinstance(item, Scalar) and item.kind == "str"]
    if len(words) != len(node.items) or not words:
        report(InvalidError("a task is text, or a list of plugins, or a map with `run`").at(node.location))
        return None
    return Task(run=" ".join(words), at={"run": node.location})
