"""The model of a task, and the accepted forms of the list `tasks`."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import chain, count
from pathlib import PurePosixPath
from typing import Any

from codegen import rules
from codegen.diagnostics import Diagnostic, InvalidError, either
from codegen.keys.containers import TextList, without_null_keys
from codegen.keys.field_type import FieldType, JsonSchema, Report
from codegen.keys.model import model
from codegen.keys.operator_arguments import Arguments
from codegen.keys.section import OneOf
from codegen.keys.table import Table, key, keys_of, read_keys, resolve_key
from codegen.keys.texts import Id, Name, Run, TemplatedText
from codegen.schema.alerts import Alert, AlertList
from codegen.schema.operators import arguments_type
from codegen.schema.pair import check_pair
from codegen.schema.task_defaults import TaskDefaults, fields_of
from codegen.schema.task_types import CALLABLE, INVOKE, OP_KWARGS, PLUGIN, Command, Plain, Transform, Uses
from codegen.source.nodes import MapNode, Node, Scalar
from codegen.source.write import to_yaml
from codegen.text.ids import id_of
from codegen.values import Output, parts_of

_RUNS = "what runs"
_PAIR_KINDS = ("extractor",)
# The keys that define what a task runs. A task has exactly one of them.
WHAT_RUNS = ("run", "invoke", "extractor", "command", "python", "uses")


@model(frozen=True, kw_only=True)
class Task(TaskDefaults):
    """A task: a Meltano command, a shell command, a Python function or an operator."""

    reference_group = "a task"

    id: str | None = key(
        Id("a task ID"),
        "The task ID, under which Airflow keeps the task's history. Default: derived from the plugins, such as "
        "`tap-gitlab_target-postgres`, or the name of the function or operator. Required for a `command`, and for "
        "tasks that would have the same ID.",
        "load",
    )
    run: str = key(
        Run("arguments of `meltano run`"),
        "The arguments of `meltano run`: plugins, jobs and options.",
        "tap-gitlab target-postgres",
        "",
    )
    invoke: str | None = key(
        INVOKE,
        "Instead of `run`: the arguments of `meltano invoke`, a plugin and the arguments for it. `invoke: >-` "
        "avoids a second level of quotes.",
        "dbt-postgres run --select tag:daily",
    )
    extractor: str | None = key(
        PLUGIN, "The extractor plugin, which reads the data. Requires `loader`.", "tap-gitlab", group=_RUNS
    )
    loader: str | None = key(
        PLUGIN,
        "The loader plugin, which writes the data. Requires `extractor`.",
        "target-postgres",
        group=_RUNS,
        reaches=_PAIR_KINDS,
    )
    transform: str | None = key(
        Transform("skip", "run", "only"),
        "Whether to also transform the data after loading it (`run`), or only transform it (`only`). Default: `skip`.",
        "run",
        group=_RUNS,
        reaches=_PAIR_KINDS,
    )
    state_id: str | None = key(
        TemplatedText(max_length=1000),
        "The ID of the Meltano state, which records what has already been loaded. Default: the schedule's name, as in "
        "Meltano; for a task, `<schedule>.<task id>`.",
        "carbon",
        group="state",
        reaches=_PAIR_KINDS,
    )
    command: str | None = key(
        Command("a shell command"),
        "Instead of `run`: a shell command or script. It runs in the Meltano project directory and fails at the first "
        "command that fails, including commands in a pipe. `validate` warns about failures that the shell ignores, "
        "such as before `&&`. Templates are not rendered here: pass values through `env`.",
        './load.sh "$DAY"',
    )
    python: str | None = key(
        CALLABLE,
        "Instead of `run`: a Python callable, which the Airflow worker imports when the task runs.",
        "quality.checks.check_rows",
    )
    op_kwargs: Mapping[str, Plain] = key(
        OP_KWARGS,
        "The keyword arguments of the callable. Text can contain Airflow templates.",
        "{table: readings, day: '{{ ds }}'}",
        {},
        reaches=("python",),
        label="Arguments of the function",
    )
    uses: str | None = key(
        Uses(),
        "Instead of `run`: an operator or sensor. The class name if Airflow includes it, otherwise the full name.",
        "FileSensor",
    )
    with_: Mapping[str, Any] = key(
        Arguments(),
        "Arguments of the operator. A task with `python` is a PythonOperator, and a task with `run` or `command` is a "
        "BashOperator. Values can be markers: `$x` (the result of a task), `$t` (a template), `$f` (the text of a "
        "file), `$const` (a value without templates) and `$import` (a Python object).",
        "{filepath: /data/orders.csv, poke_interval: 5m}",
        {},
    )
    after: tuple[str, ...] | None = key(
        TextList("a list of task and group IDs", Name("the ID of a task or a group")),
        "The upstream tasks and groups. If no task has `after`, tasks run one after another.",
        "[extract]",
    )
    group: str | None = key(
        Id("a task group ID", of_group=True),
        "The task group in which Airflow shows the task. The task keeps its ID and its history.",
        "load",
    )
    on_failure: tuple[Alert, ...] = key(
        AlertList(),
        "Alerts when this task fails after its last retry, in addition to the schedule's.",
        "{slack: '#alerts'}",
        (),
        owns=("on_failure_callback",),
    )
    on_success: tuple[Alert, ...] = key(
        AlertList(),
        "Alerts when this task succeeds, in addition to the schedule's.",
        "{webhook: alerts}",
        (),
        owns=("on_success_callback",),
    )

    @cached_property
    def kind(self) -> str:
        """The key that defines what the task runs; empty for a placeholder."""
        return next((name for name in WHAT_RUNS if getattr(self, name)), "")

    @cached_property
    def task_id(self) -> str:
        """The ID, by default derived from what the task runs, independent of its position."""
        words = self.run or self.invoke or " ".join(filter(None, (self.extractor, self.loader)))
        return self.id or id_of(words) or (self.python or self.uses or "").rpartition(".")[2]

    @cached_property
    def outputs(self) -> tuple[str, ...]:
        """The IDs of the tasks in its `$x` markers, without duplicates."""
        found = (part.task_id for part in parts_of(self.with_) if isinstance(part, Output))
        return tuple(dict.fromkeys(found))


_WHAT_RUNS = OneOf(
    WHAT_RUNS,
    InvalidError(
        "the task has nothing to run",
        "add `run: tap-gitlab target-postgres`, or `invoke`, `extractor` and `loader`, `command`, `python` or `uses`",
        rules.MISSING_KEY,
    ),
    ("{names} are mutually exclusive", "write a task for each"),
)


class TaskList(FieldType[tuple[Task, ...]]):
    """A list of tasks, or a single task. Without a table, tasks have only the keys that every Airflow version has."""

    words = "a list of tasks"
    hint = "start each task with a dash"

    def __init__(self, table: Table | None = None, airflow: str = "") -> None:
        self._table = table or Table(keys_of(Task))
        self._airflow = airflow

    def _read(self, node: Node, report: Report) -> tuple[Task, ...]:
        items = (node,) if isinstance(node, Scalar) else self._items(node)
        if not items:
            raise InvalidError("expected at least one task, got an empty list", "write `- tap-gitlab target-postgres`")
        tasks = tuple(task for item in items if (task := self._read_task(item, report)))
        _check_ids(tasks, report)
        return tasks

    def _read_task(self, node: Node, report: Report) -> Task | None:
        if not isinstance(node, MapNode):
            if not isinstance(node, Scalar):
                report(
                    InvalidError("a task must be text, a list of words, or a map with `run`", "quote each word").at(
                        node.location
                    )
                )
                return None
            run = self._table.rows["run"].type.read(node, report)
            return Task(run=run, at={"run": node.location}) if run else None
        # In `env` a null stays: it removes a variable of the schedule.
        given = MapNode(without_null_keys(node.entries), node.location)
        table = self._table_for(given)
        values, at = read_keys(table, given, report, "a task")
        _check_what_runs(given, table, report)
        return Task(**fields_of(Task, values), at={**at, "": node.location})

    def _table_for(self, given: MapNode) -> Table:
        """Return the keys of a task, with the types of its operator's arguments."""
        kind = next((name for name in WHAT_RUNS if name in given.entries), "")
        if "with" not in given.entries or not self._airflow or not kind:
            return self._table
        uses = given.get("uses")
        name = uses.text if isinstance(uses, Scalar) else None
        rows, type_ = self._table.rows, arguments_type(kind, name, self._airflow)
        return replace(self._table, rows={**rows, "with": replace(rows["with"], type=type_)})

    def json_schema(self) -> JsonSchema:
        text: JsonSchema = {"type": "string", "minLength": 1}
        texts: JsonSchema = {"type": "array", "minItems": 1, "items": {"type": "string"}}
        task: JsonSchema = {"anyOf": [text, texts, {"$ref": "#/definitions/task"}]}
        return {"anyOf": [{"type": "array", "minItems": 1, "items": task}, text]}


def _check_what_runs(node: MapNode, table: Table, report: Report) -> None:
    """Report a task without exactly one of `WHAT_RUNS`, and keys that have no effect on it."""
    if "loader" in node.entries and node.entries.keys().isdisjoint(WHAT_RUNS):
        check_pair(node.entries, (), report)
        return
    runs = _WHAT_RUNS.check(node.entries, node.location, report, last=True)
    if runs == "extractor":
        check_pair(node.entries, {resolve_key(name, table.rows) for name in node.entries}, report)
    for name, entry in node.entries.items() if runs else ():
        reaches = table.rows[name].reaches if name in table.rows else ()
        if reaches and runs not in reaches:
            message = f"`{name}` cannot be combined with `{runs}`"
            otherwise = f"remove it, or set it in a task with {either(reaches)}"
            if runs in {"python", "uses"} and len(reaches) > 1:
                otherwise = "remove it: the task does not run in a shell or a container"
            fix = _FIXES.get((name, runs)) or _FIXES.get((name, ""), otherwise)
            report(Diagnostic(rules.MIXED_KINDS, message, entry.key_location, fix))


# Hints for keys that have no effect on a kind of task, or on any kind.
_FIXES = {
    ("before_run", ""): "write a separate task for it",
    ("op_kwargs", ""): "put the values in `env`",
    ("op_kwargs", "uses"): "pass values to an operator in `with`",
    ("env", ""): "pass values to a callable in `op_kwargs`",
    ("env", "uses"): "pass values to an operator in `with`",
}


def _check_ids(tasks: Sequence[Task], report: Report) -> None:
    """Report tasks that need an `id` because no default can be derived."""
    taken = {name for task in tasks for name in (task.task_id, task.group)}
    for task in tasks:
        if not task.task_id and task.kind and "id" not in task.at:
            first = PurePosixPath(next(iter((task.command or "").split()), "")).stem
            wanted = free_id(id_of(first) or task.kind, taken)
            taken.add(wanted)
            line = f"`{to_yaml({'id': wanted}).strip()}`"
            hint = f"add {line}" if "" in task.at else f"write it as a map with {line} and `run`"
            place = task.at.get("") or task.at["run"]
            report(Diagnostic(rules.MISSING_KEY, f"a task with this `{task.kind}` requires an `id`", place, hint))


def free_id(wanted: str, taken: Container[str | None]) -> str:
    """Return the wanted ID, with a number appended if it is taken."""
    return next(each for each in chain([wanted], (f"{wanted}_{n}" for n in count(2))) if each not in taken)
