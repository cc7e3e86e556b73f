"""Tasks as a graph: the arrows are those of the YAML, and what is not Airflow's knows of every kind of task."""

from __future__ import annotations

import builtins
import stat
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import click
import pytest
from hypothesis import given
from project_builder import as_yaml, dagpress, project_of, write
from strategies import graphs

from codegen import pipeline
from codegen.airflow_facts.trigger_rules import TRIGGER_RULES, runs


class _Task:
    """An operator, and a group of them, as Airflow's arrows know them (airflow/sdk/definitions/_internal/mixins.py)."""

    dag: list[_Task]
    group: list[_Task] | None = None

    def __init__(self, task_id: str, **_: Any) -> None:
        self.id = task_id
        self.after: set[str] = set()
        self.dag.append(self)
        if _Task.group is not None:
            _Task.group.append(self)

    @property
    def first(self) -> list[_Task]:
        return [self]

    last = first

    def __rshift__(self, other: Any) -> Any:
        _connect([self], other if isinstance(other, list) else [other])
        return other

    def __rrshift__(self, other: list[Any]) -> Any:
        _connect(other, [self])
        return self


class _Group(_Task):
    def __init__(self, group_id: str, *, prefix_group_id: bool) -> None:  # noqa: ARG002  # the name matters
        self.members: list[_Task] = []

    def __enter__(self) -> _Group:  # noqa: PYI034  # Self is of Python 3.11
        _Task.group = self.members
        return self

    def __exit__(self, *_: object) -> None:
        _Task.group = None

    @property
    def first(self) -> list[_Task]:
        ids = {task.id for task in self.members}
        return [task for task in self.members if not task.after & ids]

    @property
    def last(self) -> list[_Task]:
        awaited = {name for task in self.members for name in task.after}
        return [task for task in self.members if task.id not in awaited]


def _connect(left: list[Any], right: list[Any]) -> None:
    for before in left:
        for after in right:
            for task in after.first:
                names = {each.id for each in before.last}
                assert not names & task.after, "an arrow is there twice"
                task.after |= names


class _Dag:
    def __init__(self, **_: Any) -> None:
        _Task.dag = []

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        pass


def _import(name: str, *arguments: Any) -> Any:
    if name.startswith("airflow"):
        return SimpleNamespace(DAG=_Dag, TaskGroup=_Group, BashOperator=_Task, PythonOperator=_Task)
    return builtins.__import__(name, *arguments)


def _executed(source: str) -> dict[str, set[str]]:
    """What each task waits for when the file is executed."""
    exec(source, {"__builtins__": {**vars(builtins), "__import__": _import}})  # noqa: S102  # that is the point
    return {task.id: task.after for task in _Task.dag}


def edges_of(tasks: list[dict[str, Any]]) -> dict[str, set[str]]:
    """What each task waits for by the YAML: of a group, for those that nothing in it waits for."""
    members: dict[str, list[dict[str, Any]]] = {}
    for task in tasks:
        members.setdefault(task.get("group", ""), []).append(task)
    last = {
        group: {task["id"] for task in those if not any(task["id"] in other["after"] for other in those)}
        for group, those in members.items()
        if group
    }
    return {task["id"]: {each for name in task["after"] for each in last.get(name, {name})} for task in tasks}


@given(tasks=graphs())
def test_the_arrows_are_those_of_the_yaml(tasks: list[dict[str, Any]]) -> None:
    """Whatever the graph: no arrow more, none less and none twice, and the order of the file changes none."""
    with TemporaryDirectory() as folder:
        schedule = {"interval": "@daily", "tasks": [{**task, "run": "dbt:run"} for task in tasks]}
        root = write(Path(folder), {"schedules/s.yml": as_yaml(schedule)})
        generation = pipeline.generate(project_of(root))
        assert not generation.diagnostics
        assert _executed(generation.files["generated_dags/s.py"]) == edges_of(tasks)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a `meltano` that tells how it was called."""
    write(
        tmp_path,
        {
            "meltano.yml": "plugins:\n  extractors: [{name: tap-a}]\n  loaders: [{name: target-b}]\n",
            ".meltano/run/bin": '#!/bin/sh\necho "$PWD $A $*"\n',
        },
    )
    (tmp_path / ".meltano/run/bin").chmod(stat.S_IRWXU)
    return tmp_path


def _run(project: Path, capfd: pytest.CaptureFixture[str], text: str, *options: str) -> tuple[int, list[str], str]:
    """Run a schedule; its exit code, what its programs print, and what is said of the tasks."""
    write(project, {"schedules/s.yml": f"interval: '@daily'\n{text}"})
    capfd.readouterr()
    code, _, err = dagpress(project, "schedule", "run", "s", *options)
    return code, capfd.readouterr().out.splitlines(), err


def test_run_executes_commands_and_what_comes_before_a_run(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A command has the project's `meltano`, its folder and the variables; further options go to the run alone."""
    tasks = """\
environment: prod
env: {A: one}
before_run: [select tap-a "a b"]
tasks:
- run: tap-a target-b
- id: report
  env: {A: two}
  command: |
    values=(x y)
    echo "${#values[@]} of $A in $PWD"
    meltano invoke tap-a
    false | true
    false
    echo never
- command: echo never
"""
    code, out, err = _run(project, capfd, tasks, "--dry-run")
    assert out == [
        f"{project} one --environment=prod select tap-a a b",
        f"{project} one --environment=prod run --dry-run tap-a target-b",
        f"2 of two in {project}",
        f"{project} two invoke tap-a",
    ]
    assert code == 1
    assert "[2/3] report: a command of the shell\n" in err


def test_run_skips_what_airflow_would_skip(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A task for a failure, and what waits for it; and not what runs in any case."""
    tasks = """\
tasks:
- {id: load, command: echo load}
- {id: alert, command: echo alert, after: [load], trigger_rule: one_failed}
- {id: told, command: echo told, after: [alert]}
- {id: tidy, command: echo tidy, after: [alert, load], trigger_rule: none_failed}
"""
    code, out, err = _run(project, capfd, tasks)
    assert (code, out) == (0, ["load", "tidy"])
    assert "[2/4] alert: a command of the shell (skipped: one_failed)\n" in err
    assert "[3/4] told: a command of the shell (skipped: all_success)\n" in err


def test_run_leaves_python_to_airflow(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Nothing is run, and the message says what can."""
    with pytest.raises(click.ClickException, match="`airflow dags test meltano_s` runs the DAG there"):
        _run(project, capfd, "tasks: [{command: echo never}, {python: quality.checks.rows}]\n")
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize("rule", TRIGGER_RULES)
def test_a_task_that_waits_for_nothing_runs_by_any_rule(rule: str) -> None:
    assert runs(rule, 0, 0)


def test_a_schedule_with_other_steps_is_no_job_of_meltano(project: Path) -> None:
    """`export` says so and loses nothing, and the list in Meltano's form says what it leaves out."""
    write(
        project,
        {
            "schedules/mixed.yml": "interval: '@daily'\ntasks:\n- tap-a target-b\n- {id: report, command: make}\n",
            "schedules/grouped.yml": "interval: '@daily'\nbefore_run: [select tap-a x]\n"
            "tasks:\n- {run: tap-a target-b, group: load}\n",
        },
    )
    code, out, err = dagpress(project, "export")
    assert code == 0
    assert "schedules/mixed.yml:4:25: not-exported: `mixed` cannot be a job of Meltano: `report` has `command`" in err
    assert "schedules/grouped.yml:2:13: not-exported: Meltano cannot say `before_run`" in err
    assert "schedules/grouped.yml:4:32: not-exported: Meltano cannot say `group of a task`" in err
    text = (project / "meltano.yml").read_text()
    assert "grouped" in text
    assert "mixed" not in text
    _, out, err = dagpress(project, "schedule", "list")
    assert "[@daily] job mixed: mixed → ['tap-a target-b']\n" in out
    assert "mixed: left out what is no `meltano run`: report\n" in err


def test_show_has_every_value_of_a_task(project: Path) -> None:
    """In the form in which it was written."""
    tasks = """\
tasks:
- id: check
  python: quality.checks.rows
  op_kwargs:
    table: readings
    limits:
    - 1
    - 2.5
    - true
    - null
  group: quality
  trigger_rule: all_done
  retry_delay: 10m
- command: |-
    ls
    ls -l
"""
    write(project, {"schedules/s.yml": f"interval: '@daily'\n{tasks}"})
    assert tasks in dagpress(project, "show", "s")[1]


def test_files_that_nobody_imports_at_parse_time(project: Path) -> None:
    """The callable is imported in the function alone."""
    tasks = "tasks: [{id: rows, python: no.such.module.rows, op_kwargs: {rows: 1}}]\n"
    write(project, {"schedules/s.yml": f"interval: '@daily'\n{tasks}"})
    source = pipeline.generate(project_of(project)).files["generated_dags/s.py"]
    assert _executed(source) == {"rows": set()}
