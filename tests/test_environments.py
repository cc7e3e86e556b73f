"""Deployment environments: their DAG files, the commands for one of them, and the source of each value."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from examples import fewer
from hypothesis import given
from hypothesis import strategies as st
from project_builder import EXTRACT_LOAD, as_yaml, completed, dagpress, project_of, refusal, write
from strategies import EXTRACT_LOADS, SCHEDULES
from test_properties import ANYTHING

from codegen import pipeline
from codegen.diagnostics import has_errors
from codegen.keys.table import keys_of
from codegen.schema import Schedule
from codegen.schema.export import as_data
from codegen.schema.origins import explain

DAGPRESS = Path(sys.executable).parent / "dagpress"
CONFIGURATION = 'environments = ["dev", "prod"]\nseparate_system_databases = true\n'
OVERLAID = EXTRACT_LOAD + "environments:\n  dev: {interval: '@manual'}\n  prod: {environment: prod, retries: 4}\n"


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the environment that the user of the tests has selected."""
    monkeypatch.delenv("DAGPRESS_ENVIRONMENT", raising=False)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Two environments: one schedule differs between them, one is the same, and one is only in `prod`."""
    return write(
        tmp_path,
        {
            "dagpress.toml": CONFIGURATION,
            "schedules/orders.yml": OVERLAID,
            "schedules/same.yml": EXTRACT_LOAD,
            "schedules/report.yml": EXTRACT_LOAD.replace("@daily", "0 6 * * *") + "only: prod\n",
        },
    )


def _trees(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.glob("generated_dags/**/*.py"))


def test_each_environment_has_a_tree_that_is_removed_with_it(project: Path) -> None:
    """Files move when a project gets environments; hand-written files are kept."""
    write(project, {"dagpress.toml": "", "schedules/orders.yml": EXTRACT_LOAD, "schedules/report.yml": EXTRACT_LOAD})
    dagpress(project, "generate")
    assert _trees(project) == [f"generated_dags/{name}.py" for name in ("orders", "report", "same")]
    write(project, {"dagpress.toml": CONFIGURATION, "schedules/report.yml": EXTRACT_LOAD + "only: [prod]\n"})
    write(project, {"generated_dags/dev/by_hand.py": "mine = True\n"})
    code, out, err = dagpress(project, "generate")
    assert (code, err) == (0, "3 schedules in 2 environments: 5 files created, 3 files deleted.\n")
    assert "deleted generated_dags/orders.py\n" in out
    assert dagpress(project, "check") == (0, "", "3 schedules in 2 environments: all files are up to date.\n")
    write(project, {"dagpress.toml": 'environments = ["prod"]\n'})
    assert dagpress(project, "generate")[2] == "3 schedules in 1 environment: 2 files deleted.\n"
    assert _trees(project) == [
        "generated_dags/dev/by_hand.py",
        *(f"generated_dags/prod/{name}.py" for name in ("orders", "report", "same")),
    ]


def test_a_rename_is_found_in_each_environment(project: Path) -> None:
    """Airflow has a separate history in each."""
    dagpress(project, "generate")
    (project / "schedules/same.yml").rename(project / "schedules/renamed.yml")
    code, _, err = dagpress(project, "generate")
    assert code == 0
    assert err.startswith("generated_dags/dev/renamed.py:1:1: renamed: ")
    assert "(and 1 more: generated_dags/prod/renamed.py:1:1)\n" in err


def test_list_shows_the_environments_and_filters_by_one(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One row per schedule and environment, filtered by the option, else by the variable."""
    rows = [line.split()[:2] for line in dagpress(project, "list")[1].splitlines()]
    assert rows == [
        ["NAME", "ENVIRONMENT"],
        *(["orders", "dev"], ["orders", "prod"], ["report", "prod"], ["same", "dev"], ["same", "prod"]),
    ]
    data = json.loads(dagpress(project, "list", "--environment", "dev", "--format", "json")[1])
    assert [(row["name"], row["environment"], row["interval"]) for row in data] == [
        ("orders", "dev", "@manual"),
        ("same", "dev", "@daily"),
    ]
    monkeypatch.setenv("DAGPRESS_ENVIRONMENT", "prod")
    assert len(dagpress(project, "list")[1].splitlines()) == 4


def test_show_and_next_take_the_first_environment_that_has_the_schedule(project: Path) -> None:
    """They name it; the option selects another."""
    expected = "Using environment `{}`; set --environment to use another.\n"
    code, out, err = dagpress(project, "show", "orders")
    assert (code, err) == (0, expected.format("dev"))
    assert "deployment_environment: dev\n" in out
    assert 'interval: "@manual"\n' in out
    code, out, err = dagpress(project, "show", "orders", "-e", "prod", "--dag")
    assert (code, err) == (0, "")
    dagpress(project, "generate")
    assert out == (project / "generated_dags/prod/orders.py").read_text()
    assert "Defined in `schedules/orders.yml` (environment `prod`).\n" in out
    assert dagpress(project, "next", "report")[2] == expected.format("prod") + "report: every day at 06:00 (UTC)\n"
    assert dagpress(project, "next", "orders", "-e", "prod")[2] == "orders: every day at 00:00 (UTC)\n"


def test_an_unknown_environment_is_an_error(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a suggestion, or the environments in `only`; a wrong variable is named."""
    assert refusal(project, "show", "orders", "-e", "prdo") == "unknown environment `prdo` (did you mean `prod`?)"
    assert refusal(project, "next", "report", "-e", "dev") == "`report` is not in `dev`: `only` restricts it to `prod`"
    monkeypatch.setenv("DAGPRESS_ENVIRONMENT", "staging")
    message = "unknown environment `staging` from DAGPRESS_ENVIRONMENT (expected one of dev, prod)"
    assert refusal(project, "list") == message
    assert refusal(project, "invoke", "airflow", "version") == message


def test_a_project_without_environments_ignores_the_variable(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It can be for another project. The option is an error with a fix."""
    write(project, {"dagpress.toml": "", "schedules/orders.yml": EXTRACT_LOAD, "schedules/report.yml": EXTRACT_LOAD})
    message = 'this project has no environments (set environments = ["dev", "prod"] in the configuration)'
    assert refusal(project, "show", "orders", "--environment", "prod") == message
    assert refusal(project, "diff", "orders", "--between", "dev", "prod") == message
    before = [dagpress(project, *words) for words in (("list",), ("show", "orders"), ("schedule", "list"))]
    monkeypatch.setenv("DAGPRESS_ENVIRONMENT", "prod")
    assert [dagpress(project, *words) for words in (("list",), ("show", "orders"), ("schedule", "list"))] == before
    assert "deployment" not in json.dumps(before)


@pytest.mark.parametrize("layout", ["schedule", "folder"])
def test_diff_compares_two_environments(project: Path, layout: str) -> None:
    """Without the sentence that names the environment; a schedule that is only in one of them is named."""
    write(project, {"dagpress.toml": f'{CONFIGURATION}layout = "{layout}"\n'})
    (project / "schedules").rename(project / "sales")
    (project / "schedules").mkdir()
    (project / "sales").rename(project / "schedules/sales")
    code, out, err = dagpress(project, "diff", "orders", "--between", "dev", "prod")
    assert (code, err) == (1, "")
    names = {"schedule": "sales/orders.py", "folder": "sales.py"}
    assert out.startswith(f"--- a/generated_dags/dev/{names[layout]}\n+++ b/generated_dags/prod/{names[layout]}\n")
    changed = [line for line in out.splitlines()[2:] if line[0] in "+-"]
    assert [line for line in changed if "schedule=" in line] == ["-    schedule=None,", '+    schedule="@daily",']
    assert not any("Defined in" in line for line in changed)
    assert dagpress(project, "diff", "same", "--between", "dev", "prod") == (0, "", "")
    assert dagpress(project, "diff", "orders", "--between", "dev", "dev") == (0, "", "")
    expected = "`report` is not in `dev`: `only` restricts it to `prod`.\n"
    assert dagpress(project, "diff", "report", "--between", "dev", "prod") == (1, "", expected)
    assert dagpress(project, "diff", "report", "--between", "prod", "dev") == (1, "", expected)
    assert dagpress(project, "diff", "--between", "dev", "prod") == (1, out, expected)
    assert not (project / "generated_dags").exists()


def test_invalid_arguments_of_between_are_errors(project: Path) -> None:
    """Unknown environments, and schedules with errors."""
    assert "unknown environment `prd`" in refusal(project, "diff", "orders", "--between", "dev", "prd")
    write(project, {"schedules/same.yml": EXTRACT_LOAD + "environments: {dev: {retris: 1}}\n"})
    code, out, err = dagpress(project, "diff", "--between", "dev", "prod")
    assert (code, out) == (2, "")
    assert err.startswith("schedules/same.yml:4:22: unknown-key: ")
    code, out, err = dagpress(project, "diff", "orders", "--between", "dev", "prod")
    assert (code, err) == (1, "1 error in other schedules: run `dagpress validate`.\n")
    assert out.startswith("--- a/generated_dags/dev/orders.py")


def test_an_error_in_one_environment_names_it(project: Path) -> None:
    """An error in all environments is reported once, as in a project without environments."""
    write(project, {"meltano.yml": "plugins: {extractors: [], loaders: [{name: target-postgres}]}\n"})
    write(project, {"schedules/same.yml": EXTRACT_LOAD + "environments: {dev: {catchup: true}}\n"})
    lines = dagpress(project, "validate")[2].splitlines()
    others = "schedules/report.yml:1:12, schedules/same.yml:1:12"
    assert [line.split(": ", 2)[2] for line in lines if "schedules/same.yml" in line] == [
        f"meltano.yml has no extractor `tap-gitlab` (add it with `meltano add tap-gitlab`) (and 2 more: {others})",
        "in `dev`: `catchup` without a `start_date` starts a run for every interval since 1970 (set `start_date`)",
    ]


def test_the_schedule_commands_change_every_environment(project: Path) -> None:
    """They change the common values, and name the environments that override them."""
    pair = ("--extractor", "tap-gitlab", "--loader", "target-postgres")
    _, out, err = dagpress(project, "schedule", "add", "new", *pair, "--interval", "@daily")
    assert [line for line in out.splitlines() if "generated_dags" in line] == [
        "created generated_dags/dev/new.py",
        "created generated_dags/prod/new.py",
    ]
    assert err.startswith("new: every day at 00:00 (UTC)\nNext steps:\n")
    dagpress(project, "generate")
    _, out, err = dagpress(project, "schedule", "set", "orders", "--interval", "@hourly")
    assert out == "updated schedules/orders.yml\nupdated generated_dags/prod/orders.py\n"
    assert err.splitlines() == [
        "Environment `dev` still overrides `interval` in `environments`.",
        "orders in `dev`: manual runs only",
        "orders in `prod`: every hour (UTC)",
    ]
    _, out, _ = dagpress(project, "schedule", "remove", "new")
    assert out.split()[1::2] == ["schedules/new.yml", "generated_dags/dev/new.py", "generated_dags/prod/new.py"]


def test_schedule_list_and_run_use_one_environment(
    project: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Readers of `schedule list` know no environments; `schedule run` does the same as the DAG of one."""
    write(project, {"meltano.yml": "{}\n", ".meltano/run/bin": '#!/bin/sh\necho "$*"\n'})
    rows = json.loads(dagpress(project, "schedule", "list", "--format", "json")[1])
    assert [row["name"] for row in rows["schedules"]["elt"]] == ["orders", "same"]
    assert "report" in dagpress(project, "schedule", "list", "-e", "prod")[1]
    code, _, err = dagpress(project, "schedule", "run", "orders")
    assert (code, capfd.readouterr().out) == (0, "el tap-gitlab target-postgres --state-id=orders\n")
    assert err.startswith("Using environment `dev`; ")
    in_prod = "--environment=prod el tap-gitlab target-postgres --state-id=orders\n"
    assert dagpress(project, "schedule", "run", "--environment", "prod", "orders") == (0, "", "")
    assert capfd.readouterr().out == in_prod
    monkeypatch.setenv("DAGPRESS_ENVIRONMENT", "prod")
    assert dagpress(project, "schedule", "run", "orders") == (0, "", "")
    assert capfd.readouterr().out == in_prod


def test_environments_and_names_are_completed_once(project: Path) -> None:
    """For the option and both values of `--between`; a schedule in two environments is one name."""
    command = f"dagpress --project {project}"
    assert completed(f"{command} show orders -e ") == ["dev", "prod"]
    assert completed(f"{command} diff orders --between dev p") == ["prod"]
    assert completed(f"{command} show o") == ["orders"]


DEFAULTS = """\
owner: platform
retries: 2
env: {REGION: eu, MODE: test}
environments:
  prod:
    env: {MODE: null, LEVEL: info}
    execution_timeout: 2h
"""
INHERITING = """\
extractor: tap-gitlab
loader: target-postgres
interval: "@daily"
retries: null
env:
  REGION: us
environments:
  prod: {execution_timeout: 1h, tags: [live]}
"""


def test_explain_names_the_source_of_each_value_and_what_it_overrides(project: Path) -> None:
    """With file and line, the environment, overridden values, and values removed by null."""
    write(project, {"schedules/_defaults.yml": DEFAULTS, "schedules/orders.yml": INHERITING})
    out = dagpress(project, "show", "orders", "-e", "prod", "--explain")[1]
    cells = [line.split(maxsplit=2) for line in out.splitlines()]
    assert cells[0] == ["KEY", "VALUE", "FROM"]
    for expected in (
        ["name", "orders", "default"],
        ["owner", "platform", "schedules/_defaults.yml:1"],
        ["extractor", "tap-gitlab", "schedules/orders.yml:1"],
        ["env.LEVEL", "info", "schedules/_defaults.yml:6 (for prod)"],
        ["retry_delay", "5m", "default"],
    ):
        assert expected in cells
    below = {tuple(before): after for before, after in pairwise(cells)}
    for row, hidden in (
        (("env.REGION", "us", "schedules/orders.yml:6"), ["was", "eu", "schedules/_defaults.yml:3"]),
        (
            ("env.MODE", "-", "removed by schedules/_defaults.yml:6 (for prod)"),
            ["was", "test", "schedules/_defaults.yml:3"],
        ),
        (("retries", "1", "default, removed by schedules/orders.yml:4"), ["was", "2", "schedules/_defaults.yml:2"]),
        (
            ("execution_timeout", "1h", "schedules/orders.yml:8 (for prod)"),
            ["was", "2h", "schedules/_defaults.yml:7 (for prod)"],
        ),
    ):
        assert below[row] == hidden
    assert "\x1b" not in out


def test_explain_prints_json_and_covers_tasks(project: Path) -> None:
    """With each key and each variable of a task."""
    tasks = "tasks:\n- tap-a target-b\n- run: x\n  env: {A: '1'}\n  after: []\ninterval: '@daily'\nonly: prod\n"
    write(project, {"schedules/a/_defaults.yml": "tasks: [old]\nenv: null\n", "schedules/a/steps.yml": tasks})
    rows = json.loads(dagpress(project, "show", "steps", "--explain", "--format", "json")[1])
    by_key = {row["key"]: row for row in rows}
    place = {"file": "schedules/a/steps.yml", "environment": ""}
    assert by_key["tasks"]["hidden"] == [
        {"value": ["old"], "file": "schedules/a/_defaults.yml", "line": 1, "column": 1, "environment": ""}
    ]
    assert by_key["tasks[0].run"]["from"] == {**place, "value": "tap-a target-b", "line": 2, "column": 3}
    assert by_key["tasks[1].env.A"] == {
        "key": "tasks[1].env.A",
        "value": "1",
        "from": {**place, "value": "1", "line": 4, "column": 9},
        "hidden": [],
    }
    assert (by_key["tasks[1].after"]["value"], by_key["tasks[1].after"]["from"]["line"]) == ([], 5)
    assert (by_key["owner"]["value"], by_key["owner"]["from"]) == ("airflow", None)
    assert "`--dag` cannot be combined" in refusal(project, "show", "steps", "--explain", "--dag")


def test_explain_works_without_environments(tmp_path: Path) -> None:
    """The location of a value from an alias is its key, not the anchor."""
    write(tmp_path, {"schedules/a.yml": EXTRACT_LOAD + "env: {A: &one one}\nowner: *one\n"})
    cells = [line.split() for line in dagpress(tmp_path, "show", "a", "--explain")[1].splitlines()]
    assert ["env.A", "one", "schedules/a.yml:4"] in cells
    assert ["owner", "one", "schedules/a.yml:5"] in cells


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for name, item in value.items():
            yield from _leaves(f"{path}.{name}" if path else name, item)
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for number, item in enumerate(value):
            yield from _leaves(f"{path}[{number}]", item)
    else:
        yield path, value


@fewer(4)
@given(SCHEDULES, st.lists(SCHEDULES, min_size=2, max_size=2))
def test_explain_names_a_line_with_the_key_of_every_value(
    schedules: dict[str, Any], layers: list[dict[str, Any]]
) -> None:
    """For any merge: the rows have the values of `show`, and each names a line with that key."""
    files = {f"schedules/{name}.yml": as_yaml(schedule) for name, schedule in schedules.items()}
    defaults, overlay = ({k: v for layer in each.values() for k, v in layer.items()} for each in layers)
    shared = {key for schedule in schedules.values() for key in schedule} | {"env", "tags", "retries", "owner"}
    kept = {key: value for key, value in defaults.items() if key in shared}
    for schedule in schedules.values():
        schedule["environments"] = {"dev": {k: v for k, v in overlay.items() if k in schedule}}
    files = {f"schedules/{name}.yml": as_yaml(schedule) for name, schedule in schedules.items()}
    with TemporaryDirectory() as folder:
        root = write(Path(folder), {**files, "schedules/_defaults.yml": as_yaml(kept), "dagpress.toml": CONFIGURATION})
        reading = pipeline.read(project_of(root))
        merged = {(d.source.name, d.deployment): d.merged for d in reading.documents}
        for schedule_ in reading.schedules:
            rows = {row.key: row for row in explain(schedule_, merged[schedule_.source, schedule_.deployment])}
            for key, value in _leaves("", as_data(schedule_)):
                assert rows[key].value == value
            for row in rows.values():
                for each in (*([row.origin] if row.origin else []), *row.hidden):
                    assert each.deployment in {"", schedule_.deployment}
                    line = (root / each.location.path).read_text().split("\n")[each.location.line - 1]
                    # A task that is a text and an item of a list have no key; every other value has one.
                    name = "" if row.key.endswith(("].run", "]")) else row.key.rpartition(".")[2]
                    # Escaped keys, such as those of Python arguments, are not searched for.
                    assert name in line or not re.fullmatch(r"[\w ./-]*", name, re.ASCII)


@fewer(4)
@given(SCHEDULES)
def test_environments_without_differences_have_the_files_of_a_project_without_environments(
    schedules: dict[str, Any],
) -> None:
    """Except for the sentence that names the environment."""
    with TemporaryDirectory() as one, TemporaryDirectory() as other:
        for folder in (one, other):
            write(Path(folder), {f"schedules/{name}.yml": as_yaml(each) for name, each in schedules.items()})
        empty = "environments: {dev: {}, prod: null}\nonly: [prod, dev]\n"
        write(Path(other), {"dagpress.toml": CONFIGURATION, "schedules/_defaults.yml": empty})
        plain, deployed = (pipeline.generate(project_of(Path(folder))) for folder in (one, other))
        assert deployed.diagnostics == plain.diagnostics
        expected = {name: text for name, text in plain.files.items() if name.endswith(".json")}
        for name, text in plain.files.items():
            for environment in ("dev", "prod") if name.endswith(".py") else ():
                path = name.replace("generated_dags/", f"generated_dags/{environment}/")
                expected[path] = deployed.files[path]
                before, after = (each.split("\n")[1:] for each in (text, deployed.files[path]))
                source = f"schedules/{Path(name).stem}.yml"
                sentence = f"Defined in `{source}`."
                assert sentence in before
                before[before.index(sentence)] = f"Defined in `{source}` (environment `{environment}`)."
                assert after == before
        assert deployed.files == expected


@fewer(2)
@given(EXTRACT_LOADS, EXTRACT_LOADS, st.sampled_from(["schedules/a.yml", "schedules/_defaults.yml"]))
def test_an_environment_has_the_dag_of_the_merged_schedule(
    schedule: dict[str, Any], part: dict[str, Any], file: str
) -> None:
    """Maps are merged, other values are replaced, and missing keys are kept, in schedules and defaults."""
    written_out = {**schedule, **part, "env": {**schedule.get("env", {}), **part.get("env", {})}}
    with TemporaryDirectory() as one, TemporaryDirectory() as other:
        write(Path(one), {"schedules/a.yml": as_yaml(written_out)})
        parts = {"environments": {"prod": part}}
        files = {"schedules/a.yml": schedule, "schedules/_defaults.yml": {}}
        files[file] = {**files[file], **parts}
        write(Path(other), {name: as_yaml(each) for name, each in files.items()})
        write(Path(other), {"dagpress.toml": 'environments = ["prod"]\n'})
        readings = [pipeline.read(project_of(Path(folder))) for folder in (one, other)]
        plain, deployed = (
            [{key: getattr(each, key) for key in keys_of(Schedule) if key != "environments"} for each in those]
            for those in (reading.schedules for reading in readings)
        )
        assert plain == deployed


@fewer(2)
@given(environments=ANYTHING, only=ANYTHING, is_configured=st.booleans())
def test_any_value_of_environments_is_valid_or_an_error_with_its_location(
    *, environments: Any, only: Any, is_configured: bool
) -> None:
    """And never a traceback."""
    keys = {"environments": environments, "only": only}
    with TemporaryDirectory() as folder:
        root = write(Path(folder), {"schedules/a.yml": EXTRACT_LOAD + yaml.safe_dump(keys, allow_unicode=True)})
        write(root, {"dagpress.toml": CONFIGURATION if is_configured else ""})
        reading = pipeline.read(project_of(root))
        assert reading.schedules or has_errors(reading.diagnostics)
        assert all(diagnostic.location.path == "schedules/a.yml" for diagnostic in reading.diagnostics)
