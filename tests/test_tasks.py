"""Tasks as a graph: their arrows, and the commands that handle every kind of task."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import pytest
from examples import fewer
from hypothesis import given
from project_builder import as_yaml, dagpress, project_of, write
from strategies import graphs
from versions import NEWEST

from codegen import pipeline
from codegen.airflow_facts.trigger_rules import TRIGGER_RULES, runs
from codegen.plan import dependencies_between, plan


def edges_of(tasks: list[dict[str, Any]]) -> dict[str, set[str]]:
    """Return the upstream tasks of each task in the YAML; for a group, its last tasks."""
    members: dict[str, list[dict[str, Any]]] = {}
    for task in tasks:
        members.setdefault(task.get("group", ""), []).append(task)
    last = {
        group: {task["id"] for task in those if not any(task["id"] in other["after"] for other in those)}
        for group, those in members.items()
        if group
    }
    return {task["id"]: {each for name in task["after"] for each in last.get(name, {name})} for task in tasks}


@fewer(2)
@given(tasks=graphs())
def test_the_arrows_match_the_yaml(tasks: list[dict[str, Any]]) -> None:
    """In the plan and in the text. The check of a custom template finds each missing arrow."""
    with TemporaryDirectory() as folder:
        schedule = {"interval": "@daily", "tasks": [{**task, "run": "dbt:run"} for task in tasks]}
        template = {"templates/dag.py.j2": '{% extends "dagpress/dag.py.j2" %}'}
        project = project_of(write(Path(folder), {"schedules/s.yml": as_yaml(schedule), **template}))
        assert not pipeline.generate(project).diagnostics
        schedules = pipeline.read(project).schedules
    (dag,) = plan(
        [*zip(schedules, dependencies_between(schedules).values(), strict=True)], None, NEWEST, "MELTANO_PROJECT_ROOT"
    ).dags
    assert {task.task_id: set(task.upstream) for task in dag.tasks} == edges_of(tasks)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a `meltano` that prints its call."""
    return write(
        tmp_path,
        {
            "meltano.yml": "plugins:\n  extractors: [{name: tap-a}]\n  loaders: [{name: target-b}]\n",
            ".meltano/run/bin": '#!/bin/sh\necho "$PWD $A $*"\n',
        },
    )


def _run(project: Path, capfd: pytest.CaptureFixture[str], text: str, *options: str) -> tuple[int, list[str], str]:
    """Run a schedule, and return its exit code, the output of its programs, and the messages."""
    write(project, {"schedules/s.yml": f"interval: '@daily'\n{text}"})
    capfd.readouterr()
    code, _, err = dagpress(project, "schedule", "run", "s", *options)
    return code, capfd.readouterr().out.splitlines(), err


def test_run_executes_commands_and_before_run(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A command has the project's `meltano`, directory and variables. Further options are passed only to the run."""
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
    echo never
- {id: never, command: echo never}
"""
    code, out, err = _run(project, capfd, tasks, "--dry-run")
    assert out == [
        f"{project} one --environment=prod select tap-a a b",
        f"{project} one --environment=prod run --dry-run tap-a target-b",
        f"2 of two in {project}",
        f"{project} two invoke tap-a",
    ]
    assert code == 1
    assert "[2/3] report: a shell command\n" in err


def test_run_skips_the_tasks_that_airflow_would_skip(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A task for a failure and its downstream tasks, but not a task that always runs."""
    tasks = """\
tasks:
- {id: load, command: echo load}
- {id: alert, command: echo alert, after: [load], trigger_rule: one_failed}
- {id: told, command: echo told, after: [alert]}
- {id: tidy, command: echo tidy, after: [alert, load], trigger_rule: none_failed}
"""
    code, out, err = _run(project, capfd, tasks)
    assert (code, out) == (0, ["load", "tidy"])
    assert "[2/4] alert: a shell command (skipped: one_failed)\n" in err
    assert "[3/4] told: a shell command (skipped: all_success)\n" in err


def test_run_leaves_python_to_airflow(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """No task runs, and the message names the command of Airflow."""
    with pytest.raises(click.ClickException, match="run `dagpress invoke airflow dags test meltano_s`"):
        _run(project, capfd, "tasks: [{id: never, command: echo never}, {python: quality.checks.rows}]\n")
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize("rule", TRIGGER_RULES)
def test_a_task_without_upstream_tasks_runs_with_any_trigger_rule(rule: str) -> None:
    assert runs(rule, 0, 0)


def test_a_schedule_with_other_tasks_is_not_a_meltano_job(project: Path) -> None:
    """`export` reports it and loses nothing; the list in Meltano's format reports what it omits."""
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
    assert "schedules/mixed.yml:4:25: not-exported: `mixed` cannot become a Meltano job: `report` has `command`" in err
    assert "schedules/grouped.yml:2:13: not-exported: Meltano has no equivalent of `before_run`" in err
    assert "schedules/grouped.yml:4:32: not-exported: Meltano has no equivalent of `group` of a task" in err
    text = (project / "meltano.yml").read_text()
    assert "grouped" in text
    assert "mixed" not in text
    _, out, err = dagpress(project, "schedule", "list")
    assert "[@daily] job mixed: mixed → ['tap-a target-b']\n" in out
    assert "mixed: left out tasks without `run`: report\n" in err


def test_show_prints_every_value_of_a_task(project: Path) -> None:
    """As written."""
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
- id: list
  command: |-
    ls
    ls -l
"""
    write(project, {"schedules/s.yml": f"interval: '@daily'\n{tasks}"})
    assert tasks in dagpress(project, "show", "s")[1]
