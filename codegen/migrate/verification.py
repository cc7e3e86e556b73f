"""Compares the DAGs of a project's old generator with those of the generated files: the same, or what differs and why.

Both are what one Airflow has made of them (`codegen/airflow/inside.py`), and Meltano says what its schedules run.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from enum import Enum
from typing import TYPE_CHECKING, Any

from codegen.airflow_facts import VERSIONS, facts_of
from codegen.keys.table import keys_of
from codegen.meltano.call import Call, UnknownScheduleError, read_call, resolved
from codegen.schema import Schedule, Task
from codegen.schema.model import PROJECT_ROOT_VARIABLE
from codegen.secrets.detection import is_secret
from codegen.timetable.ticks import is_same_cron

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from codegen.schema.task_defaults import TaskDefaults

    Data = Mapping[str, Any]

# What is compared in a way of its own, or says nothing of what a DAG does.
_OTHERWISE = {"dag_id", "default_args", "doc_md", "schedule", "start_date", "tags", "tasks", "timetable"}
_OTHERWISE |= {"append_env", "bash_command", "cwd", "env", "operator", "task_id", "upstream"}
_OTHERWISE |= {"doc", "doc_json", "doc_rst", "doc_yaml", "email", "email_on_failure", "email_on_retry"}
_MOMENTS = {"end_date", "start_date"}
_ARGUMENT = re.compile(r"\$\{?(ARGUMENT_\d+)")
_HIDDEN = "(hidden)"
_NOTHING = "nothing"
_JUDGE = "it does more than to call Meltano once: a person must judge"


class Verdict(Enum):
    """What became of a DAG."""

    SAME = "same"
    DIFFERS = "differs"
    OLD_ONLY = "only old"
    NEW_ONLY = "only new"


@dataclass(frozen=True)
class Difference:
    """One thing that differs, each side as a person reads it, with the reason and the cure where they are known."""

    what: str
    old: str
    new: str
    why: str = ""


@dataclass(frozen=True)
class Comparison:
    """The result for one DAG id.

    Attributes:
        is_expected: whether everything that ran before runs on as it did.
    """

    dag_id: str
    verdict: Verdict
    is_expected: bool
    why: str = ""
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True)
class Surroundings:
    """What both sides run in.

    Attributes:
        root: the Meltano project directory.
        variable: the variable of the workers that names it to generated tasks; the old generator has Meltano's own.
        preludes: the lines with which the commands of generated tasks begin, one after the other.
        listed: the schedules as `meltano schedule list --format=json` has them, by name.
        names: the name of the schedule behind each new DAG id.
    """

    root: str
    variable: str
    preludes: tuple[str, ...]
    listed: Mapping[str, Data]
    names: Mapping[str, str]


def compare(old: Iterable[Data], new: Iterable[Data], around: Surroundings) -> list[Comparison]:
    """Compare the DAGs of two sides by their ids, in the order of these."""
    before = {dag["dag_id"]: dag for dag in old}
    after = {dag["dag_id"]: dag for dag in new}
    return [_compare(dag_id, before.get(dag_id), after.get(dag_id), around) for dag_id in sorted({**before, **after})]


def _compare(dag_id: str, old: Data | None, new: Data | None, around: Surroundings) -> Comparison:
    if new is None:
        why = "no schedule gives this id; a schedule that takes its place keeps its run history with the key `dag_id`"
        return Comparison(dag_id, Verdict.OLD_ONLY, is_expected=False, why=why)
    listed = around.listed.get(around.names.get(dag_id, ""))
    if old is None:
        return _only_new(dag_id, new, listed)
    differences = (*_of_the_dag(old, new, listed or {}), *_of_the_tasks(old, new, listed or {}, around))
    verdict = Verdict.DIFFERS if differences else Verdict.SAME
    return Comparison(dag_id, verdict, is_expected=not differences, differences=differences)


def _only_new(dag_id: str, new: Data, listed: Data | None) -> Comparison:
    waits = new["schedule"] is None
    if waits:
        why = "it waits for a person, and for that the old generator gives no DAG"
    elif listed:
        why = "Meltano lists its schedule, and the old generator gives no DAG of this id"
    else:
        why = "Meltano lists no schedule of this name"
    return Comparison(dag_id, Verdict.NEW_ONLY, is_expected=waits, why=why)


def _of_the_dag(old: Data, new: Data, listed: Data) -> Iterator[Difference]:
    yield from _of_the_schedule(old, new)
    before, after = _first_start(old), _first_start(new)
    if before != after:
        yield _difference("start_date", before, after, _why_another_start(before, listed))
    if set(old["tags"]) != set(new["tags"]):
        yield _difference("tags", sorted(old["tags"]), sorted(new["tags"]), _cure("tags"))
    yield from _of_the_attributes(old, new)


def _why_another_start(old: datetime | None, listed: Data) -> str:
    if old is None:
        return "without a start date, Airflow never starts the old DAG by itself"
    if listed and "start_date" not in listed:
        return "Meltano 4 tells no start dates any more, so the old DAG has the generator's own"
    return _cure("start_date")


def _of_the_schedule(old: Data, new: Data) -> Iterator[Difference]:
    if not (old["schedule"] == new["schedule"] or is_same_cron(old["schedule"] or "", new["schedule"] or "")):
        why = (
            "in Airflow `@once` runs once by itself; here it waits for a person, as with Meltano"
            if old["timetable"] == "OnceTimetable" and new["schedule"] is None
            else _cure("schedule")
        )
        yield _difference("schedule", old["schedule"], new["schedule"], why)
    elif old["timetable"] != new["timetable"]:
        yield _difference("timetable", old["timetable"], new["timetable"], _cure("timetable"))


def _first_start(dag: Data) -> datetime | None:
    """The moment from which the scheduler counts: the earliest of the DAG's and its tasks' (airflow/models/dag.py)."""
    starts = [dag["start_date"], *(task["start_date"] for task in dag["tasks"])]
    return min((_moment(start) for start in starts if start), default=None)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(timezone.utc)


def _of_the_attributes(old: Data, new: Data) -> Iterator[Difference]:
    """Everything else that Airflow has of a DAG or a task: what default arguments change, they change here."""
    # Operators of another kind have other attributes too; of them, it is the operator that differs.
    for name in sorted((old.keys() & new.keys()) - _OTHERWISE):
        before, after = old[name], new[name]
        if name in _MOMENTS:
            before, after = (_moment(value) if value else None for value in (before, after))
        if before != after:
            yield _difference(name, before, after, _cure(name))


def _cure(argument: str) -> str:
    if key := _key_of(Schedule, argument):
        return f"the key `{key}` of the schedule sets it"
    if key := _key_of(Task, argument):
        return f"the key `{key}` of a task sets it, where the schedule has `tasks`"
    if any(argument in facts_of(version).arguments for version in VERSIONS):
        return f"the key `{argument}` sets it, which is Airflow's argument"
    return "a schedule has no key for it; the project's own template can set it"


def _key_of(model: type[TaskDefaults], argument: str) -> str:
    """The key that decides an argument of Airflow, or is called so; empty where there is none."""
    rows = keys_of(model).values()
    return next((row.name for row in rows if argument in {row.name, *row.arguments}), "")


def _of_the_tasks(old: Data, new: Data, listed: Data, around: Surroundings) -> Iterator[Difference]:
    before = {task["task_id"]: task for task in old["tasks"]}
    after = {task["task_id"]: task for task in new["tasks"]}
    starts = _first_start(old), _first_start(new)
    found = {
        task_id: [
            *_of_the_order(before[task_id], after[task_id], starts),
            *_of_the_calls(before[task_id], after[task_id], listed, around),
            *_of_the_attributes(before[task_id], after[task_id]),
        ]
        for task_id in before
        if task_id in after
    }
    yield from _summed_up(found)
    for task_id, task in {**before, **after}.items():
        if task_id not in found:
            was = _what_it_runs(task, around) if task_id in before else _NOTHING
            will_be = _what_it_runs(task, around) if task_id in after else _NOTHING
            yield Difference(f"task {task_id}", was, will_be, _why_other_tasks(listed))


def _summed_up(found: Mapping[str, list[Difference]]) -> Iterator[Difference]:
    """The differences of the tasks, with those that all tasks share only once."""
    numbers = Counter(difference for differences in found.values() for difference in differences)
    shared = {difference for difference, number in numbers.items() if number == len(found) > 1}
    for difference in numbers:
        if difference in shared:
            yield replace(difference, what=f"{difference.what} of every task")
    for task_id, differences in found.items():
        for difference in differences:
            if difference not in shared:
                yield replace(difference, what=f"{difference.what} of {task_id}")


def _why_other_tasks(listed: Data) -> str:
    if isinstance(listed.get("job", {}).get("tasks"), str):
        return "the job's tasks are one text in meltano.yml, and the old generator makes a task of each character"
    return "the keys `job` and `tasks` of the schedule say which tasks there are"


def _of_the_order(old: Data, new: Data, starts: tuple[datetime | None, datetime | None]) -> Iterator[Difference]:
    if old["upstream"] != new["upstream"]:
        yield _difference("upstream tasks", old["upstream"], new["upstream"], "the key `after` of a task sets them")
    before, after = (_moment(task["start_date"]) if task["start_date"] else None for task in (old, new))
    if before != after and (before, after) != starts:
        yield _difference("start_date", before, after, _cure("start_date of a task"))
    if _mail(old) != _mail(new):
        yield _difference("e-mail", _mail(old), _mail(new), _cure("email"))


def _mail(task: Data) -> dict[str, Any]:
    """Who gets mail, and when: without an address nobody does, whatever else is set."""
    events = ("failure", "retry")
    return {f"on {event}": task["email"] for event in events if task["email"] and task[f"email_on_{event}"]}


def _of_the_calls(old: Data, new: Data, listed: Data, around: Surroundings) -> Iterator[Difference]:
    """What differs in the commands: in what Meltano ends up running, and in its environment."""
    if old["operator"] != new["operator"]:
        yield _difference("operator", old["operator"], new["operator"], _JUDGE)
    before, why = _call_of(old, around)
    after, why_not = _call_of(new, around)
    sides = _what_it_runs(old, around), _what_it_runs(new, around)
    if sides[0] != sides[1]:
        yield Difference("command", *sides, why=why or why_not or _why_another_command(before, after, listed))
    if before and after and before.folder != after.folder:
        why = f"a new task runs in the directory that {around.variable} names"
        yield _difference("folder", before.folder, after.folder, why)
    yield from _of_the_env(_env_of(old, before), _env_of(new, after), listed)
    if _keeps_env(old) != _keeps_env(new):
        why = "a new task always has the environment of its worker too"
        yield _difference("append_env", _keeps_env(old), _keeps_env(new), why)


def _call_of(task: Data, around: Surroundings) -> tuple[Call | None, str]:
    """What the task makes Meltano run, or why that cannot be told."""
    script = task.get("bash_command")
    if not isinstance(script, str):
        return None, _JUDGE
    variables = {PROJECT_ROOT_VARIABLE: around.root, around.variable: around.root, **_own_env(task)}
    call = read_call(_without(around.preludes, script), variables, task.get("cwd") or around.root)
    if call is None:
        return None, _JUDGE
    try:
        return resolved(call, around.listed), ""
    except UnknownScheduleError as error:
        return None, f"Meltano has no schedule `{error}`: the old command fails (a name with a space needs quotes)"


def _what_it_runs(task: Data, around: Surroundings) -> str:
    call, _ = _call_of(task, around)
    if call:
        return str(call)
    script = task.get("bash_command")
    return _without(around.preludes, script) if isinstance(script, str) else f"a {task['operator']}"


def _without(preludes: Iterable[str], script: str) -> str:
    for prelude in preludes:
        script = script.removeprefix(prelude)
    return script


def _why_another_command(old: Call | None, new: Call | None, listed: Data) -> str:
    states = [[word for word in call.words if word.startswith("--state-id")] for call in (old, new) if call]
    if states and states[0] != states[-1]:
        return "another state id starts from scratch: the key `state_id` keeps the old one"
    return _why_other_tasks(listed) if "job" in listed else ""


def _env_of(task: Data, call: Call | None) -> dict[str, str]:
    """What the task adds to the environment of its worker, less the words of the command that go through it."""
    script = task.get("bash_command")
    words = set(_ARGUMENT.findall(script)) if isinstance(script, str) else set()
    given = {name: value for name, value in _own_env(task).items() if name not in words}
    return {**given, **(call.env if call else {})}


def _own_env(task: Data) -> dict[str, str]:
    env = task.get("env")
    return {name: str(value) for name, value in env.items()} if isinstance(env, dict) else {}


def _keeps_env(task: Data) -> bool:
    return bool(task.get("env") is None or task.get("append_env"))


def _of_the_env(old: Mapping[str, str], new: Mapping[str, str], listed: Data) -> Iterator[Difference]:
    env = listed.get("env") or {}
    for name in sorted({**old, **new}):
        if old.get(name) == new.get(name):
            continue
        is_hidden = any(is_secret(name, side[name]) for side in (old, new) if name in side)
        if name in new and name not in old and str(env.get(name)) == new[name]:
            why = "meltano.yml sets it for this schedule, and the old generator loses it"
        elif name not in new and is_hidden:
            why = "it looks like a secret, which is not copied: give it to the workers, or write a template of Airflow"
        else:
            why = "the key `env` of the schedule or of a task sets it"
        before, after = (_HIDDEN if is_hidden and name in side else side.get(name) for side in (old, new))
        yield _difference(f"env {name}", before, after, why)


def _difference(what: str, old: object, new: object, why: str) -> Difference:
    return Difference(what, _shown(old), _shown(new), why)


def _shown(value: object) -> str:
    if value is None or value in ([], {}):
        return _NOTHING
    if value == "":
        return '""'
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    return value if isinstance(value, str) else json.dumps(value)
