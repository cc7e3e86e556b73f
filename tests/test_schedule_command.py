"""`dagpress schedule`, also in the forms of Meltano's command: written files, unchanged files, and errors."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import pytest
from processes import TIMEOUT
from project_builder import EXTRACT_LOAD, completed, dagpress, files_of, killed_at_replace, refusal, write

if TYPE_CHECKING:
    from collections.abc import Callable

    _Run: TypeAlias = Callable[..., tuple[int, str, str]]

DAGPRESS = Path(sys.executable).parent / "dagpress"
MELTANO_YML = """\
plugins:
  extractors: [{name: tap-gitlab}]
  loaders: [{name: target-postgres}]
jobs:
- name: refresh
  tasks: [[tap-gitlab, target-postgres], tap-gitlab target-postgres]
- name: one
  tasks: tap-gitlab target-postgres
"""
COMMENTED = """\
# Ask Ada before you change this.
extractor: tap-gitlab   # ours
loader: 'target-postgres'

# after the backup
interval: '@daily'
env: {A: "1"}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A Meltano project without schedules."""
    return write(tmp_path, {"meltano.yml": MELTANO_YML, "dagpress.toml": ""})


def _refusal(root: Path, *arguments: str) -> str:
    """Return the message of a command that fails and writes nothing."""
    before = files_of(root)
    message = refusal(root, *arguments)
    assert files_of(root) == before
    return message


@pytest.mark.parametrize(
    "arguments",
    [
        ("add", "gitlab", "--extractor", "tap-gitlab", "--loader", "target-postgres", "--interval", "@daily"),
        ("add", "gitlab", "tap-gitlab", "target-postgres", "@daily"),
        ("gitlab", "tap-gitlab", "target-postgres", "@daily"),
    ],
)
def test_every_form_of_add_writes_the_same_file_and_its_dag(project: Path, arguments: tuple[str, ...]) -> None:
    """The forms of Meltano's guide, and older ones. Then `check` finds no drift."""
    code, out, err = dagpress(project, "schedule", *arguments)
    assert code == 0
    assert err == (
        "gitlab: every day at 00:00 (UTC)\n"
        "Next steps:\n"
        "1. Run it once on this machine: `dagpress schedule run gitlab`.\n"
        "2. Review and commit the files.\n"
    )
    assert out.split() == [
        *("created", "schedules/gitlab.yml"),
        *("created", "generated_dags/gitlab.py"),
        *("created", "schedules/schedule.schema.json"),
    ]
    head = "# yaml-language-server: $schema=schedule.schema.json\n"
    assert (project / "schedules/gitlab.yml").read_text() == head + EXTRACT_LOAD
    assert dagpress(project, "check")[0] == 0


def test_add_accepts_all_options_of_meltano(project: Path) -> None:
    """A job, a transform, a start date, and a folder. A name that is not a file name is written as `name`."""
    pair = ("--extractor", "tap-gitlab", "--loader", "target-postgres")
    dagpress(project, "schedule", "add", "job", "--job", "refresh", "--interval", "0 6 * * *")
    dagpress(project, "schedule", "a/b", "tap-gitlab", "target-postgres", "@once", "--transform", "run")
    dagpress(project, "schedule", "add", "old", *pair, "--interval", "@hourly", "--start-date", "2024-01-31")
    rows = {row["name"]: row for row in json.loads(dagpress(project, "list", "--format", "json")[1])}
    assert rows["job"]["dag_id"] == "meltano_job_refresh"
    assert rows["a/b"]["file"] == "schedules/a_b.yml"
    dagpress(project, "schedule", "add", "orders", *pair, "--interval", "@daily", "--folder", "sales/eu/")
    assert "$schema=../../schedule.schema.json\n" in (project / "schedules/sales/eu/orders.yml").read_text()
    for folder, expected in {"../x": "below the schedules folder", "schedules/x": "leave `schedules/` out"}.items():
        arguments = ("schedule", "add", "other", *pair, "--interval", "@daily", "--folder", folder)
        assert expected in _refusal(project, *arguments)
    assert "start_date: 2024-01-31\n" in (project / "schedules/old.yml").read_text()
    assert "transform: run\n" in (project / "schedules/a_b.yml").read_text()


def test_set_changes_only_the_given_keys(project: Path) -> None:
    """And the generated file."""
    write(project, {"schedules/gitlab.yml": COMMENTED})
    dagpress(project, "generate")
    code, out, _ = dagpress(project, "schedule", "set", "gitlab", "--interval", "0 6 * * 1-5", "--transform", "run")
    assert (code, out) == (0, "updated schedules/gitlab.yml\nupdated generated_dags/gitlab.py\n")
    assert (project / "schedules/gitlab.yml").read_text() == COMMENTED.replace(
        "@daily", "0 6 * * 1-5"
    ) + "transform: run\n"
    assert 'schedule="0 6 * * 1-5"' in (project / "generated_dags/gitlab.py").read_text()
    assert dagpress(project, "schedule", "set", "gitlab", "--transform", "run") == (
        0,
        "",
        "Already up to date.\n",
    )


def test_the_file_of_another_schedule_is_unchanged(project: Path) -> None:
    """A command for one schedule does not write other outdated files."""
    write(project, {"schedules/a.yml": EXTRACT_LOAD, "schedules/b.yml": EXTRACT_LOAD})
    assert dagpress(project, "schedule", "set", "a", "--interval", "@hourly")[0] == 0
    assert (project / "generated_dags/a.py").exists()
    assert not (project / "generated_dags/b.py").exists()


def test_writing_the_dag_file_can_be_skipped(project: Path) -> None:
    """With `--no-generate`, for all three commands that write."""
    pair = ("tap-gitlab", "target-postgres")
    dagpress(project, "schedule", "add", "a", *pair, "@daily", "--no-generate")
    assert not (project / "generated_dags").exists()
    dagpress(project, "generate")
    before = (project / "generated_dags/a.py").read_text()
    dagpress(project, "schedule", "set", "a", "--interval", "@hourly", "--no-generate")
    dagpress(project, "schedule", "remove", "a", "--no-generate")
    assert not (project / "schedules/a.yml").exists()
    assert (project / "generated_dags/a.py").read_text() == before


def test_remove_also_removes_the_dag_file(project: Path) -> None:
    """Also the last one. Hand-written files are kept."""
    write(project, {"schedules/team/a.yml": EXTRACT_LOAD, "schedules/b.yml": EXTRACT_LOAD})
    write(project, {"generated_dags/mine.py": "x = 1\n"})
    dagpress(project, "generate")
    assert dagpress(project, "schedule", "remove", "a")[:2] == (
        0,
        "deleted schedules/team/a.yml\ndeleted generated_dags/team/a.py\n",
    )
    assert dagpress(project, "schedule", "remove", "b")[0] == 0
    assert [path for path in files_of(project) if path.endswith(".py")] == ["generated_dags/mine.py"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("add", "a", "--job", "refresh"), "Missing option '--interval'"),
        (("add", "a", "--interval", "@daily", "--extractor", "tap-gitlab"), "Missing option '--loader'"),
        (("add", "a", "--interval", "@daily", "--job", "x", "--extractor", "y"), "`--job` cannot be combined"),
        (
            ("add", "a", "tap-gitlab", "target-postgres"),
            "expected EXTRACTOR, LOADER and INTERVAL after NAME, got 2 of 3",
        ),
        (
            ("add", "a", "tap-gitlab", "target-postgres", "@daily", "--loader", "x"),
            "`--loader` cannot be combined with",
        ),
        (("add", "there", "tap-gitlab", "target-postgres", "@daily"), "change it with `dagpress schedule set`"),
        (("set", "there"), "there is nothing to set"),
        (("set", "there", "--job", "refresh"), "`there` has an extractor and a loader"),
        (("set", "their", "--interval", "@daily"), "unknown schedule `their` (did you mean `there`?)"),
        (("remove", "their"), "unknown schedule `their`"),
        (("run", "their"), "unknown schedule `their`"),
        (("sett", "there", "--interval=@daily"), "No such command 'sett'. (did you mean `set`?)"),
        (("there",), "No such command 'there'."),
    ],
)
def test_invalid_usage_is_an_error(project: Path, arguments: tuple[str, ...], message: str) -> None:
    """With a fix, and no file is written."""
    write(project, {"schedules/there.yml": EXTRACT_LOAD})
    assert message in _refusal(project, "schedule", *arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("set", "there", "--interval", "@dayli"), "schedules/there.yml:3:11: invalid-interval"),
        (("set", "there", "--interval", "0 0 31 2 *"), "never runs"),
        (("set", "there", "--start-date", "tomorrow"), "`tomorrow` is not a date"),
        (("add", "a", "tap-gitlab", "target-postgres", "@dayli"), "schedules/a.yml:4:11: invalid-interval"),
        (("add", "a", "--job", "refrehs", "--interval", "@daily"), "did you mean `refresh`?"),
        (("add", "a", "{{ x }}", "target-postgres", "@daily"), "schedules/a.yml:2:12"),
    ],
)
def test_an_invalid_value_is_an_error(project: Path, arguments: tuple[str, ...], message: str) -> None:
    """The interval, the job and the dates are checked before any file is written."""
    write(project, {"schedules/there.yml": EXTRACT_LOAD})
    before = files_of(project)
    code, out, err = dagpress(project, "schedule", *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert err.endswith("No files written.\n")
    assert files_of(project) == before


_AFTER_A = "extractor: tap-gitlab\nloader: target-postgres\nafter: a\n"


def test_a_broken_schedule_does_not_block_others(project: Path) -> None:
    """Its errors are counted, and its DAG file is kept. A new error in another schedule is reported."""
    write(
        project,
        {
            f"schedules/{name}.yml": text
            for name, text in zip("abc", (EXTRACT_LOAD, EXTRACT_LOAD, _AFTER_A), strict=True)
        },
    )
    dagpress(project, "generate")
    write(project, {"schedules/b.yml": EXTRACT_LOAD.replace("@daily", "@dayli")})
    code, out, err = dagpress(project, "schedule", "set", "a", "--interval", "@hourly")
    assert (code, out) == (0, "updated schedules/a.yml\nupdated generated_dags/a.py\n")
    assert err.startswith("1 error in other schedules: run `dagpress validate`.\n")
    code, out, err = dagpress(project, "schedule", "remove", "a")
    assert (code, out) == (2, "")
    assert "schedules/c.yml:" in err
    out = dagpress(project, "schedule", "remove", "c")[1]
    assert out.splitlines() == ["deleted schedules/c.yml", "updated generated_dags/a.py", "deleted generated_dags/c.py"]
    assert dagpress(project, "schedule", "set", "b", "--interval", "@daily")[0] == 0
    assert dagpress(project, "check")[0] == 0


def test_list_prints_the_format_of_meltano(project: Path) -> None:
    """With its arrows; custom tasks are shown as a job."""
    write(
        project,
        {
            "schedules/a.yml": EXTRACT_LOAD + "transform: only\n",
            "schedules/b.yml": "job: refresh\ninterval: '@quarterly'\n",
            "schedules/c.yml": "tasks: [tap-gitlab target-postgres]\ninterval: '@once'\n",
        },
    )
    assert dagpress(project, "schedule", "list")[1].splitlines() == [
        "[@daily] elt a: tap-gitlab × target-postgres → transforms",  # noqa: RUF001  # Meltano's characters
        "[0 0 1 */3 *] job b: refresh → [['tap-gitlab', 'target-postgres'], 'tap-gitlab target-postgres']",
        "[@once] job c: c → ['tap-gitlab target-postgres']",
    ]


@pytest.fixture
def meltano(project: Path) -> Path:
    """The project with a `meltano` that prints its call; `--fail` makes it fail."""
    return write(
        project,
        {
            ".meltano/run/bin": '#!/bin/sh\necho "$PWD $A $B $*"\n'
            'case "$*" in *--fail*) exit 7;; *--term*) kill -TERM $$;; *--wait*) sleep 60;; esac\n',
            "schedules/pair.yml": EXTRACT_LOAD + "env: {A: '1'}\nenvironment: prod\n",
            "schedules/graph.yml": "interval: '@daily'\nenv: {A: '1'}\ntasks:\n"
            "- {id: last, run: tap-gitlab target-postgres, after: [first]}\n"
            "- {id: first, run: \"tap-gitlab 'target postgres'\", env: {B: '2'}}\n",
            "schedules/dated.yml": EXTRACT_LOAD + "env: {A: '{{ ds }}'}\n",
            "schedules/templated.yml": EXTRACT_LOAD + "state_id: '{{ ds }}'\n",
        },
    )


@pytest.fixture
def run(meltano: Path, capfd: pytest.CaptureFixture[str]) -> _Run:
    """Return a function that runs a schedule, and returns the exit code, Meltano's output and stderr."""

    def run(*arguments: str) -> tuple[int, str, str]:
        code, _, err = dagpress(meltano, "schedule", "run", *arguments)
        return code, capfd.readouterr().out, err

    return run


def test_run_runs_the_tasks_of_the_dag_in_order(meltano: Path, run: _Run) -> None:
    """With the variables of the schedule and the task. Further options are passed as in Meltano."""
    options = "--state-id=pair --full-refresh"
    assert run("pair", "--full-refresh")[:2] == (
        0,
        f"{meltano} 1  --environment=prod el tap-gitlab target-postgres {options}\n",
    )
    _, printed, err = run("graph", "--dry-run")
    assert printed.splitlines() == [
        f"{meltano} 1 2 run --dry-run tap-gitlab target postgres",
        f"{meltano} 1  run --dry-run tap-gitlab target-postgres",
    ]
    assert "[1/2] first: tap-gitlab 'target postgres'\n" in err


def test_run_says_that_it_uses_no_container(meltano: Path, run: _Run) -> None:
    """The project's Meltano runs the tasks of any runner."""
    docker = "runner: docker\ndocker: {image: 'elt:1'}\n"
    write(meltano, {"schedules/contained.yml": EXTRACT_LOAD + docker})
    assert run("contained") == (
        0,
        f"{meltano}   el tap-gitlab target-postgres --state-id=contained\n",
        "contained runs on this machine instead of the runner docker.\n",
    )


def test_run_uses_the_configured_meltano_project(meltano: Path, run: _Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the environment says. Escaped braces in a variable are unescaped."""
    write(
        meltano,
        {
            ".meltano/run/bin": '#!/bin/sh\necho "$MELTANO_PROJECT_ROOT $A"\n',
            "schedules/braces.yml": EXTRACT_LOAD + "env: {A: \"{{ '{{ x }}' }}\"}\n",
        },
    )
    monkeypatch.setenv("MELTANO_PROJECT_ROOT", "/elsewhere")
    assert run("braces")[1] == f"{meltano} {{{{ x }}}}\n"


def test_run_sets_the_project_variable_for_a_shell_command(
    meltano: Path, run: _Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in an Airflow worker. Meltano gets its own variable."""
    command = "tasks: [{id: show, command: 'echo $SALES_ROOT; meltano x'}]\ninterval: '@daily'\n"
    configuration = 'project_root_variable = "SALES_ROOT"\n'
    script = '#!/bin/sh\necho "$MELTANO_PROJECT_ROOT"\n'
    write(meltano, {"schedules/show.yml": command, "dagpress.toml": configuration, ".meltano/run/bin": script})
    for name in ("SALES_ROOT", "MELTANO_PROJECT_ROOT"):
        monkeypatch.setenv(name, "/elsewhere")
    assert run("show")[1] == f"{meltano}\n{meltano}\n"


def test_run_stops_at_a_failure_and_returns_the_exit_code_of_meltano(run: _Run) -> None:
    """For a signal, the exit code of a shell."""
    code, printed, _ = run("graph", "--fail")
    assert (code, len(printed.splitlines())) == (7, 1)
    assert run("pair", "--term")[0] == 128 + signal.SIGTERM


@pytest.mark.slow
def test_a_signal_reaches_meltano(meltano: Path) -> None:
    """Stopping `dagpress` stops the pipeline."""
    command: list[str | Path] = [DAGPRESS, "--project", meltano, "schedule", "run", "pair", "--wait"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout
        assert "tap-gitlab" in process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=TIMEOUT) == 128 + signal.SIGTERM


def test_run_requires_values_of_airflow_templates(meltano: Path, run: _Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The value of a variable comes from the environment; a template in a command is an error."""
    assert "set A in the environment of this command" in _refusal(meltano, "schedule", "run", "dated")
    assert "trigger the DAG in Airflow" in _refusal(meltano, "schedule", "run", "templated")
    monkeypatch.setenv("A", "2026-01-31")
    assert f"{meltano} 2026-01-31  el" in run("dated")[1]


def test_run_without_meltano_is_an_error(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the program, or without a Meltano project."""
    write(project, {"schedules/a.yml": EXTRACT_LOAD})
    monkeypatch.setenv("PATH", "")
    assert "`meltano` was not found on the PATH or in the project" in _refusal(project, "schedule", "run", "a")
    (project / "meltano.yml").unlink()
    assert "no meltano.yml in" in _refusal(project, "schedule", "run", "a")


def test_names_are_completed(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The names of existing schedules."""
    write(
        project,
        {"schedules/gitlab.yml": EXTRACT_LOAD, "schedules/github.yml": EXTRACT_LOAD, "schedules/x.yml": EXTRACT_LOAD},
    )
    monkeypatch.chdir(project)
    assert completed("dagpress schedule set git") == ["github", "gitlab"]
    assert completed("dagpress schedule add x --job re") == ["refresh"]
    assert completed("dagpress schedule add x --extractor t") == ["tap-gitlab"]
    assert completed("dagpress schedule add x --loader t") == ["target-postgres"]


@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 2])
def test_a_killed_set_leaves_the_old_or_the_new_file(project: Path, number: int) -> None:
    """Before the schedule is replaced, or between it and its DAG file. The same command completes the change."""
    write(project, {"schedules/a.yml": EXTRACT_LOAD})
    dagpress(project, "generate")
    killed_at_replace(number, project, "schedule", "set", "a", "--interval", "@hourly")
    texts = [EXTRACT_LOAD, EXTRACT_LOAD.replace("@daily", "@hourly")]
    assert (project / "schedules/a.yml").read_text() == texts[number - 1]
    assert dagpress(project, "schedule", "set", "a", "--interval", "@hourly")[0] == 0
    assert dagpress(project, "check")[0] == 0
    assert not [path for path in files_of(project) if path.endswith(".tmp")]
