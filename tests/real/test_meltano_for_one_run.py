"""With a real Meltano: variables that replace commands that change the project, errors, and the first start."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import environments
import pytest
import yaml
from processes import TIMEOUT
from project_builder import as_yaml, dagpress, write
from versions import NEWEST, NEWEST_2

from codegen.text.shell import words_of

pytestmark = pytest.mark.slow

_MELTANO = """\
send_anonymous_usage_stats: false
environments: [{name: dev}]
default_environment: dev
plugins:
  extractors:
  - name: tap-shop
    namespace: shop
    executable: ./print_config
    settings: [{name: start_date}, {name: maxPages, kind: integer}, {name: auth.url-kind}, {name: fields, kind: array}]
  - {name: tap-shop--EU, inherit_from: tap-shop}
  loaders: [{name: target-x, namespace: x, executable: ./print_config}]
"""
_PRINT_CONFIG = """\
#!{python} -IS
import sys
print(open(sys.argv[sys.argv.index("--config") + 1]).read())
"""
_COMMANDS = [
    "config set tap-shop start_date '2026-01-02'",
    "config set tap-shop auth url-kind \"a 'b' $c\"",
    "config set tap-shop fields '[\"id\"]'",
    "config set tap-shop--EU maxPages 7",
    "config set tap-shop--EU auth.url-kind of_eu",
    "select tap-shop commits id",
    "select tap-shop issues",
    "select --exclude tap-shop '*' '*_url'",
    "select tap-shop--EU orders",
]
_PLUGINS = ("tap-shop", "tap-shop--EU")


def _run(folder: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    environ = environments.meltano_environ(**env)
    command = ["meltano", "--log-level=error", *words]
    return subprocess.run(
        command, cwd=folder, env=environ, text=True, capture_output=True, check=False, timeout=TIMEOUT
    )


def _printed(folder: Path, *words: str, **env: str) -> dict[str, object]:
    done = _run(folder, *words, **env)
    assert done.returncode == 0, done.stderr
    printed: dict[str, object] = json.loads(done.stdout)
    return printed


def _settings(folder: Path, **env: str) -> dict[str, object]:
    """Return the configuration and the selection of each plugin."""
    found: dict[str, object] = {}
    for plugin in _PLUGINS:
        found[plugin] = _printed(folder, "invoke", plugin, **env)
        found[f"{plugin} selects"] = _printed(folder, "config", "print", "--extras", plugin, **env)["_select"]
    return found


def test_the_proposed_variables_replace_the_commands_for_one_run(tmp_path: Path, meltano: Callable[..., str]) -> None:
    """A plugin gets the configuration that the commands would have written permanently."""
    files = {"meltano.yml": _MELTANO, "print_config": _PRINT_CONFIG.format(python=sys.executable)}
    changed, same = (write(tmp_path / name, files) for name in ("changed", "same"))
    for command in _COMMANDS:
        meltano(changed, *words_of(command))

    schedule = {"interval": "@daily", "before_run": _COMMANDS, "tasks": ["tap-shop target-x"]}
    write(same, {"dagpress.toml": f'airflow = "{NEWEST}"\n', "schedules/s.yml": as_yaml(schedule)})
    err = dagpress(same, "validate")[2]
    assert err.count(": writes-project: ") == len(_COMMANDS)
    variables: dict[str, str] = {}
    for proposed in re.findall("`env: (.*?)` instead", err):
        variables |= yaml.safe_load(proposed)

    expected = _settings(changed)
    assert expected["tap-shop selects"] == ["commits.id", "issues.*", "!*.*_url"]
    # A plugin that inherits also gets the variables of its parent, as it gets its configuration in the file.
    assert _settings(same, **variables) == expected
    plugins = yaml.safe_load((same / "meltano.yml").read_text())["plugins"]
    assert plugins == yaml.safe_load(_MELTANO)["plugins"]


@pytest.mark.parametrize("schedule", [{"state_id_suffix": "a:b"}, {"environment": "a:b"}])
def test_validate_rejects_what_meltano_rejects(tmp_path: Path, schedule: dict[str, str]) -> None:
    given = {"interval": "@daily", "tasks": ["tap-shop target-x"], **schedule}
    config = _MELTANO.replace("{name: dev}", "{name: dev}, {name: 'a:b'}") if "environment" in schedule else _MELTANO
    write(
        tmp_path, {"meltano.yml": config, "dagpress.toml": f'airflow = "{NEWEST}"\n', "schedules/s.yml": as_yaml(given)}
    )
    assert "does not allow `:` in a" in dagpress(tmp_path, "validate")[2]
    options = [[f"--environment={schedule.get('environment', 'dev')}"], ["--state-id-suffix", "a:b"]]
    words = [*options[0], "run", *(options[1] if "state_id_suffix" in schedule else []), "--dry-run"]
    done = _run(tmp_path, *words, "tap-shop", "target-x")
    assert done.returncode != 0
    assert "delimiter string" in done.stdout + done.stderr
    write(tmp_path, {"meltano.yml": _MELTANO})
    words = [word.replace("a:b", "dev") for word in words]
    assert _run(tmp_path, *words, "tap-shop", "target-x").returncode == 0


_ENVS = """\
send_anonymous_usage_stats: false
env: {IN_ROOT: theirs, IN_ALL: theirs}
environments:
- name: prod
  env: {IN_ENVIRONMENT: theirs, IN_ALL: of_environment}
  config: {plugins: {extractors: [{name: tap-x, env: {IN_ITS_PLUGIN: theirs}}]}}
- {name: dev, env: {IN_ANOTHER: theirs}}
plugins:
  extractors:
  - {name: tap-x, namespace: x, executable: ./print_env, env: {IN_PLUGIN: theirs}}
  - {name: tap-y, namespace: y, executable: ./print_env, env: {IN_ANOTHER: theirs}}
  loaders: [{name: target-x, namespace: x, executable: ./print_env}]
"""
_NAMES = ["IN_ROOT", "IN_ALL", "IN_ENVIRONMENT", "IN_ITS_PLUGIN", "IN_PLUGIN", "IN_ANOTHER", "NOWHERE"]


def test_the_variables_reported_as_overridden_do_not_reach_a_plugin(tmp_path: Path) -> None:
    """A command gets Meltano's environment as a variable, with which Meltano calls the plugin."""
    env = dict.fromkeys(_NAMES, "ours")
    task = {"id": "a", "command": "meltano invoke tap-x", "env": env}
    schedule = {"interval": "@daily", "environment": "prod", "tasks": [task]}
    configuration = {"dagpress.toml": f'airflow = "{NEWEST}"\n', "schedules/s.yml": as_yaml(schedule)}
    write(tmp_path, {"meltano.yml": _ENVS, "print_env": "#!/bin/sh\nenv\n", **configuration})
    err = dagpress(tmp_path, "validate")[2]
    done = _run(tmp_path, "invoke", "tap-x", **env, MELTANO_ENVIRONMENT="prod")
    assert done.returncode == 0, done.stderr
    got = dict(line.partition("=")[::2] for line in done.stdout.splitlines())
    assert got["MELTANO_ENVIRONMENT"] == "prod"
    assert [name for name in _NAMES if got[name] != "ours"] == [name for name in _NAMES if f"`{name}`" in err]
    assert err.count(": no-effect: ") == 6


_AIRFLOW = """\
#!/bin/sh
for number in 1 2 3 4; do
    meltano --log-level=error state list > said.$number 2>&1 || echo $number >> failed &
done
wait
"""


def test_concurrent_first_tasks_find_the_created_database(tmp_path: Path, meltano: Callable[..., str]) -> None:
    """Without a database, all but the first would find an incomplete one."""
    assert meltano(tmp_path, "--version")
    write(tmp_path, {"meltano.yml": _MELTANO, "dagpress.toml": f'airflow = "{NEWEST_2}"\n'})
    airflow = tmp_path / f".dagpress/airflow-{NEWEST_2}"
    write(airflow, {"stamp": "", "home/airflow.cfg": "", "home/airflow.db": "", "venv/bin/airflow": _AIRFLOW})
    command: list[str | Path] = [Path(sys.executable).with_name("dagpress"), "invoke", "airflow", "celery", "worker"]
    for times in (1, 0):
        done = subprocess.run(
            command,
            cwd=tmp_path,
            env=environments.meltano_environ(),
            text=True,
            capture_output=True,
            check=False,
            timeout=TIMEOUT,
        )
        assert done.returncode == 0, done.stderr
        assert done.stderr.count("setting up Meltano's system database") == times
        assert not (tmp_path / "failed").exists(), [path.read_text() for path in tmp_path.glob("said.*")]
