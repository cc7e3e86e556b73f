"""`dagpress invoke airflow` without an Airflow: commands of other versions, variables, and supervised programs."""

from __future__ import annotations

import calendar
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import datetime, timezone
from pathlib import Path

import pytest
from click import ClickException
from click.testing import CliRunner
from project_builder import dagpress, project_of, write
from versions import NEWEST, NEWEST_2

from codegen.airflow.dag_folders import (
    BUNDLES,
    DAGS_FOLDER,
    LINKS,
    airflow_environ,
    digest_of_dags,
    link_dag_folders,
    old_generators,
    write_local_settings,
)
from codegen.airflow.home import lacks_database
from codegen.airflow.installation import AirflowError, Installation, install, installation_of, requirements_of
from codegen.airflow.ports import Ports
from codegen.airflow.translation import translate
from codegen.airflow_facts import VERSIONS, facts_of
from codegen.cli.main import main
from codegen.diagnostics import DagpressError
from codegen.runners import RUNNERS

# A command, and its form in Airflow 2 and in Airflow 3: one for each difference.
COMMANDS = [
    ("scheduler -D", "scheduler -D", "scheduler -D"),
    ("webserver -p 8081", "webserver -p 8081", "api-server -p 8081"),
    ("api-server --port 1", "webserver --port 1", "api-server --port 1"),
    ("list_tasks d --tree", "tasks list d --tree", "tasks list d --tree"),
    ("db init", "db migrate", "db migrate"),
    ("trigger_dag -e 2026-01-01 d", "dags trigger -e 2026-01-01 d", "dags trigger -l 2026-01-01 d"),
    (
        "trigger_dag d --exec_date=2026-01-01 --run_id r_1",
        "dags trigger d --exec-date=2026-01-01 --run-id r_1",
        "dags trigger d --logical-date=2026-01-01 --run-id r_1",
    ),
    ("dags trigger --logical-date D d", "dags trigger --exec-date D d", "dags trigger --logical-date D d"),
    ("run --raw d t 2026-01-01", "tasks run --raw d t 2026-01-01", "tasks test d t 2026-01-01"),
    ("tasks run --local d t r", "tasks run --local d t r", "tasks test d t r"),
    ("backfill --help", "dags backfill --help", "backfill create --help"),
    ("backfill create --help", "dags backfill --help", "backfill create --help"),
    ("variables set k_1 ''", "variables set k_1 ''", "variables set k_1 ''"),
    ("", "", ""),
    ("--help", "--help", "--help"),
]


@pytest.mark.parametrize(("given", "in_2", "in_3"), COMMANDS)
def test_a_command_is_translated_for_the_version(given: str, in_2: str, in_3: str) -> None:
    assert shlex.join(translate(shlex.split(given), NEWEST_2).arguments) == in_2
    assert shlex.join(translate(shlex.split(given), NEWEST).arguments) == in_3


@pytest.mark.parametrize("version", [NEWEST_2, NEWEST])
def test_only_translated_commands_are_reported(version: str) -> None:
    assert translate(["list_dags"], version).notes == (f"`list_dags` is `dags list` in Airflow {version}",)
    assert translate(["dags", "list"], version).notes == ()


def test_the_old_trigger_command_sets_a_logical_date() -> None:
    """Without one, `ds` fails on Airflow 3. A given date is kept."""
    before = datetime.now(timezone.utc)
    done = translate(["trigger_dag", "-r", "r_1", "d"], NEWEST)
    command, option, moment, *rest = " ".join(done.arguments).split(" ", 4)[1:]
    assert (command, option, rest) == ("trigger", "--logical-date", ["-r r_1 d"])
    assert before <= datetime.fromisoformat(moment) <= datetime.now(timezone.utc)
    assert done.notes[1] == f"no logical date given: using {moment}"
    assert translate(["trigger_dag", "d"], NEWEST_2).arguments == ("dags", "trigger", "d")


@pytest.mark.parametrize(
    "given",
    ["-e D d", "--exec-date=D d", "--exec-date D d", "-l D d", "--logical-date D d", "--logical-date=D d", "--help"],
)
def test_a_given_logical_date_is_not_duplicated(given: str) -> None:
    for command in ("trigger_dag", "dags trigger"):
        done = translate([*command.split(), *given.split()], NEWEST)
        assert sum(word.startswith(("-l", "--logical-date")) for word in done.arguments) == (given != "--help")
        assert not any("logical date" in note for note in done.notes)


def test_a_trigger_without_a_logical_date_explains_the_effect() -> None:
    """The command itself is for Airflow 3, and is unchanged."""
    done = translate(["dags", "trigger", "d"], NEWEST)
    assert done.arguments == ("dags", "trigger", "d")
    assert len(done.notes) == 1
    assert "pass `--logical-date`" in done.notes[0]
    assert translate(["dags", "trigger", "d"], NEWEST_2).notes == ()


def test_a_dropped_option_is_reported() -> None:
    assert "--raw" in translate(["run", "--raw", "d", "t", "r"], NEWEST).notes[1]


@pytest.mark.parametrize(
    ("given", "version", "nearest"),
    [
        ("create_user -u a", NEWEST, "simple_auth_manager_passwords"),
        ("users list", NEWEST, "simple_auth_manager_passwords"),
        ("worker", NEWEST, "`scheduler` runs the tasks"),
        ("serve_logs", NEWEST_2, "run `scheduler`"),
        ("dag-processor", NEWEST_2, "run `scheduler`"),
        ("pool -s p 3 text", NEWEST, "`pools`"),
    ],
)
def test_a_removed_command_names_the_nearest_one(given: str, version: str, nearest: str) -> None:
    with pytest.raises(DagpressError, match=re.escape(nearest)):
        translate(given.split(), version)


def test_airflow_2_runs_a_task_with_a_run_id() -> None:
    before = translate(["run", "--raw", "d", "t", "2026-01-01"], NEWEST_2).before
    assert before == ("dags", "trigger", "--exec-date", "2026-01-01", "--run-id", "backfill__2026-01-01", "d")
    assert translate(["run", "--raw", "d", "t", "manual__1"], NEWEST_2).before == ()
    assert translate(["run", "--raw", "d", "t", "2026-01-01"], NEWEST).before == ()


def test_every_airflow_has_its_requirements() -> None:
    """For each version that the configuration can name."""
    for version in VERSIONS:
        text = requirements_of(version).read_text()
        assert re.search(rf"^apache-airflow=={re.escape(facts_of(version).release)} ", text, re.MULTILINE)
        distributions = [name for runner in RUNNERS.values() for name in runner.distributions]
        assert [name for name in distributions if f"\n{name}==" not in text] == []


def test_the_manual_lists_the_pythons_of_every_airflow() -> None:
    text = (Path(__file__).parent.parent / "docs/guides/local-airflow.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([23][0-9., ]+)(?: \(a pre-release\))? \| (3\.\d+) to (3\.\d+) \|$", text, re.MULTILINE)
    documented = {version: (oldest, newest) for versions, oldest, newest in rows for version in versions.split(", ")}
    pythons = {version: facts_of(version).pythons for version in VERSIONS}
    assert documented == {version: (f"3.{those[0][1]}", f"3.{those[-1][1]}") for version, those in pythons.items()}


def _python(folder: Path, version: str) -> str:
    """Make a program that pretends to be a version of Python."""
    return str(write(folder, {"python": f"#!/bin/sh\necho {version}\n"}) / "python")


def test_an_unsupported_python_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, {"dagpress.toml": f'airflow = "{NEWEST_2}"\n'})
    with pytest.raises(Exception, match=rf"Airflow {NEWEST_2} requires Python 3\.10 to 3\.12, .* 3\.13\.1 .*--python"):
        dagpress(tmp_path, "add", "orchestrator", "airflow", "--python", _python(tmp_path, "3.13.1"))
    with pytest.raises(Exception, match="Python `python9` was not found"):
        dagpress(tmp_path, "add", "orchestrator", "airflow", "--python", "python9")
    assert not (tmp_path / f".dagpress/airflow-{NEWEST_2}").exists()


def test_a_failed_installation_shows_the_output_and_is_incomplete(tmp_path: Path) -> None:
    """Its Python cannot create a virtual environment."""
    for _ in range(2):
        with pytest.raises(AirflowError) as caught:
            install(tmp_path / "airflow", NEWEST, _python(tmp_path, "3.12.1"))
        assert "failed with exit code" in str(caught.value)
        assert caught.value.output
    assert not (tmp_path / "airflow/stamp").exists()


def test_without_an_airflow_invoke_explains_how_to_install_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    write(tmp_path, {"dagpress.toml": ""})
    with pytest.raises(Exception, match=rf"Airflow {NEWEST} is not installed .*dagpress add orchestrator airflow"):
        dagpress(tmp_path, "invoke", "airflow", "scheduler")


def test_an_airflow_on_the_path_can_be_a_symlink_next_to_another_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with pipx and `uv tool`. A program that is not Airflow is an error with a fix."""
    write(tmp_path, {"venv/airflow": "", "bin/python": "#!/bin/sh\nexit 1\n", "other/airflow": "", "dagpress.toml": ""})
    _python(tmp_path / "venv", "3.2.1")
    for program in ("venv/airflow", "bin/python", "other/airflow"):
        (tmp_path / program).chmod(0o755)
    (tmp_path / "bin/airflow").symlink_to(tmp_path / "venv/airflow")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    found = installation_of(project_of(tmp_path))
    assert (found.version, found.program, found.is_ours) == ("3.2", tmp_path / "bin/airflow", False)
    _python(tmp_path / "venv", "2.9.3")
    with pytest.raises(Exception, match=r"bin/airflow is Airflow 2\.9, which is not supported \(run `dagpress add"):
        dagpress(tmp_path, "invoke", "airflow", "version")
    monkeypatch.setenv("PATH", str(tmp_path / "other"))
    with pytest.raises(
        AirflowError, match=r"it is unknown which Python .* runs on \(run .*another `airflow` to the PATH\)"
    ):
        installation_of(project_of(tmp_path))


def _project(folder: Path, config: str = "") -> Path:
    files = {"generated_dags/a.py": "", "orchestrate/dags/b.py": "", "more dags/c.py": "", "dagpress.toml": config}
    return write(folder, files)


def test_airflow_3_gets_a_bundle_for_each_folder(tmp_path: Path) -> None:
    project = project_of(_project(tmp_path, 'custom_dags = ["orchestrate/dags", "more dags"]\n'))
    airflow = Installation(NEWEST, tmp_path / "bin", tmp_path / "home")
    env = airflow_environ(project, airflow, {"PATH": "/usr/bin"})
    folders = {bundle["name"]: bundle["kwargs"]["path"] for bundle in json.loads(env[BUNDLES])}
    assert folders == {
        "dags-folder": str(tmp_path / "generated_dags"),
        "orchestrate-dags": str(tmp_path / "orchestrate/dags"),
        "more-dags": str(tmp_path / "more dags"),
    }
    assert env["MELTANO_PROJECT_ROOT"] == str(tmp_path)
    assert env["AIRFLOW_HOME"] == str(tmp_path / "home")
    assert env["PATH"] == f"{tmp_path}/bin:/usr/bin"


def test_airflow_2_gets_symlinks_that_follow_the_configuration(tmp_path: Path) -> None:
    airflow = Installation(NEWEST_2, tmp_path / "bin", tmp_path / "home")
    project = project_of(_project(tmp_path))
    env = airflow_environ(project, airflow, {"PYTHONPATH": "/mine"})
    links = tmp_path / "home/dagpress-dags"
    assert env[DAGS_FOLDER] == str(links)
    assert not (tmp_path / "home").exists()
    link_dag_folders(project, links)
    assert env["PYTHONPATH"] == "/mine"
    assert {link.name: str(link.readlink()) for link in links.iterdir()} == {
        "dags-folder": str(tmp_path / "generated_dags"),
        "orchestrate-dags": str(tmp_path / "orchestrate/dags"),
    }
    changed = project_of(_project(tmp_path, 'generated_dags = "out"\ncustom_dags = ["more dags"]\n'))
    link_dag_folders(changed, links)
    assert {link.name: str(link.readlink()) for link in links.iterdir()} == {
        "dags-folder": str(tmp_path / "out"),
        "more-dags": str(tmp_path / "more dags"),
    }


def test_symlinked_dag_files_import_adjacent_modules_and_shadow_none(tmp_path: Path) -> None:
    """Airflow 2 imports its settings from the folder `config` of its home. The user's own file is kept."""
    home = tmp_path / "home"
    write(tmp_path, {"generated_dags/calendar.py": "", "orchestrate/dags/neighbour.py": "", "dagpress.toml": ""})
    link_dag_folders(project_of(tmp_path), home / LINKS)
    write_local_settings(home)
    ask = f"import sys; sys.path.append({str(home / 'config')!r})\n"
    ask += "import airflow_local_settings, calendar, neighbour; print(calendar.__file__, neighbour.__file__)"
    paths = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True).stdout.split()
    assert paths == [calendar.__file__, str(tmp_path / "orchestrate/dags/neighbour.py")]
    write(home, {"config/airflow_local_settings.py": "own = 1\n"})
    write_local_settings(home)
    assert (home / "config/airflow_local_settings.py").read_text() == "own = 1\n"


@pytest.mark.parametrize(
    "named",
    [
        {"AIRFLOW_CONFIG": "/etc/airflow.cfg"},
        {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "sqlite:////other.db"},
        {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_CMD": "cat secret"},
        {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_SECRET": "secret"},
        {"AIRFLOW__CORE__SQL_ALCHEMY_CONN": "postgresql:///airflow"},
        "sql_alchemy_conn = sqlite:////other.db",
        "sql_alchemy_conn_cmd = cat secret",
    ],
)
def test_a_configured_database_is_left_to_the_user(tmp_path: Path, named: dict[str, str] | str) -> None:
    environ = {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONNECT_ARGS": "x"}
    write(tmp_path, {"airflow.cfg": f"[database]\nsql_alchemy_conn = sqlite:///{tmp_path}/airflow.db\n"})
    assert lacks_database(tmp_path, environ)
    if isinstance(named, str):
        write(tmp_path, {"airflow.cfg": f"[database]\n{named}\n"})
    else:
        environ = named
    assert not lacks_database(tmp_path, environ)


# Records its arguments, and creates the database if requested; `triggerer` keeps running.
PROGRAM = """\
#!/bin/sh
echo "$@" >> {calls}
[ "$1" = db ] && : > "$AIRFLOW_HOME/airflow.db"
[ "$1" = triggerer ] && exec sleep 60
exit 0
"""


def _exec(program: str, words: list[str], env: dict[str, str]) -> None:
    """Run a program in a child instead of `exec`, and exit with its code."""
    raise SystemExit(subprocess.run(words, executable=program, env=env, check=False).returncode)


class Installed:
    """A project with a program instead of Airflow, which records its calls."""

    def __init__(self, root: Path, version: str) -> None:
        self.root = root
        self.calls_file = root / "calls"
        self.home = root / f".dagpress/airflow-{version}/home"
        write(_project(root, f'airflow = "{version}"\n'), {f".dagpress/airflow-{version}/stamp": ""})
        self.program = self.home.with_name("venv") / "bin/airflow"
        write(self.program.parent, {"airflow": PROGRAM.format(calls=shlex.quote(str(self.calls_file)))})

    def invoke(self, *arguments: str, **environ: str) -> tuple[int, str]:
        """Run `invoke airflow`, and return the exit code and stderr. Airflow is a child instead of `exec`."""
        with pytest.MonkeyPatch.context() as here:
            for name in [name for name in os.environ if name.startswith("AIRFLOW")]:
                here.delenv(name)
            for name, value in environ.items():
                here.setenv(name, value)
            here.chdir(self.root)
            here.setattr(os, "execve", _exec)
            result = CliRunner().invoke(main, ["invoke", "airflow", *arguments], standalone_mode=False)
        if isinstance(result.exception, ClickException):
            return 2, result.exception.format_message()
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
        return int(result.return_value or result.exit_code), result.stderr

    def invoke_in_a_process(self, *arguments: str) -> tuple[int, str]:
        """Run `invoke airflow` in a separate process."""
        command = [str(Path(sys.executable).with_name("dagpress")), "invoke", "airflow", *arguments]
        env = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
        done = subprocess.run(command, cwd=self.root, env=env, capture_output=True, text=True, check=False)
        return done.returncode, done.stderr

    def calls(self) -> list[str]:
        """Return the calls so far."""
        return self.calls_file.read_text().splitlines() if self.calls_file.exists() else []


@pytest.mark.parametrize("command", ["list", "list-import-errors"])
def test_the_dag_files_are_parsed_before_the_database_is_queried(command: str, tmp_path: Path) -> None:
    """Airflow 3 has import errors in its database, too."""
    installed = Installed(tmp_path, NEWEST)
    assert installed.invoke("dags", command)[0] == 0
    assert installed.calls()[-2:] == ["dags reserialize", f"dags {command}"]


def test_an_existing_airflow_home_gets_only_symlinks(tmp_path: Path) -> None:
    """No database, user or configuration; its own DAGs folder is unchanged."""
    installed, home = Installed(tmp_path, NEWEST_2), tmp_path / "own"
    write(home, {"airflow.cfg": "[core]\ndags_folder = /elsewhere\n", "dags/dags-folder/own.py": ""})
    (home / "dags/link").symlink_to(tmp_path)
    code, output = installed.invoke("dags", "list", AIRFLOW_HOME=str(home))
    assert code == 0
    assert f"not the dags_folder in {home}/airflow.cfg" in output
    assert installed.calls() == ["dags reserialize", "dags list"]
    assert {path.name for path in home.iterdir()} == {"airflow.cfg", "dags", "dagpress-dags", "dagpress-dags.digest"}
    assert (home / "dags/link").is_symlink()
    assert not installed.home.exists()


def test_a_new_airflow_home_is_set_up_once(tmp_path: Path) -> None:
    """An empty `AIRFLOW_HOME` counts as unset. The password is not an argument, which other users could read."""
    installed = Installed(tmp_path, NEWEST_2)
    for _ in range(2):
        assert installed.invoke("users", "list", AIRFLOW_HOME="")[0] == 0
    migrate, create, *lists = installed.calls()
    assert migrate == "db migrate"
    assert create.startswith("users create --username admin ")
    assert (installed.home / "standalone_admin_password.txt").read_text() not in create
    assert lists == ["users list", "users list"]


@pytest.mark.parametrize(
    ("arguments", "environ", "expected"),
    [
        (
            ["standalone"],
            {"AIRFLOW__API__PORT": "abc"},
            "'abc' is not a valid port (set AIRFLOW__API__PORT, or `port` in the section [api]",
        ),
        (["standalone"], {"AIRFLOW__API__PORT": "65536"}, "'65536' is not a valid port"),
        (["triggerer", "-D", "--pid", "no/such.pid"], {}, "no/such.pid: No such file or directory"),
        (["triggerer", "-D", "--log-file", "no/such.log"], {}, "no/such.log: No such file or directory"),
        (["dags", "list"], {"AIRFLOW_HOME": "dagpress.toml"}, "dagpress.toml/dagpress-dags"),
    ],
)
def test_an_obstacle_to_a_command_is_reported_before_it_runs(
    tmp_path: Path, arguments: list[str], environ: dict[str, str], expected: str
) -> None:
    installed = Installed(tmp_path, NEWEST_2 if "AIRFLOW_HOME" in environ else NEWEST)
    code, stderr = installed.invoke(*arguments, **environ)
    assert code == 2
    assert expected in stderr
    assert set(installed.calls()) <= {"db migrate"}
    assert list(installed.home.glob("*.pid")) == []


def test_tasks_wait_for_the_api_server_that_starts_with_them(tmp_path: Path) -> None:
    """Otherwise, the first task fails on a slow machine, and is retried five minutes later."""
    env = {"AIRFLOW__WORKERS__EXECUTION_API_RETRIES": "7"}
    Ports(tmp_path, env, print).point_tasks_to(8080)
    assert env == {
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": "http://localhost:8080/execution/",
        "AIRFLOW__WORKERS__EXECUTION_API_RETRIES": "7",
        "AIRFLOW__WORKERS__EXECUTION_API_RETRY_WAIT_MAX": "5",
        "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "60",
    }


def test_an_airflow_without_its_program_must_be_installed_again(tmp_path: Path) -> None:
    installed = Installed(tmp_path, NEWEST)
    installed.program.unlink()
    code, output = installed.invoke("version")
    assert code == 2
    assert f"{installed.program} is missing (run `dagpress add orchestrator airflow` again)" in output


def test_nothing_is_installed_outside_a_project(tmp_path: Path) -> None:
    with pytest.raises(Exception, match=r"no meltano\.yml"):
        dagpress(tmp_path, "add", "orchestrator", "airflow")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_command_in_the_background_runs_once_and_leaves_no_pid_file(tmp_path: Path) -> None:
    """The PID of another process in the file does not prevent a start, and a folder named `codegen` is not run."""
    installed, pid_file = Installed(tmp_path, NEWEST), tmp_path / "t.pid"
    write(tmp_path, {"t.pid": f"{os.getpid()}\n", "codegen/__init__.py": "raise SystemExit(9)\n"})
    start = ("triggerer", "-D", "--pid", "t.pid", "--stdout", "out", "--stderr", "err")
    code, output = installed.invoke_in_a_process(*start)
    process = int(pid_file.read_text())
    try:
        assert (code, process == os.getpid()) == (0, False)
        assert "stop it with: kill $(cat t.pid)" in output
        assert installed.calls()[-1] == "triggerer --skip-serve-logs"
        assert (tmp_path / "out").exists()
        code, output = installed.invoke_in_a_process(*start)
        assert code == 2
        assert f"triggerer is already running (process {process}; stop it with `kill {process}`)" in output
    finally:
        os.kill(process, signal.SIGTERM)
    for _ in range(600):
        if not pid_file.exists():
            break
        time.sleep(0.1)
    assert not pid_file.exists()
    assert "stopping" in (tmp_path / "err").read_text()


def test_an_api_server_counts_as_running_only_with_its_pid(tmp_path: Path) -> None:
    ports = Ports(tmp_path, {}, lambda _: None)
    with closing(socket.create_server(("", 0))) as server:
        port = server.getsockname()[1]
        ports.note_api_server(port, os.getpid())
        assert ports.running_api_server() == (os.getpid(), port)
        note = tmp_path / "dagpress-api-server.json"
        note.write_text(json.dumps([os.getpid(), port, "1"]))
        assert ports.running_api_server() == (0, 0)


@pytest.mark.parametrize("version", [NEWEST_2, NEWEST])
def test_variables_of_the_caller_are_kept(tmp_path: Path, version: str) -> None:
    own = {"MELTANO_PROJECT_ROOT": "/m", "AIRFLOW_HOME": "/h", DAGS_FOLDER: "/d"}
    airflow = Installation(version, tmp_path / "bin", tmp_path / "home")
    env = airflow_environ(project_of(_project(tmp_path)), airflow, own)
    assert {**env, "PATH": ""} == {**own, "PATH": ""}


def test_airflow_gets_the_project_in_the_configured_variable(tmp_path: Path) -> None:
    airflow = Installation(NEWEST, tmp_path / "bin", tmp_path / "home")
    project = project_of(_project(tmp_path, 'project_root_variable = "SALES_ROOT"\n'))
    env = airflow_environ(project, airflow, {})
    assert (env["SALES_ROOT"], "MELTANO_PROJECT_ROOT" in env) == (str(tmp_path), False)


def test_an_added_changed_or_removed_dag_file_is_detected(tmp_path: Path) -> None:
    project = project_of(_project(tmp_path))
    file = tmp_path / "orchestrate/dags/deep/d.py"
    digests = [digest_of_dags(project)]
    for text in ("1\n", "22\n"):
        write(tmp_path, {"orchestrate/dags/deep/d.py": text})
        digests.append(digest_of_dags(project))
    assert len(set(digests)) == 3
    file.unlink()
    assert digest_of_dags(project) == digests[0]


def test_meltano_s_generator_is_found_among_the_dag_files(tmp_path: Path) -> None:
    old = 'result = subprocess.run([meltano_bin, "schedule", "list", "--format=json"])\nDAG("a")\n'
    write(_project(tmp_path), {"orchestrate/dags/meltano.py": old})
    assert old_generators(project_of(tmp_path)) == [tmp_path / "orchestrate/dags/meltano.py"]


# Several processes write to one pipe, so each line is a single write.
SUPERVISOR = """\
import os, sys
from pathlib import Path
from codegen.airflow import supervisor
from codegen.airflow.supervisor import Program, supervise

supervisor._HURRY = 1
SLEEPER = '''
import os, signal, sys, time
def stop(number, frame):
    os.write(1, f"stops {sys.argv[1]}\\\\n".encode())
    time.sleep(float(sys.argv[3]))
    if sys.argv[1] == "careful parent":
        child.kill()
    sys.exit(int(sys.argv[2]))
signal.signal(signal.SIGTERM, stop)
if "parent" in sys.argv[1]:
    import subprocess
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"], start_new_session=True)
os.write(1, f"runs {os.getpid()} {sys.argv[1]}\\\\n".encode())
time.sleep(300)
'''
def program(name, code="0", slow="0"):
    return Program(name, [sys.executable, "-c", SLEEPER, name, code, slow])
programs = [program("helper"), program(*sys.argv[1:])]
sys.exit(supervise(programs, os.environ, lambda text: os.write(1, f"said {text}\\n".encode())))
"""


def _hear_all() -> None:
    """Reset signals that `nohup` ignores, which every child would inherit."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)


class Supervisor:
    """A process that supervises two programs, the second with a given name, exit code and delay."""

    def __init__(self, *main: str) -> None:
        # SIGHUP of a closed terminal does not stop a process started with `nohup`.
        before = ["nohup"] if main[0] == "deaf" else []
        command = [*before, sys.executable, "-c", SUPERVISOR, *main]
        self.process = subprocess.Popen(command, stdout=-1, text=True, preexec_fn=_hear_all)  # noqa: PLW1509
        started = [self.line().split(maxsplit=2) for _ in range(2)]
        self.pids = {name: int(pid) for _, pid, name in started}

    def line(self) -> str:
        """Return its next line of output."""
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def rest(self) -> list[str]:
        """Return the output until the end. A remaining process keeps the pipe open until the timeout."""
        return self.process.communicate(timeout=120)[0].splitlines()


@pytest.fixture
def supervise() -> Iterator[Callable[..., Supervisor]]:
    """Return a function that starts a supervisor; its remaining processes are killed."""
    with ExitStack() as stack:

        def start(*main: str) -> Supervisor:
            supervisor = Supervisor(*main)
            stack.enter_context(supervisor.process)
            stack.callback(supervisor.process.kill)
            return supervisor

        yield start


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_the_main_program_first_and_then_the_others(
    supervise: Callable[..., Supervisor], number: signal.Signals
) -> None:
    supervisor = supervise("parent", "7", "0.2")
    supervisor.process.send_signal(number)
    lines = supervisor.rest()
    assert [line for line in lines if line.startswith("stops")] == ["stops parent", "stops helper"]
    assert supervisor.process.returncode == 7


@pytest.mark.slow
def test_the_exit_of_a_helper_stops_the_others(supervise: Callable[..., Supervisor]) -> None:
    supervisor = supervise("main")
    os.kill(supervisor.pids["helper"], signal.SIGKILL)
    assert supervisor.rest() == ["said helper exited with code 137; stopping the others", "stops main"]
    assert supervisor.process.returncode == 1


@pytest.mark.slow
def test_a_second_signal_ends_the_wait(supervise: Callable[..., Supervisor]) -> None:
    supervisor = supervise("main", "0", "9999")
    supervisor.process.terminate()
    assert {supervisor.line(), supervisor.line()} == {
        "said stopping when the running tasks have finished; interrupt again to stop at once",
        "stops main",
    }
    supervisor.process.terminate()
    supervisor.rest()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent has died")
def test_no_process_remains_when_the_supervisor_is_killed(supervise: Callable[..., Supervisor]) -> None:
    """If the programs stop their own children on a signal."""
    supervisor = supervise("careful parent")
    supervisor.process.kill()
    supervisor.rest()


@pytest.mark.slow
def test_an_ignored_signal_stays_ignored(supervise: Callable[..., Supervisor]) -> None:
    supervisor = supervise("deaf", "7")
    supervisor.process.send_signal(signal.SIGHUP)
    time.sleep(0.5)
    assert supervisor.process.poll() is None
    supervisor.process.terminate()
    assert [line for line in supervisor.rest() if line.startswith("stops")] == ["stops deaf", "stops helper"]
    assert supervisor.process.returncode == 7


MELTANO = """\
#!/bin/sh
echo "meltano $@" >> {calls}
echo no disk >&2
exit {code}
"""


@pytest.mark.parametrize("code", [0, 1])
def test_meltano_sets_up_its_database_before_tasks_run_in_the_worker(tmp_path: Path, code: int) -> None:
    """Once per start, since we cannot see whether it exists; a failure does not stop the command."""
    installed = Installed(tmp_path, NEWEST_2)
    write(tmp_path, {"meltano.yml": "", ".meltano/run/bin": MELTANO.format(calls=installed.calls_file, code=code)})
    assert installed.invoke("dags", "list")[0] == 0
    assert "meltano" not in "".join(installed.calls())
    ended, output = installed.invoke("celery", "worker", MELTANO_DATABASE_URI="postgresql://example.com/meltano")
    assert ended == 0
    assert installed.calls()[-2:] == ["meltano --log-level=warning environment list", "celery worker"]
    assert output.count("Meltano's system database") == 1
    assert ("could not set up its system database: `meltano environment list` failed: no disk" in output) == bool(code)
