"""The exact templates that warnings propose, in real runs with and without a logical date."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import environments
import pytest
from harness import Airflow, RecordingMeltano
from project_builder import as_yaml, dagpress, write

from codegen.text.jinja import parts_of
from codegen.validate.run_dates import DateUse, date_uses

pytestmark = pytest.mark.slow

# `airflow dags test` gives every run a logical date.
_RUN = """\
import sys
import pendulum
from airflow.cli.commands.dag_command import get_bagged_dag
for word in sys.argv[1:]:
    dag_id, _, date = word.partition("@")
    dag = get_bagged_dag(bundle_names=None, dag_id=dag_id, dagfile_path=None)
    run = dag.test(logical_date=pendulum.parse(date) if date else None)
    assert run.state == "success", run
"""
_TEMPLATES = {
    **{name.upper(): f"{{{{ {name} }}}}" for name in ("ds", "ds_nodash", "ts", "ts_nodash", "ts_nodash_with_tz")},
    **{name.upper(): f"{{{{ {name} }}}}" for name in ("logical_date", "data_interval_start", "data_interval_end")},
    "PREVIOUS": "{{ prev_data_interval_start_success }}/{{ prev_data_interval_end_success }}",
    "IN_A_TEXT": "a {{ ds }} {{ logical_date }} z",
    "NESTED": "{{ ds[:4] }} {{ macros.ds_add(ds, -1) }} {{ ds ~ '!' }}",
    "FILTERED": "{{ logical_date | ds }} {{ data_interval_start | ts }} {{ data_interval_end | ds_nodash }}",
    "FORMATTED": "{{ logical_date.strftime('%Y %d') }} {{ (logical_date - macros.timedelta(days=1)).isoformat() }}",
    "PENDULUM": "{{ logical_date.subtract(days=1).to_date_string() }} {{ logical_date.format('YYYY [MM] DD') }}",
    "CONVERTED": "{{ logical_date.in_timezone('Asia/Tokyo') | ts }} {{ data_interval_end.int_timestamp }}",
    "SET": "{% set day = logical_date %}{{ day.to_date_string() }}",
    "IF": "{% if ds > '2000' %}later{% endif %}",
    "OF_THE_RUN": "{{ dag_run.logical_date | ds }} {{ dag_run.data_interval_start.isoformat() }}",
}
_DATES = {
    "DS": "{{ ds }}",
    "DS_NODASH": "{{ ds_nodash }} {{ ts_nodash }}",
    "FILTERED": "{{ logical_date | ds }} {{ data_interval_start | ds }} {{ data_interval_end | ds_nodash }}",
    "NESTED": "{{ ds[:7] }} {{ macros.ds_add(ds, -1) }} {{ ts[:10] }}",
    "FORMATTED": "{{ logical_date.strftime('%Y-%m-%d') }} {{ logical_date.format('D.M.') }} {{ logical_date.date() }}",
    "MOVED": "{{ (logical_date - macros.timedelta(days=1)) | ds }} {{ logical_date.add(days=1).day }}",
    "OF_THE_RUN": "{{ dag_run.logical_date | ds }}",
    "IF": "{% if ds == '2026-07-01' %}local{% else %}UTC{% endif %}",
}
_LOCAL_DATES = {
    "DS": "2026-07-01",
    "DS_NODASH": "20260701 20260701T003000",
    "FILTERED": "2026-07-01 2026-07-01 20260701",
    "NESTED": "2026-07 2026-06-30 2026-07-01",
    "FORMATTED": "2026-07-01 1.7. 2026-07-01",
    "MOVED": "2026-06-30 2",
    "OF_THE_RUN": "2026-07-01",
    "IF": "local",
}
_TIME = "2026-06-30T22:30:00+00:00"


def _followed(template: str, hint_of: Callable[[DateUse], str]) -> str:
    """Return the template after applying the hints, each at its location."""
    for use in dict.fromkeys(date_uses(template)):
        old, new = _words_of(hint_of(use), use)
        parts = parts_of(template)
        parts[1::2] = [_with(old, new, part) for part in parts[1::2]]
        template = "".join(parts)
    return template


def _words_of(hint: str, use: DateUse) -> tuple[str, str]:
    if use.is_whole:
        return f"{{{{ {use.text} }}}}", hint.removeprefix("write `").removesuffix("`")
    found = re.fullmatch(rf"write `(.+)` instead of `{re.escape(use.name)}`", hint)
    assert found, hint
    return use.name, found[1]


def _with(old: str, new: str, expression: str) -> str:
    """Replace an expression, or a name in it that is not a filter or an attribute."""
    if old == expression:
        return new
    is_alone = re.fullmatch(r"\{\{ (dag_run\.)?\w+( \| \w+)? \}\}", expression)
    return expression if is_alone else re.sub(rf"(?<![\w.])(?<!\| ){re.escape(old)}(?!\w)", new, expression)


def _project(folder: Path, airflow: Airflow, schedules: dict[str, Any]) -> tuple[Path, str]:
    """Generate schedules, and return their DAGs folder and the warnings about them."""
    base = {"extractor": "tap-a", "loader": "target-b", "retries": 0}
    files = {f"schedules/{name}.yml": as_yaml({**base, **keys}) for name, keys in schedules.items()}
    write(folder, {**files, "dagpress.toml": f'airflow = "{airflow.version}"\n'})
    code, _, err = dagpress(folder, "generate")
    assert code in {0, 1}, err
    return folder / "generated_dags", err


def _run(airflow: Airflow, meltano: RecordingMeltano, dags: Path, *runs: str) -> list[dict[str, str]]:
    """Return the variables that Meltano gets in each run: by `dag_id@date`, or `dag_id` for a run without a date."""
    own = {name: value for name, value in meltano.env.items() if value is not None}
    environ = environments.clean_environ(**own, AIRFLOW_HOME=str(airflow.home), AIRFLOW__CORE__DAGS_FOLDER=str(dags))
    command: list[str | Path] = [airflow.folder / "bin" / "python", "-c", _RUN, *runs]
    done = subprocess.run(command, env=environ, text=True, stdout=-1, stderr=subprocess.STDOUT, check=False)
    assert done.returncode == 0, done.stdout
    return [call.env for call in meltano.take_calls()]


def test_the_proposed_template_works_with_and_without_a_logical_date(
    airflow3: Airflow, recording_meltano: RecordingMeltano, tmp_path: Path
) -> None:
    """With a logical date, its value is unchanged; without one, it uses the time of the run."""
    fixed = {key: _followed(template, lambda use: use.in_every_run()) for key, template in _TEMPLATES.items()}
    local = {key: _followed(text, lambda use: use.on_the_clock(may_lack_date=True)) for key, text in _DATES.items()}
    berlin = {"interval": "30 0 * * *", "timezone": "Europe/Berlin"}
    schedules = {
        "given": {"interval": "@manual", "env": _TEMPLATES},
        "fixed": {"interval": "@manual", "env": fixed},
        "local": {**berlin, "after": "fixed", "env": local},
    }
    dags, output = _project(tmp_path, airflow3, schedules)
    assert "given.yml" in output
    assert "fixed.yml" not in output
    assert "local.yml" not in output

    dated = f"@{_TIME}"
    runs = ("meltano_given" + dated, "meltano_fixed" + dated, "meltano_fixed", "meltano_local" + dated, "meltano_local")
    before = datetime.now(timezone.utc)
    given, with_date, without, at_midnight, by_another = _run(airflow3, recording_meltano, dags, *runs)
    assert {key: with_date[key] for key in fixed} == {key: given[key] for key in _TEMPLATES}
    moment = datetime.fromisoformat(without["TS"])
    assert before <= moment <= datetime.now(timezone.utc)
    assert without["DS"] == f"{moment:%Y-%m-%d}"
    assert without["DS_NODASH"] == f"{moment:%Y%m%d}"
    assert without["TS_NODASH"] == f"{moment:%Y%m%dT%H%M%S}"
    assert without["LOGICAL_DATE"] == without["DATA_INTERVAL_START"] == without["DATA_INTERVAL_END"] == str(moment)
    assert without["FILTERED"] == f"{moment:%Y-%m-%d} {moment.isoformat()} {moment:%Y%m%d}"
    assert without["OF_THE_RUN"] == f"{moment:%Y-%m-%d} {moment.isoformat()}"
    assert without["PREVIOUS"] == "None/None"
    assert without["SET"] == f"{moment:%Y-%m-%d}"
    assert without["IF"] == "later"
    assert {key: at_midnight[key] for key in _LOCAL_DATES} == _LOCAL_DATES
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", by_another["DS"])


def test_the_proposed_date_is_in_the_timezone_of_the_schedule(
    airflow: Airflow, recording_meltano: RecordingMeltano, tmp_path: Path
) -> None:
    """In a run half an hour after midnight in summer, when it is still the day before in UTC."""
    fixed = {key: _followed(text, lambda use: use.on_the_clock(may_lack_date=False)) for key, text in _DATES.items()}
    berlin = {"interval": "30 0 * * *", "timezone": "Europe/Berlin", "data_interval": False}
    dags, output = _project(tmp_path, airflow, {"given": {**berlin, "env": _DATES}, "fixed": {**berlin, "env": fixed}})
    assert output.count("given.yml") > len(_DATES)
    assert not re.search("fixed.yml:.* utc-date", output)
    env = {name: value for name, value in recording_meltano.env.items() if value is not None}
    environ = environments.clean_environ(**env)
    done = airflow.run("dags", "test", "meltano_fixed", _TIME, dags_folder=dags, env=environ)
    assert done.returncode == 0, done.stdout
    (call,) = recording_meltano.take_calls()
    assert {key: call.env[key] for key in _LOCAL_DATES} == _LOCAL_DATES
