"""Compares the DAGs of a project's old generator with those of the generated files, and explains each difference.

One Airflow has loaded both, and Meltano lists what its schedules run.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from enum import Enum

from codegen.airflow_facts import VERSIONS, facts_of
from codegen.keys.table import keys_of
from codegen.review.behaviour import Behaviour, Difference, differences
from codegen.review.loaded import ENVIRONMENT, UNREADABLE, Command, Data, Surroundings, from_airflow
from codegen.schema import Schedule, Task
from codegen.secrets.detection import is_sensitive
from codegen.secrets.masking import HIDDEN
from codegen.timetable.ticks import is_same_cron

_NOTHING = "nothing"
_NO_KEY = "no key of a schedule sets it, but the project's own template can"


class Verdict(Enum):
    """The result for a DAG."""

    SAME = "same"
    DIFFERS = "differs"
    OLD_ONLY = "only old"
    NEW_ONLY = "only new"


@dataclass(frozen=True)
class Explained:
    """One difference in words, with its reason and fix if they are known."""

    what: str
    old: str
    new: str
    why: str = ""


@dataclass(frozen=True)
class Comparison:
    """The result for one DAG ID.

    Attributes:
        expected: whether everything that ran before still runs the same.
    """

    dag_id: str
    verdict: Verdict
    expected: bool
    why: str = ""
    differences: tuple[Explained, ...] = ()


def compare(old: Iterable[Data], new: Iterable[Data], around: Surroundings) -> list[Comparison]:
    """Compare the DAGs of two sides, as loaded by Airflow; the results are sorted by DAG ID."""
    before = {dag["dag_id"]: dag for dag in old}
    after = {dag["dag_id"]: dag for dag in new}
    return [_compare(dag_id, before.get(dag_id), after.get(dag_id), around) for dag_id in sorted({**before, **after})]


def _compare(dag_id: str, old: Data | None, new: Data | None, around: Surroundings) -> Comparison:
    if new is None:
        why = "no schedule has this DAG ID; to keep the run history, set `dag_id` in the schedule that replaces it"
        return Comparison(dag_id, Verdict.OLD_ONLY, expected=False, why=why)
    listed = around.listed.get(around.names.get(dag_id, ""), {})
    if old is None:
        return _only_new(dag_id, new, listed)
    pair = _Pair(from_airflow(old, around), from_airflow(new, around), listed, around.variable)
    found = tuple(pair.explained())
    return Comparison(dag_id, Verdict.DIFFERS if found else Verdict.SAME, expected=not found, differences=found)


def _only_new(dag_id: str, new: Data, listed: Data) -> Comparison:
    is_manual = new["schedule"] is None
    if is_manual:
        why = "it only runs manually, so the old generator creates no DAG for it"
    elif listed:
        why = "Meltano lists its schedule, but the old generator creates no DAG with this ID"
    else:
        why = "Meltano lists no schedule with this name"
    return Comparison(dag_id, Verdict.NEW_ONLY, expected=is_manual, why=why)


@dataclass(frozen=True)
class _Pair:
    """The old and the new behaviour of one DAG.

    Attributes:
        listed: its schedule, as Meltano lists it; empty if it does not.
        variable: the environment variable with the project directory in the new tasks.
    """

    old: Behaviour
    new: Behaviour
    listed: Data
    variable: str

    def explained(self) -> Iterator[Explained]:
        """Yield the differences; one that all tasks share is reported once."""
        found = [each for each in differences(self.old, self.new) if not self._is_harmless(each)]
        of_tasks = []
        for each in found:
            if each.path and each.task_id:
                of_tasks.append((each.task_id, self._explained(each)))
            elif each.path:
                yield self._explained(each)
        numbers = Counter(explained for _, explained in of_tasks)
        count = len(self.old.tasks.keys() & self.new.tasks.keys())
        shared = [explained for explained, number in numbers.items() if number == count > 1]
        yield from (replace(explained, what=f"{explained.what} of every task") for explained in shared)
        for task_id, explained in of_tasks:
            if explained not in shared:
                yield replace(explained, what=f"{explained.what} of {task_id}")
        for each in found:
            if not each.path:
                what = f"task {each.task_id}"
                yield Explained(what, _shown(each.old), _shown(each.new), self._why_other_tasks())

    def _is_harmless(self, difference: Difference) -> bool:
        """Return whether it has no effect in addition to the other differences."""
        name, old, new = "".join(difference.path[:1]), difference.old, difference.new
        if difference.task_id:
            # A task that starts with its DAG, an unknown command, and an exit code that Meltano never returns.
            starts = name == "start_date" and (old, new) == self._values("start_date")
            is_unknown = name in {"folder", ENVIRONMENT} and None in {old, new}
            return starts or is_unknown or (name == "skip_on_exit_code" and not new)
        if name == "start_date" and self._has_same_runs(old, new):
            return True
        before, after = self._values("schedule")
        is_same = is_same_cron(str(before or ""), str(after or ""))
        return (name == "schedule" and is_same) or (name == "timetable" and not is_same)

    def _has_same_runs(self, old: object, new: object) -> bool:
        """Return whether the start dates give equal runs: without catchup, a cron starts now (airflow.timetables)."""
        now = datetime.now(timezone.utc)
        has_begun = all(isinstance(start, datetime) and start <= now for start in (old, new))
        is_cron = all("Cron" in str(side.fields["timetable"]) for side in (self.old, self.new))
        return has_begun and is_cron and self._values("catchup") == (False, False)

    def _values(self, name: str) -> tuple[object, object]:
        return self.old.fields[name], self.new.fields[name]

    def _explained(self, difference: Difference) -> Explained:
        name, *keys = difference.path
        old, new = difference.old, difference.new
        if not difference.task_id:
            why = self._why_of_the_dag(name, new)
        elif name == "env":
            return self._explained_variable(keys[0], old, new)
        else:
            why = self._why_of_a_task(name, old, new)
        before, after = (_shown(value, keys[-1] if keys else "") for value in (old, new))
        return Explained(" ".join(difference.path), before, after, why)

    def _why_of_the_dag(self, name: str, new: object) -> str:
        if name == "start_date" and self.old.fields[name] is None:
            return "without a start date, Airflow never starts the old DAG by itself"
        if name == "start_date" and self.listed and "start_date" not in self.listed:
            return "Meltano 4 no longer lists start dates, so the old DAG has the generator's default"
        if name == "schedule" and self.old.fields["timetable"] == "OnceTimetable" and new is None:
            return "in the old DAG, `@once` starts one run; the new one only runs manually, as in Meltano"
        return _fix(name)

    def _why_of_a_task(self, name: str, old: object, new: object) -> str:
        if isinstance(old, Command) and isinstance(new, Command):
            return old.why or new.why or self._why_another_call(old, new)
        whys = {
            "append_env": "new tasks always inherit the environment of the worker",
            ENVIRONMENT: _fix("environment"),
            "e-mail": _fix("email"),
            "folder": f"new tasks run in the directory that {self.variable} names",
            "operator": UNREADABLE,
            "start_date": _NO_KEY,
            "upstream tasks": "the key `after` of a task sets them",
        }
        return whys.get(name) or _fix(name)

    def _why_another_call(self, old: Command, new: Command) -> str:
        before, after = (
            [word for word in side.call.words if word.startswith("--state-id")] if side.call else []
            for side in (old, new)
        )
        if before != after:
            return "a new state ID starts from scratch: set `state_id` to keep the old one"
        return self._why_other_tasks() if "job" in self.listed else ""

    def _why_other_tasks(self) -> str:
        if isinstance(self.listed.get("job", {}).get("tasks"), str):
            return (
                "meltano.yml has the tasks of the job as one text, and the old generator makes a task of each character"
            )
        return "the keys `job` and `tasks` of the schedule define its tasks"

    def _explained_variable(self, name: str, old: object, new: object) -> Explained:
        is_hidden = any(isinstance(value, str) and is_sensitive(name, value) for value in (old, new))
        if old is None and str((self.listed.get("env") or {}).get(name)) == new:
            why = "meltano.yml sets it for this schedule, but the old generator ignores it"
        elif new is None and is_hidden:
            why = "it looks like a secret, and is not copied: set it on the workers, or use an Airflow template"
        else:
            why = "the key `env` of the schedule or of a task sets it"
        before, after = (HIDDEN if is_hidden and value is not None else _shown(value) for value in (old, new))
        return Explained(f"env {name}", before, after, why)


def _fix(argument: str) -> str:
    """Return the key that sets an argument of Airflow."""
    for model, of in (
        (Schedule, "of the schedule sets it"),
        (Task, "of a task sets it, if the schedule has `tasks`"),
    ):
        for row in keys_of(model).values():
            if argument in {row.name, *row.arguments}:
                return f"the key `{row.name}` {of}"
    if any(argument in facts_of(version).arguments for version in VERSIONS):
        return f"the key `{argument}` sets it, an argument of Airflow"
    return _NO_KEY


def _shown(value: object, name: str = "") -> str:
    """Return a value as text, without a secret in it."""
    if value is None or value in ([], {}):
        return _NOTHING
    text = _text_of(value)
    return HIDDEN if is_sensitive(name, text) else text


def _text_of(value: object) -> str:
    match value:
        case str():
            return value or '""'
        case datetime():
            return value.isoformat(sep=" ")
        case Command(shown=shown) | {"command": Command(shown=shown)}:
            return shown
        case list() if all(isinstance(item, str) for item in value):
            return ", ".join(value)
    return json.dumps(value)
