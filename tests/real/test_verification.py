"""`verify --against meltano` on one real Airflow and with the real Meltano."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import environments
import pytest
from harness import DemoProject
from project_builder import as_yaml, configured, dagpress, project_of, write
from versions import NEWEST, NEWEST_2

from codegen import pipeline
from codegen.airflow.installation import AirflowError, version_of
from codegen.airflow.loading import load_dag_files
from codegen.cli.against_meltano import compare_with_meltano
from codegen.cli.exit_code import ExitCode
from codegen.cli.formats import as_text
from codegen.meltano.generator import failure
from codegen.meltano.invocation import MeltanoError

pytestmark = pytest.mark.slow

GENERATOR = Path(__file__).parent.parent / "generators" / "meltano.py"
PLUGINS = {"extractor": "tap-carbon", "loader": "target-duckdb", "transform": "skip", "interval": "@daily"}
JOBS = [
    {"name": "two", "tasks": ["tap-carbon target-duckdb", ["tap-carbon-forecast", "target-duckdb"]]},
    {"name": "text", "tasks": "a b"},
]


def _program(name: str) -> Path:
    environment = environments.ENVIRONMENTS[name]
    if environment.unsupported:
        pytest.skip(environment.unsupported)
    return environment.folder / "venv" / "bin" / "airflow"


@pytest.fixture(params=list(environments.AIRFLOWS))
def each_airflow(request: pytest.FixtureRequest) -> Path:
    """The `airflow` of each version, one after the other."""
    return _program(request.param)


@pytest.fixture
def airflow_2() -> Path:
    """The `airflow` of version 2."""
    return _program("airflow-2")


@pytest.fixture
def airflow_3() -> Path:
    """The `airflow` of version 3."""
    return _program("airflow-3")


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set environment variables of another Meltano project, as in a user's terminal."""
    for name in set(os.environ) - set(environments.clean_environ()):
        monkeypatch.delenv(name)
    monkeypatch.setenv("PATH", environments.meltano_environ()["PATH"])
    monkeypatch.setenv("MELTANO_PROJECT_ROOT", "/elsewhere")


def _write_project(demo: DemoProject, theirs: Mapping[str, Any], ours: Mapping[str, Any], generator: str = "") -> Path:
    """Replace the schedules of the demo project: `theirs` in meltano.yml, `ours` as files."""
    plugins, _ = (demo.folder / "meltano.yml").read_text().split("\njobs:\n")
    schedules = [{"name": name, **schedule} for name, schedule in theirs.items()]
    files = {f"schedules/{name}.yml": as_yaml(schedule) for name, schedule in ours.items()}
    declared = f"{plugins}\njobs: {json.dumps(JOBS)}\nschedules: {json.dumps(schedules)}\n"
    given = {"orchestrate/dags/meltano.py": generator or GENERATOR.read_text(), "meltano.yml": declared}
    return write(demo.folder, {**files, **given})


def _edited(edits: Mapping[str, str]) -> str:
    """Return the generator after the edits of a team, which replace texts."""
    text = GENERATOR.read_text()
    for old, new in edits.items():
        assert old in text
        text = text.replace(old, new)
    return text


def _verify(root: Path, airflow: Path) -> ExitCode:
    return compare_with_meltano(project_of(root), pipeline.read(project_of(root)), None, airflow, "text")


def test_the_demo_has_no_differences(each_airflow: Path, demo_project: DemoProject) -> None:
    """Before an import: the comparison needs no schedule files.

    Also if the workers use another variable than Meltano's for the project directory.
    """
    version = ".".join(version_of(each_airflow).split(".")[:2])
    write(demo_project.folder, {"dagpress.toml": configured('project_root_variable = "DEMO_ROOT"\n', version)})
    generator = shutil.copy(GENERATOR, demo_project.folder / "own.py")
    before = _files(demo_project.folder)
    arguments = ("--against", "meltano", "--generator", str(generator), "--airflow", str(each_airflow))
    code, out, _ = dagpress(demo_project.folder, "verify", *arguments)
    assert (code, out) == (
        0,
        """\
DAG_ID                          RESULT
meltano_carbon__duckdb          same
meltano_carbon_backfill         only new: it only runs manually, so the old generator creates no DAG for it
meltano_carbon_forecast         same
meltano_carbon_refresh_refresh  same
4 DAGs on Airflow VERSION: 3 same, 1 only new.
""".replace("VERSION", version_of(each_airflow)),
    )
    assert _files(demo_project.folder) == before


def _files(folder: Path) -> set[Path]:
    """Return the files of the project without those of Meltano itself."""
    return {path for path in folder.rglob("*") if ".meltano" not in path.parts}


def test_the_dags_of_one_environment_are_compared(
    airflow_3: Path, demo_project: DemoProject, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The old generator has no environments: the variable selects one, else it is the first."""
    ours = {"a": {**PLUGINS, "environments": {"prod": {"interval": "@hourly"}}}}
    root = _write_project(demo_project, {"a": PLUGINS}, ours)
    write(root, {"dagpress.toml": 'environments = ["dev", "prod"]\n'})
    for name, code, result in (("", 0, "same"), ("prod", 1, "differs")):
        monkeypatch.setenv("DAGPRESS_ENVIRONMENT", name)
        assert _verify(root, airflow_3) == code
        printed = capsys.readouterr()
        assert f"Using environment `{name or 'dev'}`; set DAGPRESS_ENVIRONMENT to use another.\n" in printed.err
        assert printed.out.splitlines()[1] == f"meltano_a  {result}"


THEIRS: dict[str, dict[str, Any]] = {
    "by-default": PLUGINS,
    "by-variable": {**PLUGINS, "env": {"MELTANO_ENVIRONMENT": "prod"}},
    "elsewhere": {**PLUGINS, "env": {"MELTANO_ENVIRONMENT": "prod"}},
    "gone": PLUGINS,
    "midnight": {**PLUGINS, "interval": "@midnight"},
    "moved": PLUGINS,
    "often": PLUGINS,
    "once": {**PLUGINS, "interval": "@once"},
    "quotes": {**PLUGINS, "env": {"NASTY": 'it\'s "here" $HOME {# \r\n', "SCRIPT": "run.sh"}},
    "secret": {**PLUGINS, "env": {"API_TOKEN": "hunter2", "REGION": "eu"}},
    "state": PLUGINS,
    "text": {"job": "text", "interval": "@daily"},
    "transforms": {**PLUGINS, "transform": "run"},
    "with-env": {"job": "two", "interval": "@daily", "env": {"REGION": "eu"}},
}
OURS: dict[str, dict[str, Any]] = {
    **{name: schedule for name, schedule in THEIRS.items() if name != "gone"},
    "added": PLUGINS,
    "by-default": {**PLUGINS, "environment": "dev"},
    "by-variable": {**PLUGINS, "environment": "prod"},
    "elsewhere": PLUGINS,
    "midnight": {**PLUGINS, "interval": "0 0 * * *"},
    "moved": {**PLUGINS, "start_date": "2024-01-31T06:00:00.250000Z"},
    "often": {**PLUGINS, "interval": "@hourly"},
    "secret": {**PLUGINS, "env": {"REGION": "eu"}},
    "state": {**PLUGINS, "state_id": "other"},
    "transforms": PLUGINS,
}
EVERY_DIFFERENCE = """\
DAG_ID                RESULT
meltano_added         only new: Meltano lists no schedule with this name
meltano_by-default    same
meltano_by-variable   same
meltano_elsewhere     differs
    Meltano environment of extract_load: prod -> dev
        the key `environment` of the schedule sets it
meltano_gone          only old: no schedule has this DAG ID; to keep the run history, set `dag_id` in \
the schedule that replaces it
meltano_midnight      same
meltano_moved         same
meltano_often         differs
    schedule: 0 0 * * * -> 0 * * * *
        the key `interval` of the schedule sets it
meltano_once          only new: it only runs manually, so the old generator creates no DAG for it
meltano_quotes        same
meltano_secret        differs
    env API_TOKEN of extract_load: (hidden: it looks like a secret) -> nothing
        it looks like a secret, and is not copied: set it on the workers, or use an Airflow template
meltano_state         differs
    command of extract_load: meltano el tap-carbon target-duckdb --state-id=state -> \
meltano el tap-carbon target-duckdb --state-id=other
        a new state ID starts from scratch: set `state_id` to keep the old one
meltano_text_text     differs
    command of meltano_text_text_task0: meltano run a -> meltano run a b
        meltano.yml has the tasks of the job as one text, and the old generator makes a task of each character
    task meltano_text_text_task1: meltano run -> nothing
        meltano.yml has the tasks of the job as one text, and the old generator makes a task of each character
    task meltano_text_text_task2: meltano run b -> nothing
        meltano.yml has the tasks of the job as one text, and the old generator makes a task of each character
meltano_transforms    differs
    tags: meltano, tap-carbon, target-duckdb, transform -> meltano, tap-carbon, target-duckdb
        the key `tags` of the schedule sets it
    command of extract_load: meltano elt tap-carbon target-duckdb --state-id=transforms --transform=run -> \
meltano el tap-carbon target-duckdb --state-id=transforms
meltano_with-env_two  differs
    env REGION of every task: nothing -> eu
        meltano.yml sets it for this schedule, but the old generator ignores it
15 DAGs on Airflow VERSION: 5 same, 7 differ, 1 only old, 2 only new.
"""


def test_every_difference_is_reported_with_its_reason(
    airflow_3: Path, demo_project: DemoProject, capsys: pytest.CaptureFixture[str]
) -> None:
    """With one file for all schedules; the other tests compare one file per schedule."""
    # Meltano's first generators have no `env` for the tasks of jobs.
    generator = _edited({'{"env": schedule.get("env", {}), "append_env": True}': "{}"})
    ours = {f"team/{name}": schedule for name, schedule in OURS.items()}
    root = _write_project(demo_project, THEIRS, ours, generator)
    write(root, {"dagpress.toml": 'layout = "folder"\n'})
    assert _verify(root, airflow_3) == ExitCode.DRIFT
    assert capsys.readouterr().out == EVERY_DIFFERENCE.replace("VERSION", version_of(airflow_3))


_TOKYO = "CronTriggerTimetable(interval, timezone='Asia/Tokyo')"
EDITS = {
    '"retries": 1,': '"retries": 3, "email": "team@example.org", "email_on_failure": True, "pool": "slow",',
    'tags=["meltano", *tags]': 'tags=["meltano", "team", *tags]',
    'task(dag, "extract_load", f"schedule run {schedule[\'name\']}")': """\
task(
        dag, "extract_load", f"schedule run {schedule['name']}", env={"REGION": "eu", "DB_PASSWORD": "hunter2"}
    ) >> BashOperator(dag=dag, task_id="tell", bash_command="curl https://example.org | sh")""",
    "dag_id = f\"meltano_{schedule['name']}\"": "dag_id = f\"meltano_{schedule['name'].replace(' ', '_')}\"",
    'if each["cron_interval"]:\n        of_plugins': "if True:\n        of_plugins",
    "import DAG\n": "import DAG\nfrom airflow.timetables.trigger import CronTriggerTimetable\n",
    "schedule=interval": f"schedule={_TOKYO} if 'tokyo' in dag_id else interval",
}
EDITED = [
    ("tags", "meltano, tap-carbon, target-duckdb, team", "meltano, tap-carbon, target-duckdb"),
    ("timezone", "Europe/Berlin", "UTC"),
    ("e-mail on failure of extract_load", "team@example.org", "nothing"),
    ("env DB_PASSWORD of extract_load", "(hidden: it looks like a secret)", "nothing"),
    ("env REGION of extract_load", "eu", "nothing"),
    ("append_env of extract_load", "false", "true"),
    ("pool of extract_load", "slow", "default_pool"),
    ("retries of extract_load", "3", "1"),
    ("task tell", "curl https://example.org | sh", "nothing"),
]


def test_only_the_edits_of_a_team_are_reported(
    airflow_2: Path, demo_project: DemoProject, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    home = write(demo_project.folder / "airflow", {"airflow.cfg": "[core]\ndefault_timezone = Europe/Berlin\n"})
    monkeypatch.setenv("AIRFLOW_HOME", str(home))
    theirs = {"by hand": {**PLUGINS, "interval": "@once"}, "plain": PLUGINS, "tokyo": PLUGINS}
    root = _write_project(demo_project, theirs, theirs, _edited(EDITS))
    with pytest.raises(AirflowError, match=rf'airflow = "{NEWEST}", but .* {NEWEST_2}\.\d .set airflow = '):
        _verify(root, airflow_2)
    write(root, {"dagpress.toml": configured("", NEWEST_2)})
    assert (
        compare_with_meltano(project_of(root), pipeline.read(project_of(root)), None, airflow_2, "json")
        == ExitCode.DRIFT
    )
    shown = capsys.readouterr().out
    by_hand, plain, tokyo = json.loads(shown)["dags"]
    assert [(each["what"], each["old"], each["new"]) for each in plain["differences"]] == EDITED
    assert ("timezone", "Asia/Tokyo", "UTC") in [
        (each["what"], each["old"], each["new"]) for each in tokyo["differences"]
    ]
    whys = {each["what"]: each["why"] for each in by_hand["differences"]}
    assert "`@once` starts one run" in whys["schedule"]
    assert "Meltano has no schedule `by`" in whys["command of extract_load"]
    assert "hunter2" not in shown
    assert [path.name for path in home.iterdir()] == ["airflow.cfg"]


FAILURES = {
    "no_start_date": (
        {'schedule.get("start_date")': 'schedule["start_date"]'},
        55,
        r"KeyError: 'start_date' \(Meltano 4",
    ),
    "of_airflow_2": (
        {"schedule=interval": "schedule_interval=interval"},
        37,
        r"TypeError: .*schedule_interval.*Airflow 2",
    ),
    "hangs": (
        {"def schedules():": "import time\ntime.sleep(60)\ndef schedules():"},
        31,
        "Timeout.*must load within 30",
    ),
    "no_meltano": (
        {"MELTANO = LINK if": "MELTANO = 'no-such' if"},
        32,
        r"FileNotFoundError: .*no-such' \(add `meltano`",
    ),
    "meltano_fails": (
        {"format=json": "format=yaml"},
        32,
        r"non-zero exit.*last output: .*'yaml' is not one of.*\(run `mel",
    ),
}


def test_the_error_of_a_failing_generator_is_reported(
    airflow_3: Path, demo_project: DemoProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = _write_project(demo_project, {"plain": PLUGINS}, {})
    files = write(root, {f"{name}.py": _edited(edits) for name, (edits, _, _) in FAILURES.items()})
    paths = {name: files / f"{name}.py" for name in FAILURES}
    hanging = paths.pop("hangs")
    variables = {"MELTANO_PROJECT_ROOT": str(root)}
    loaded = load_dag_files(airflow_3, [(path, files) for path in paths.values()], root, variables)
    # A short limit only for this test: the others need more time on a busy machine.
    monkeypatch.setenv("AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT", "3")
    loaded += load_dag_files(airflow_3, [(hanging, files)], root, variables)
    for path, file in zip([*paths.values(), hanging], loaded, strict=True):
        _, line, message = FAILURES[path.stem]
        (error,) = file.errors
        output = as_text(failure(path, path.name, error.traceback, file.log))
        assert output.startswith(f"{path.name}:{line}:1: dags-not-loaded: ")
        assert re.search(message, output)


def test_a_generator_for_meltano_1_is_compared(
    airflow_2: Path, demo_project: DemoProject, capsys: pytest.CaptureFixture[str]
) -> None:
    """The generator expects a list of schedules with start dates, which Meltano no longer prints."""
    form = {'json.loads(listed)["schedules"]': '{"elt": json.loads(listed), "job": []}'}
    generator = _edited(form)
    root = _write_project(demo_project, {"plain": PLUGINS}, {"plain": PLUGINS}, generator)
    write(root, {"dagpress.toml": configured("", NEWEST_2)})
    assert _verify(root, airflow_2) == ExitCode.FINE
    assert "meltano_plain  same" in capsys.readouterr().out


def test_a_dag_id_that_airflow_rejects_removes_every_dag(
    airflow_3: Path, demo_project: DemoProject, capsys: pytest.CaptureFixture[str]
) -> None:
    theirs = {"plain": PLUGINS, "two words": PLUGINS}
    root = _write_project(demo_project, theirs, theirs)
    assert _verify(root, airflow_3) == ExitCode.BAD_INPUT
    shown = capsys.readouterr()
    assert shown.out == ""
    assert re.search(
        r"^orchestrate/dags/meltano.py:37:1: .*meltano_two words.*\(Airflow rejects this ID", shown.err, re.MULTILINE
    )


def test_an_error_of_meltano_is_reported_with_its_fix(airflow_3: Path, demo_project: DemoProject) -> None:
    root = _write_project(demo_project, {"plain": {**PLUGINS, "transform": None}}, {"plain": PLUGINS})
    text = (root / "meltano.yml").read_text().replace('"transform": null, ', "").replace(', "transform": null', "")
    write(root, {"meltano.yml": text})
    with pytest.raises(MeltanoError, match="add `transform: skip` to them"):
        _verify(root, airflow_3)


def test_the_error_of_meltano_is_reported(airflow_3: Path, demo_project: DemoProject) -> None:
    root = _write_project(demo_project, {"plain": {"job": "no-such", "interval": "@daily"}}, {"plain": PLUGINS})
    with pytest.raises(MeltanoError, match=r"list` failed: JobNotFoundError: Job 'no-such' was not found"):
        _verify(root, airflow_3)
