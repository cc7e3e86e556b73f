"""Meltano's commands as tasks, in a real Airflow and with a real Meltano."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import environments
import pytest
from harness import Airflow, generate
from project_builder import write

pytestmark = pytest.mark.slow

_BACKFILL = environments.ROOT / "tests/cases/backfill/schedules/shop.yml"
_MELTANO = """\
send_anonymous_usage_stats: false
environments: [{name: dev}]
default_environment: dev
plugins:
  extractors: [{name: tap-shop, namespace: shop, executable: ./tap, capabilities: [state]}]
  loaders: [{name: target-postgres, namespace: postgres, executable: ./target}]
  utilities: [{name: dbt-postgres, namespace: dbt, executable: ./dbt}]
"""
_TAP = """\
#!{python} -IS
import sys
print("--state" in sys.argv, file=open("has_state", "a"))
print('{{"type": "STATE", "value": {{"seen": 1}}}}')
"""
_TARGET = "#!{python} -IS\nimport sys\nsys.stdin.read()\nprint('{{\"seen\": 1}}')\n"
_DBT = '#!{python} -IS\nimport json, sys\nprint(json.dumps(sys.argv[1:]), file=open("dbt_got", "a"))\n'
_STATE_ID = "shop.tap-shop_target-postgres"


def _lines(path: Path) -> list[str]:
    lines = path.read_text().splitlines() if path.exists() else []
    path.unlink(missing_ok=True)
    return lines


@pytest.mark.parametrize(
    ("airflow", "conf"), [("airflow-3", {}), ("airflow-2", {"full_refresh": True})], indirect=["airflow"]
)
def test_a_run_parameter_triggers_a_full_refresh(
    airflow: Airflow, conf: dict[str, bool], tmp_path: Path, meltano: Callable[..., str]
) -> None:
    """Without it, a run continues from the state of its task; dbt gets its arguments unchanged."""
    programs = {"tap": _TAP, "target": _TARGET, "dbt": _DBT}
    files = {name: text.format(python=sys.executable) for name, text in programs.items()}
    write(tmp_path, {"meltano.yml": _MELTANO, **files, "dagpress.toml": f'airflow = "{airflow.version}"\n'})
    write(tmp_path, {"schedules/shop.yml": _BACKFILL.read_text()})
    generate(tmp_path)
    meltano(tmp_path, "state", "set", "--force", _STATE_ID, '{"singer_state": {"seen": 0}}')
    environ = environments.meltano_environ(MELTANO_PROJECT_ROOT=str(tmp_path))
    words = ["dags", "test", "meltano_shop", *(["--conf", json.dumps(conf)] if conf else [])]
    done = airflow.run(*words, dags_folder=tmp_path / "generated_dags", env=environ)
    assert done.returncode == 0, done.stdout
    assert _lines(tmp_path / "has_state") == [str(not conf)]
    (words,) = map(json.loads, _lines(tmp_path / "dbt_got"))
    assert words[:4] == ["run", "--select", "tag:daily", "--vars"]
    assert json.loads(words[4]) == {"shops": ["north", "south"], "again": str(bool(conf))}


def test_meltano_reads_a_rendered_template_as_a_boolean(tmp_path: Path, meltano: Callable[..., str]) -> None:
    """For each command that loads: Airflow renders `True`, `False` or an empty string, which are read as in click."""
    programs = {"tap": _TAP, "target": _TARGET, "dbt": _DBT}
    files = {name: text.format(python=sys.executable) for name, text in programs.items()}
    write(tmp_path, {"meltano.yml": _MELTANO, **files})
    for words, values in ((["run"], ("False", "True")), (["el", "--state-id=a"], ("False", "", "True"))):
        for value in values:
            meltano(tmp_path, *words, "tap-shop", "target-postgres", MELTANO_RUN_FULL_REFRESH=value)
    assert _lines(tmp_path / "has_state") == ["False", "False", "False", "True", "False"]
