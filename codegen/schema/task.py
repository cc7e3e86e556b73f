"""A task of `tasks`: its keys, and the forms in which people write a list of tasks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from codegen import rules
from codegen.diagnostics import Diagnostic, InvalidError, Location
from codegen.nodes import ListNode, MapNode, Node, Scalar
from codegen.schema.alerts import Alert, AlertList
from codegen.schema.docker import Docker
from codegen.schema.keys import Section, key, keys_of, places, read_keys, without_null_keys
from codegen.schema.kinds import Choice, Count, Duration, Environment, Flag, JsonSchema, Report, Run, Text, TextList
from codegen.schema.kubernetes import Kubernetes
from codegen.schema.step_kinds import Callable, Command, MeltanoCommands, OpKwargs, TriggerRule

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

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
# Where a task can run.
RUNNERS = ("bash", "docker", "kubernetes")
# The settings of the runners. Those of a task are laid over those of its schedule.
DOCKER = Section(Docker, "docker", "a map of settings")
KUBERNETES = Section(Kubernetes, "kubernetes", "a map of settings")
SECTIONS_OF_A_TASK = (DOCKER.name, KUBERNETES.name)


@dataclass(frozen=True, kw_only=True)
class Task:
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
        "at the first command in it that fails. It is no template: what Airflow knows comes by `env`.",
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
    )
    before_run: tuple[str, ...] | None = key(
        MeltanoCommands(),
        "a task",
        "In place of the schedule's, for this task; `[]` for none. Values for one run belong in `env`.",
        '["invoke dbt-postgres:deps"]',
    )
    after: tuple[str, ...] | None = key(
        TextList("a list of the ids of tasks and groups", Text("the id of a task or a group")),
        "a task",
        "The tasks and groups that must succeed first. With no `after` anywhere, tasks run one after another.",
        "[extract]",
    )
    group: str | None = key(
        Text("the id of a group", _GROUP, "letters, digits, `_` and `-`", _LONGEST_GROUP),
        "a task",
        "The group in which Airflow shows the task. The task's id stays as it is, and so does its history.",
        "load",
    )
    trigger_rule: str | None = key(
        TriggerRule(),
        "a task",
        "When it runs, by what became of the tasks that it waits for. Default: `all_success`.",
        "all_done",
    )
    retries: int | None = key(Count(0), "a task", "As the schedule's, for this task.", "3")
    retry_delay: timedelta | None = key(
        Duration(may_be_zero=True), "a task", "As the schedule's, for this task.", "10m"
    )
    retry_exponential_backoff: bool | None = key(Flag(), "a task", "As the schedule's, for this task.", "true")
    timeout: timedelta | None = key(Duration(), "a task", "As the schedule's, for this task.", "30m")
    pool: str | None = key(Text(longest=256), "a task", "As the schedule's, for this task.", "warehouse")
    pool_slots: int | None = key(Count(1), "a task", "As the schedule's, for this task.", "2")
    priority_weight: int | None = key(Count(-(2**31)), "a task", "As the schedule's, for this task.", "10")
    queue: str | None = key(Text(longest=256), "a task", "As the schedule's, for this task.", "heavy")
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
    runner: str | None = key(Choice(*RUNNERS), "a task", "As the schedule's, for this task.", "docker")
    docker: Docker | None = key(
        DOCKER, "a task", "Laid over the schedule's, for this task.", "{image: 'elt:2026.11.1'}"
    )
    kubernetes: Kubernetes | None = key(
        KUBERNETES, "a task", "Laid over the schedule's, for this task.", "{image: 'elt:2026.11.1'}"
    )
    at: Mapping[str, Location] = places()


class TaskList:
    """A list of steps, or the one step there is."""

    words = "a list of tasks"
    is_templated = False

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
    _check_what_runs(given, report)
    return Task(**values, at={**at, "": node.location})


def _check_what_runs(node: MapNode, report: Report) -> None:
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
        if name in _GOES_WITH and kinds[0] not in _GOES_WITH[name]:
            message = f"`{name}` cannot be combined with `{kinds[0]}`"
            report(Diagnostic(rules.MIXED_KINDS, message, entry.key_location, _CURES.get(name, _IN_THE_WORKER)))


# The keys that go with some of those alone, and what to do with them elsewhere.
_GOES_WITH = {
    "before_run": ("run",),
    "op_kwargs": ("python",),
    **dict.fromkeys(("env", "runner", *SECTIONS_OF_A_TASK), ("run", "command")),
}
_CURES = {
    "before_run": "write a task of its own for it",
    "op_kwargs": "put the values in `env`",
    "env": "a callable gets its values in `op_kwargs`",
}
_IN_THE_WORKER = "a callable runs in Airflow's worker: remove it"


def _read_list(node: ListNode, report: Report) -> Task | None:
    """Meltano's jobs have lists of plugins as tasks, so they are read here too."""
    words = [item.text for item in node.items if isinstance(item, Scalar) and item.kind == "str"]
    if len(words) != len(node.items) or not words:
        report(InvalidError("a task is text, or a list of plugins, or a map with `run`").at(node.location))
        return None
    return Task(run=" ".join(words), at={"run": node.location})
