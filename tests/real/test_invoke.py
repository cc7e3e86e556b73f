"""`dagpress add orchestrator airflow` and `dagpress invoke airflow`, with real Airflow 2 and 3 and a real Meltano."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import httpx2
import pytest
from environments import ROOT
from harness import Invocation, generate, import_of
from processes import TIMEOUT
from project_builder import dagpress, write

from codegen.airflow_facts import facts_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="it looks for processes in /proc"),
]

# Uses a value of an adjacent module, which a DAG file may import.
HAND_WRITTEN = """\
{imports}
from my_team_settings import PLACE

with DAG("by_hand", schedule=None):
    BashOperator(task_id="task", bash_command=f"echo done > {{PLACE}}")
"""
SETTINGS = "from pathlib import Path\n\nPLACE = Path(__file__).with_name('done')\n"
FORECAST = 'extractor: tap-carbon-forecast\nloader: target-duckdb\ninterval: "@manual"\n'
FEEDER = """\
interval: "@daily"
tasks:
- {id: feed, uses: TriggerDagRunOperator, with: {trigger_dag_id: meltano_fed, conf: {by: "{{ dag.dag_id }}"}}}
"""
FED = """\
interval: "@manual"
params: {by: nobody}
tasks:
- {id: feed, command: 'echo "$BY" > fed', env: {BY: "{{ params.by }}"}}
"""
EMPTY_DAG = '{imports}\n\nwith DAG("by_itself", schedule=None):\n    pass\n'


def _with_schedules(invocation: Invocation, *names: str) -> Path:
    """Add schedules of this repo to the project, generate, and return its folder."""
    folder = invocation.demo.folder
    (folder / "schedules").mkdir()
    for name in names:
        shutil.copy(ROOT / "schedules" / f"{name}.yml", folder / "schedules")
    generate(folder)
    return folder


def _is_3(invocation: Invocation) -> bool:
    return facts_of(invocation.version).has_api_server


def _texts(paths: Iterable[Path]) -> dict[Path, str]:
    return {path: path.read_text() for path in paths}


def test_old_and_new_commands_work_with_and_without_a_scheduler(invocation: Invocation) -> None:
    """Without a scheduler, a task runs and DAGs are triggered; with one, triggered and due runs start.

    On Airflow 3, the scheduler starts the processes that it needs, although a port is in use, and the API shows task
    logs, although no log server runs. A task triggers a DAG with a run parameter.
    """
    folder = _with_schedules(invocation, "carbon__duckdb", "carbon_backfill")
    imports = "\n".join(import_of(name, invocation.version) for name in ("BashOperator", "DAG"))
    write(
        folder,
        {
            "schedules/calendar.yml": FORECAST,
            "schedules/feeder.yml": FEEDER,
            "schedules/fed.yml": FED,
            "generated_dags/by_itself.py": EMPTY_DAG.format(imports=imports),
            "orchestrate/dags/by_hand.py": HAND_WRITTEN.format(imports=imports),
            "orchestrate/dags/my_team_settings.py": SETTINGS,
            # The names of Python modules, and of the package that a task runs.
            "orchestrate/dags/email.py": EMPTY_DAG.format(imports=imports).replace("by_itself", "email"),
            "orchestrate/dags/meltano.py": "",
        },
    )
    generate(folder)
    written = [*folder.glob("generated_dags/*.py"), *folder.glob("orchestrate/dags/*.py")]
    before = _texts(written)

    # Airflow prints warnings on the lines before.
    dags = json.loads(invocation.run("list_dags", "-o", "json").splitlines()[-1])
    assert "the DAG files have changed" in invocation.stderr.read_text()
    due, triggered = "meltano_carbon__duckdb", "meltano_carbon_backfill"
    feeding = ("meltano_feeder", "meltano_fed")
    expected = {due, triggered, *feeding, "meltano_calendar", "by_itself", "email", "by_hand"}
    assert {row["dag_id"] for row in dags} == expected
    invocation.run("run", "--raw", "meltano_calendar", "extract_load", "2026-03-02")
    assert invocation.demo.rows("carbon.forecasts") == 3
    invocation.run("trigger_dag", triggered)
    assert ("no logical date given" in invocation.stderr.read_text()) == _is_3(invocation)
    invocation.run("dags", "trigger", "by_hand")
    assert "the DAG files have changed" not in invocation.stderr.read_text()
    assert [invocation.states(dag_id) for dag_id in (due, triggered, "by_hand")] == [[], ["queued"], ["queued"]]
    assert invocation.has_logical_date(triggered)
    assert invocation.has_logical_date("by_hand") == (not _is_3(invocation))

    port, is_3 = invocation.ports["API__PORT"], _is_3(invocation)
    invocation.variables["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS"] = "True"
    with closing(socket.create_server(("", port))), invocation.started("scheduler") as process:
        for dag_id in (due, triggered, "by_hand", *feeding):
            invocation.await_states(dag_id, ["success"])
        if is_3:
            taken = re.search("is in use: using ([0-9]+)", invocation.log.read_text(errors="replace"))
            assert taken
            assert "Running command" in _log_of_the_only_task(f"http://localhost:{taken[1]}", "by_hand")
        process.terminate()
        assert process.wait(TIMEOUT) == 0
        assert invocation.processes() == []
    assert invocation.demo.rows("carbon.readings") == 16
    assert (folder / "orchestrate/dags/done").read_text() == "done\n"
    assert (folder / "fed").read_text() == "meltano_feeder\n"
    assert _texts(written) == before
    log = invocation.log.read_text(errors="replace")
    assert ("dagpress: starting the DAG processor and the API server with the scheduler" in log) == is_3
    assert (f"dagpress: port {port} is in use: using " in log) == is_3
    of_processor = invocation.home / "logs/dag_processor_manager/dag_processor_manager.log"
    parsing = log if is_3 else of_processor.read_text()
    assert "Process each file at most once every 1800 seconds" in parsing
    assert re.search("Checking for new files in .* every 10 seconds", parsing)


def _log_of_the_only_task(url: str, dag_id: str) -> str:
    """Return the log of a task from the API of Airflow 3."""
    runs = f"/api/v2/dags/{dag_id}/dagRuns"
    with httpx2.Client(base_url=url, timeout=TIMEOUT) as api:
        api.headers["Authorization"] = f"Bearer {api.get('/auth/token').json()['access_token']}"
        (run,) = api.get(runs).json()["dag_runs"]
        log = api.get(f"{runs}/{urllib.parse.quote(run['dag_run_id'])}/taskInstances/task/logs/1")
    assert log.status_code == 200
    return str(log.text)


def test_the_scheduler_runs_in_the_background_until_it_is_stopped(invocation: Invocation) -> None:
    """The PID in its file stops it and its children. A PID file of another process does not prevent a start."""
    _with_schedules(invocation, "carbon_backfill")
    pid_file = invocation.home / "airflow-scheduler.pid"
    if _is_3(invocation):
        pid_file.write_text(f"{os.getpid()}\n")
    with invocation.started("scheduler", "-D") as process:
        assert process.wait(TIMEOUT) == 0
        assert f"stop it with: kill $(cat {pid_file})" in invocation.log.read_text()
        invocation.wait_until(invocation.has_scheduler)
        os.kill(int(pid_file.read_text()), signal.SIGTERM)
        invocation.wait_until(lambda: invocation.processes() == [])
        # Airflow 2 manages its own file: it remains if the signal arrives while the scheduler forks.
        if _is_3(invocation):
            invocation.wait_until(lambda: not pid_file.exists())


def test_standalone_starts_everything_on_loopback_and_stops_on_a_signal(invocation: Invocation) -> None:
    name, path = (
        ("API__PORT", "api/v2/monitor/health") if _is_3(invocation) else ("WEBSERVER__WEB_SERVER_PORT", "health")
    )
    address = f"http://localhost:{invocation.ports[name]}/{path}"

    def is_healthy() -> bool:
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:  # it is http
                health = json.load(answer)
        except (OSError, ValueError):
            return False
        return bool(health["scheduler"]["status"] == health["triggerer"]["status"] == "healthy")

    # Without `--daemon`, since no Airflow has it for `standalone`.
    with invocation.started("standalone", "-D") as process:
        assert process.wait(TIMEOUT) == 0
        invocation.wait_until(is_healthy)
        # Linux accepts every address of 127.0.0.0/8, so only a server on all addresses responds here.
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.2", invocation.ports[name]))
        # Log servers print their ports.
        assert not re.search("879[34]", (invocation.home / "airflow-standalone.log").read_text())
        os.kill(int((invocation.home / "airflow-standalone.pid").read_text()), signal.SIGTERM)
        invocation.wait_until(lambda: invocation.processes() == [])
        # gunicorn's processes overwrite their environment with their title.
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", invocation.ports[name]))


def test_arguments_and_exit_code_pass_through(invocation: Invocation) -> None:
    assert invocation.run("config", "get-value", "core", "min_serialized_dag_update_interval").strip() == "0"
    invocation.run("dags", "no-such-command", code=2)
    code = 2 if _is_3(invocation) else 0
    done = invocation.run("list_users", code=code)
    assert ("admin" in done) == (code == 0)


def test_airflow_loads_the_dags_of_one_environment(invocation: Invocation, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable selects it, else it is the first, and a message names it. All environments have the same DAG IDs."""
    folder = invocation.demo.folder
    configuration = (folder / "dagpress.toml").read_text() + 'environments = ["dev", "prod"]\n'
    live = FORECAST + "only: prod\nenvironments: {prod: {description: only live}}\n"
    write(folder, {"dagpress.toml": configuration, "schedules/both.yml": FORECAST, "schedules/live.yml": live})
    generate(folder)

    def listed() -> set[str]:
        return {row["dag_id"] for row in json.loads(invocation.run("dags", "list", "-o", "json").splitlines()[-1])}

    expected = "dagpress: using the DAGs of environment {}; set DAGPRESS_ENVIRONMENT to use another\n"
    monkeypatch.delenv("DAGPRESS_ENVIRONMENT", raising=False)
    assert listed() == {"meltano_both"}
    assert expected.format("dev") in invocation.stderr.read_text()
    monkeypatch.setenv("DAGPRESS_ENVIRONMENT", "prod")
    assert listed() == {"meltano_both", "meltano_live"}
    assert expected.format("prod") in invocation.stderr.read_text()


@pytest.mark.parametrize("invocation", ["airflow-3"], indirect=True)
def test_an_airflow_on_the_path_gets_a_home_with_a_database(
    invocation: Invocation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If no Airflow is installed here and a command needs a database. Meltano's own generator is reported."""
    own = (invocation.home.parent / "venv").readlink() / "bin"
    monkeypatch.setenv("PATH", f"{own}{os.pathsep}{os.environ['PATH']}")
    (invocation.home.parent / "stamp").unlink()
    shutil.rmtree(invocation.home)
    assert invocation.run("config", "get-value", "core", "load_examples").strip() == "False"
    assert {path.name for path in invocation.home.iterdir()} == {"airflow.cfg", "logs", "stderr"}
    assert not (invocation.demo.folder / "generated_dags").exists()
    old = "    run(['meltano', 'schedule', 'list', '--format=json'])\n    DAG('a')\n"
    write(_with_schedules(invocation, "carbon_backfill"), {"orchestrate/dags/meltano.py": f"def f(run):\n{old}"})
    assert "meltano_carbon_backfill" in invocation.run("dags", "list")
    output = invocation.stderr.read_text()
    assert f"using {own}/airflow (Airflow {invocation.version})" in output
    assert "setting up Airflow's database" in output
    assert "orchestrate/dags/meltano.py creates DAGs from Meltano's schedules" in output


def test_adding_an_installed_airflow_changes_nothing(invocation: Invocation) -> None:
    """The second `add` installs and removes nothing."""
    folder = invocation.demo.folder
    code, _, err = dagpress(folder, "add", "orchestrator", "airflow")
    assert code == 0
    assert f"Airflow {invocation.version} is already installed in .dagpress/{invocation.home.parent.name}.\n" in err
    assert "1. Start it: `dagpress invoke airflow standalone`." in err
    (password,) = re.findall(r"password in (\S+?)\.?\s", err)
    assert password.startswith(".dagpress/airflow-")
    assert (folder / password).parent == invocation.home
    assert (folder / password).exists() == invocation.version.startswith("2.")
    assert (folder / "schedules/carbon__duckdb.yml").exists()
    assert (folder / ".dagpress/.gitignore").read_text() == "*\n"
