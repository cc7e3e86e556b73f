"""The runner `docker`, on real Airflow 2 and 3 with a real Docker engine."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from docker_engine import DockerEngine
from environments import FOLDER, clean_environ, meltano_environ
from examples import fewer
from harness import Airflow, DemoProject
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from project_builder import as_yaml, project_of, write
from strategies import TEXT, TRAPS

from codegen import pipeline
from codegen.diagnostics import has_errors
from codegen.plan.names import imports_of
from codegen.plan.steps import Step
from codegen.plan.tasks import PythonNames, plan_task
from codegen.render.layout import import_statement
from codegen.render.source_text import keyword
from codegen.runners.docker.mounts import Mount
from codegen.runners.docker.settings import Docker
from codegen.schema import Schedule
from codegen.text.jinja import is_template

pytestmark = pytest.mark.slow
_VALUES = TEXT.filter(lambda value: not is_template(value))
_IMAGE = "registry.example.com:5000/elt:1.0"
# The arguments and environment of the process in /proc, unchanged by a shell.
_STAND_IN = """\
#!/bin/sh
cat /proc/$$/cmdline > "/record/argv$STAND_IN_NUMBER"
cat /proc/$$/environ > "/record/environ$STAND_IN_NUMBER"
{ pwd; id -u; id -g; } > /record/rest
cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes >> /record/rest
cat /etc/hosts > /record/hosts
echo said by the container
sleep "${STAND_IN_SLEEP:-0}"
exit "${STAND_IN_CODE:-0}"
"""


@dataclass(frozen=True)
class Standin:
    """An engine with an image whose `meltano` records its calls."""

    engine: DockerEngine
    folder: Path

    def settings(self, **more: Any) -> dict[str, Any]:
        """Return the settings of a schedule that runs in it."""
        return {"image": _IMAGE, "mounts": [f"{self.folder}:/record"], **more}

    def argv(self, number: str = "") -> list[str]:
        """Return the arguments of a call."""
        return self._parts(f"argv{number}")[2:]

    def environ(self, number: str = "") -> dict[str, str]:
        """Return the environment variables of a call."""
        return dict(part.split("=", 1) for part in self._parts(f"environ{number}"))

    def rest(self) -> list[str]:
        """Return its working directory, user, group, and memory limit in bytes."""
        return (self.folder / "rest").read_text().splitlines()

    def containers(self) -> list[dict[str, Any]]:
        """Return the state of each container, running or not."""
        ids = self.engine.call("ps", "--all", "--quiet").split()
        return json.loads(self.engine.call("inspect", *ids)) if ids else []

    def _parts(self, name: str) -> list[str]:
        return (self.folder / name).read_bytes().decode().split("\0")[:-1]


@pytest.fixture(scope="session")
def image(docker: DockerEngine) -> DockerEngine:
    """The engine with the image of the recording `meltano`; its default entrypoint and command fail."""
    changes = ('ENTRYPOINT ["false"]', 'CMD ["false"]', "WORKDIR /of-the-image", "USER 7:8", "ENV OF_THE_IMAGE=yes")
    docker.make_image(_IMAGE, {"meltano": _STAND_IN}, *changes)
    return docker


@pytest.fixture
def standin(image: DockerEngine, tmp_path: Path) -> Iterator[Standin]:
    """A folder for the records; the remaining containers of a test are removed."""
    folder = tmp_path / "record"
    folder.mkdir()
    folder.chmod(0o777)
    standin = Standin(image, folder)
    yield standin
    for container in standin.containers():
        image.call("rm", "--force", container["Id"])


def _generated(folder: Path, airflow: Airflow, schedule: dict[str, Any]) -> Path:
    config = {"dagpress.toml": f'airflow = "{airflow.version}"\n', "schedules/a.yml": as_yaml(schedule)}
    generation = pipeline.generate(project_of(write(folder, config)))
    assert not has_errors(generation.diagnostics), generation.diagnostics
    return write(folder, dict(generation.files)) / "generated_dags/a.py"


def _execute(
    airflow: Airflow, standin: Standin, schedule: dict[str, Any], environ: dict[str, str] | None = None
) -> dict[str, Any]:
    """Generate the DAG file of a schedule, and execute its only task on a worker with further variables."""
    with TemporaryDirectory() as folder:
        file = _generated(Path(folder), airflow, {"interval": "@daily", "runner": "docker", **schedule})
        task_id = "extract_load" if "extractor" in schedule else "load"
        variables: dict[str, str | None] = {"DOCKER_HOST": standin.engine.address, **(environ or {})}
        return airflow.worker.execute(file, "meltano_a", task_id, variables)


def _run(airflow: Airflow, standin: Standin, schedule: dict[str, Any]) -> None:
    answer = _execute(airflow, standin, schedule)
    assert answer["error"] is None, answer


def test_known_values_arrive_unchanged(airflow: Airflow, standin: Standin) -> None:
    """Each value that Airflow, Jinja2, shells or Docker could change, as a variable and as an argument."""
    words = [value for value in TRAPS if value]
    env = {f"V{number}": value for number, value in enumerate(TRAPS)}
    _run(
        airflow,
        standin,
        {"docker": standin.settings(), "env": env, "tasks": [{"id": "load", "run": shlex.join(["x", *words])}]},
    )
    assert standin.argv() == ["run", "x", *words]
    assert {name: standin.environ()[name] for name in env} == env
    # All other variables are from the image and the engine.
    assert standin.environ().keys() - env == {"OF_THE_IMAGE", "PATH", "HOSTNAME", "HOME"}


@fewer(10, suppress_health_check=list(HealthCheck))
@given(values=st.lists(_VALUES, min_size=1, max_size=40))
def test_any_value_arrives_unchanged(airflow: Airflow, standin: Standin, values: list[str]) -> None:
    """Any text, as a variable and as an argument."""
    words = [value for value in values if value]
    env = {f"V{number}": value for number, value in enumerate(values)}
    _run(
        airflow,
        standin,
        {"docker": standin.settings(), "env": env, "tasks": [{"id": "load", "run": shlex.join(["x", *words])}]},
    )
    assert standin.argv() == ["run", "x", *words]
    assert {name: standin.environ()[name] for name in env} == env


def test_templates_are_rendered_where_they_are_allowed(airflow: Airflow, standin: Standin) -> None:
    """In arguments, variables, the image and mounts, with any suffix; the result is never code."""
    (standin.folder / "2026-03-02.env").write_text("mounted")
    mounts = [f"{standin.folder}:/record", f"{standin.folder}/{{{{ ds }}}}.env:/of-the-image/{{{{ ds }}}}.sh:ro"]
    settings = {"image": "{{ 'registry.example.com' }}:5000/elt:1.0", "mounts": mounts, "auto_remove": "never"}
    schedule = {
        "docker": settings,
        "env": {"DAY": "{{ ds }}", "FILE": "/{{ ds }}.env", "LIST": "{{ [1, 2] }}"},
        "tasks": [{"id": "load", "run": """x --day={{ ds }} {{ ds }}.sh {{ "'; touch x; $(id)" }}"""}],
    }
    _run(airflow, standin, schedule)
    assert standin.argv() == ["run", "x", "--day=2026-03-02", "2026-03-02.sh", "'; touch x; $(id)"]
    environ = standin.environ()
    assert [environ[name] for name in ("DAY", "FILE", "LIST")] == ["2026-03-02", "/2026-03-02.env", "[1, 2]"]
    (container,) = standin.containers()
    assert {mount["Destination"] for mount in container["Mounts"]} == {"/record", "/of-the-image/2026-03-02.sh"}


def test_every_setting_reaches_the_engine(airflow: Airflow, standin: Standin) -> None:
    """As reported by the engine, and where possible from inside the container."""
    (standin.folder / ".env").write_text("")
    mounts = [
        f"{standin.folder}:/record",
        f"{standin.folder}/.env:/project/.env:ro",
        "cache:/cache",
        {"type": "tmpfs", "target": "/scratch"},
    ]
    chosen = {
        "docker_url": standin.engine.address,
        "auto_remove": "never",
        "user": "1000:1001",
        "working_dir": "/project",
        "network_mode": "none",
        "extra_hosts": {"warehouse": "10.0.0.5"},
        "mem_limit": "64m",
        "cpus": 0.5,
        "shm_size": "16m",
        "ulimits": [{"name": "nofile", "soft": 1024, "hard": 2048}],
        "container_name": "elt-{{ ds_nodash }}",
        "hostname": "of-the-task",
        "labels": {"team": "elt"},
        "cap_add": ["SYS_PTRACE"],
        "dns": ["10.0.0.2"],
        "ipc_mode": "private",
        "log_opts_max_size": "10m",
        "private_environment": {"OF_THE_OPERATOR": "yes"},
        "tty": True,
    }
    schedule = {"extractor": "tap-a", "loader": "target-b", "docker": standin.settings(**chosen, mounts=mounts)}
    _run(airflow, standin, schedule)
    assert standin.argv() == ["el", "tap-a", "target-b", "--state-id=a"]
    assert standin.rest() == ["/project", "1000", "1001", str(64 << 20)]
    assert "10.0.0.5\twarehouse" in (standin.folder / "hosts").read_text().splitlines()
    (container,) = standin.containers()
    host = container["HostConfig"]
    assert (host["Memory"], host["CpuShares"], host["ShmSize"]) == (64 << 20, 512, 16 << 20)
    assert (host["NetworkMode"], host["ExtraHosts"]) == ("none", ["warehouse:10.0.0.5"])
    assert [name.removeprefix("CAP_") for name in host["CapAdd"]] == ["SYS_PTRACE"]
    assert (host["Dns"], host["IpcMode"]) == (["10.0.0.2"], "private")
    assert host["Ulimits"] == [{"Name": "nofile", "Soft": 1024, "Hard": 2048}]
    assert host["LogConfig"]["Config"] == {"max-size": "10m"}
    config = container["Config"]
    assert (container["Name"], config["Hostname"], config["Tty"]) == ("/elt-20260302", "of-the-task", True)
    assert config["Labels"]["team"] == "elt"
    assert standin.environ()["OF_THE_OPERATOR"] == "yes"
    assert {(m["Type"], m["Destination"], m["RW"]) for m in container["Mounts"]} == {
        ("bind", "/record", True),
        ("bind", "/project/.env", False),
        ("volume", "/cache", True),
        ("tmpfs", "/scratch", True),
    }


def test_a_gpu_is_requested(airflow: Airflow, standin: Standin) -> None:
    """The engine reports a missing GPU driver."""
    settings = standin.settings(device_requests=[{"count": -1, "capabilities": [["gpu"]]}])
    answer = _execute(airflow, standin, {"extractor": "tap-a", "loader": "target-b", "docker": settings})
    assert "could not select device driver" in answer["error"]
    assert "[[gpu]]" in answer["error"]


def test_without_settings_the_folder_and_user_are_those_of_the_image(airflow: Airflow, standin: Standin) -> None:
    """Its entrypoint and command are not used."""
    _run(airflow, standin, {"extractor": "tap-a", "loader": "target-b", "docker": standin.settings()})
    assert standin.rest()[:3] == ["/of-the-image", "7", "8"]
    assert standin.environ()["OF_THE_IMAGE"] == "yes"


@pytest.mark.parametrize(
    ("auto_remove", "code", "left"), [("force", 3, 0), ("success", 3, 0), ("success", 0, 0), ("never", 0, 1)]
)
def test_a_failing_meltano_fails_the_task_and_auto_remove_removes_the_container(
    airflow: Airflow, standin: Standin, auto_remove: str, code: int, left: int
) -> None:
    """`success` removes every container that has ended, whatever its exit code, as its description says."""
    chosen = standin.settings(auto_remove=auto_remove)
    answer = _execute(
        airflow,
        standin,
        {"extractor": "tap-a", "loader": "target-b", "docker": chosen, "env": {"STAND_IN_CODE": str(code)}},
    )
    assert (answer["error"] is None) == (code == 0), answer
    assert "said by the container" in f"{answer['log']} {answer.get('result')} {answer['error']}"
    assert len(standin.containers()) == left


def test_force_pull_contacts_the_registry(airflow: Airflow, standin: Standin) -> None:
    """Without it, the local image is used; with it, the task fails because this registry does not answer."""
    schedule = {"extractor": "tap-a", "loader": "target-b", "docker": standin.settings(force_pull=True)}
    answer = _execute(airflow, standin, schedule)
    assert "registry.example.com:5000" in answer["error"]
    assert standin.containers() == []


def test_the_connection_is_for_the_registry(airflow: Airflow, standin: Standin) -> None:
    """The engine logs in there with the credentials of Airflow's connection."""
    schedule = {"extractor": "tap-a", "loader": "target-b", "docker": standin.settings(docker_conn_id="our_registry")}
    connection = {"AIRFLOW_CONN_OUR_REGISTRY": "docker://me:secret@127.0.0.1:9"}
    answer = _execute(airflow, standin, schedule, connection)
    assert "http://127.0.0.1:9/v2/" in answer["error"]
    assert standin.containers() == []


def test_several_calls_run_until_one_fails(airflow: Airflow, standin: Standin, tmp_path: Path) -> None:
    """The image's shell runs one call after the other; rendered templates are not code there either."""
    mounts = (Mount(type="bind", source=str(standin.folder), target="/record"),)
    calls = (
        ("env", "STAND_IN_NUMBER=1", "meltano", "first", "$HOME", "a.env"),
        ("env", "STAND_IN_NUMBER=2", "STAND_IN_CODE=4", "meltano", "{{ ds }}; touch x", "'", "line\n", "{{ ds }}.sh"),
        ("env", "STAND_IN_NUMBER=3", "meltano", "run.env"),
    )
    settings = Docker(image=_IMAGE, mounts=mounts)
    step = Step(task_id="both", calls=calls, env={"A": "b.env"}, runner="docker", settings=settings)
    task = plan_task(step, {}, Schedule(), PythonNames({}, {}), airflow.version)
    imports = imports_of(["DAG", "DockerOperator", "Mount"], airflow.version)
    lines = [import_statement(imported) for group in imports for imported in group]
    lines += ['with DAG("several", schedule=None):', f"    {task.operator}("]
    path = tmp_path / "several.py"
    path.write_text("\n".join([*lines, *(keyword(argument, 8) for argument in task.arguments), "    )\n"]))
    answer = airflow.worker.execute(path, "several", "both", {"DOCKER_HOST": standin.engine.address})
    assert "'StatusCode': 4" in answer["error"], answer
    assert standin.argv("1") == ["first", "$HOME", "a.env"]
    assert standin.argv("2") == ["2026-03-02; touch x", "'", "line\n", "2026-03-02.sh"]
    assert not (standin.folder / "argv3").exists()
    assert standin.environ("1")["A"] == "b.env"


def test_a_dag_runs_from_end_to_end(airflow: Airflow, standin: Standin, tmp_path: Path) -> None:
    """`airflow dags test`, with tasks in containers and on the worker, which all render their shared settings."""
    tasks = [
        {"id": "first", "run": "tap-a target-b", "runner": "bash"},
        {"id": "second", "run": "tap-c target-b {{ ds }}"},
        {"id": "third", "run": "dbt:run", "runner": "bash"},
        {"id": "fourth", "run": "tap-d target-b", "env": {"ONLY_HERE": "1"}, "docker": {"working_dir": "/bin"}},
    ]
    mounts = [f"{standin.folder}:/record", f"{standin.folder}:/of-{{{{ task.task_id }}}}"]
    settings = standin.settings(mounts=mounts, working_dir="/of-the-image")
    env = {"STAND_IN_NUMBER": "{{ task.task_id }}"}
    schedule = {"interval": "@daily", "runner": "docker", "docker": settings, "env": env, "tasks": tasks}
    project, meltano = tmp_path / "project", tmp_path / "bin/meltano"
    write(tmp_path, {"bin/meltano": '#!/bin/sh\necho "on the worker: $*"\n', "project/meltano.yml": "{}"})
    path = f"{meltano.parent}:{clean_environ()['PATH']}"
    env = clean_environ(PATH=path, MELTANO_PROJECT_ROOT=str(project), DOCKER_HOST=standin.engine.address)
    file = _generated(tmp_path / "generated", airflow, schedule)
    assert file.read_text().count("**DOCKER,") == 2
    done = airflow.run("dags", "test", "meltano_a", "2026-03-02", dags_folder=file.parent, env=env)
    assert done.returncode == 0, done.stdout
    output = [
        done.stdout.index(f"{words}") for words in ("on the worker: run tap-a", "said by", "on the worker: run dbt")
    ]
    assert output == sorted(output)
    assert standin.argv("second") == ["run", "tap-c", "target-b", "2026-03-02"]
    assert standin.argv("fourth") == ["run", "tap-d", "target-b"]
    assert "ONLY_HERE" in standin.environ("fourth").keys() - standin.environ("second").keys()
    assert standin.rest()[0] == "/bin"
    assert standin.containers() == []


def test_a_task_that_times_out_leaves_no_container(airflow: Airflow, standin: Standin, tmp_path: Path) -> None:
    """Otherwise, a retry would load while the first try still runs."""
    keys = {"extractor": "tap-a", "loader": "target-b", "interval": "@daily", "execution_timeout": "5s", "retries": 0}
    schedule = {**keys, "runner": "docker", "docker": standin.settings(), "env": {"STAND_IN_SLEEP": "600"}}
    folder = _generated(tmp_path / "generated", airflow, schedule).parent
    env = clean_environ(DOCKER_HOST=standin.engine.address)
    done = airflow.run("dags", "test", "meltano_a", "2026-03-02", dags_folder=folder, env=env)
    assert "AirflowTaskTimeout" in done.stdout
    assert standin.argv() == ["el", "tap-a", "target-b", "--state-id=a"]
    assert standin.containers() == []


def test_a_real_tap_and_target_load_rows_in_a_container(
    airflow: Airflow, docker: DockerEngine, demo_project: DemoProject
) -> None:
    """The demo project and its Meltano are mounted from this machine, since the engine has no network."""
    system = [path for path in (Path("/usr"), Path("/lib"), Path("/lib64")) if path.exists()]
    shared = {str(path) for path in (*system, Path(sys.base_prefix), FOLDER, FOLDER.resolve())}
    project = str(demo_project.folder)
    mounts = [*(f"{path}:{path}:ro" for path in sorted(shared)), f"{project}:{project}"]
    schedule = {
        "extractor": "tap-carbon",
        "loader": "target-duckdb",
        "interval": "@daily",
        "runner": "docker",
        "docker": {"image": "busybox", "working_dir": project, "mounts": mounts},
        "env": {"PATH": meltano_environ()["PATH"], "HOME": project, "MELTANO_SEND_ANONYMOUS_USAGE_STATS": "false"},
    }
    with TemporaryDirectory() as folder:
        file = _generated(Path(folder), airflow, schedule)
        answer = airflow.worker.execute(file, "meltano_a", "extract_load", {"DOCKER_HOST": docker.address})
    assert answer["error"] is None, answer
    assert demo_project.rows("carbon.readings") == 8
