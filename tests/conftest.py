"""Fixtures of the slow tests: real Airflow 2 and 3, a copy of the demo project, and a `meltano` that records its calls.

`make environments` builds what they use. The fast tests do not need them.
"""

from __future__ import annotations

import gc
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import environments
import examples  # noqa: F401  # selects the profile of Hypothesis
import harness
import pytest
from docker_engine import DockerEngine, docker_engine
from environments import AIRFLOWS
from example_environments import EXAMPLES
from harness import (
    RECORDER,
    Airflow,
    DemoProject,
    Invocation,
    RecordingMeltano,
    Worker,
    free_ports,
    generate,
    generate_examples,
)
from project_builder import write

# Without byte code, every process would compile its imports, and pytest would rewrite every test.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


def pytest_collection_finish() -> None:
    """Exclude the objects shared by all tests from garbage collection, and collect the rest less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000)


def pytest_configure(config: pytest.Config) -> None:
    """Load the fixtures of other modules; the browser only for the slow tests."""
    config.pluginmanager.import_plugin("team_repository")
    if not _is_fast(config):
        config.pluginmanager.import_plugin("browser")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Collect `tests/real` only when slow tests run, and skip the hundreds of other folders."""
    if collection_path.parent != environments.ROOT / "tests" or not collection_path.is_dir():
        return None
    return True if _is_fast(config) or collection_path.name != "real" else None


def _is_fast(config: pytest.Config) -> bool:
    return bool(config.option.markexpr == "not slow")


def _ready(name: str) -> environments.Environment:
    environment = environments.ENVIRONMENTS[name]
    if environment.unsupported:
        pytest.skip(environment.unsupported)
    if not environment.is_ready():
        pytest.fail(f"{name} is not built, or out of date: run `make environments`")
    return environment


def _airflow(name: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Airflow]:
    installed = _ready(name).folder
    folder = installed / "venv"
    home = tmp_path_factory.mktemp(name) / "home"
    shutil.copytree(installed / "home", home)
    with closing(Worker(folder / "bin" / "python", home)) as worker:
        yield Airflow(name, AIRFLOWS[name], folder, home, worker)


@pytest.fixture(scope="session")
def airflow3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Airflow]:
    """Airflow 3."""
    yield from _airflow("airflow-3", tmp_path_factory)


@pytest.fixture(scope="session")
def airflow2(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Airflow]:
    """Airflow 2."""
    yield from _airflow("airflow-2", tmp_path_factory)


@pytest.fixture(scope="session", params=list(AIRFLOWS))
def airflow(request: pytest.FixtureRequest) -> Airflow:
    """Each Airflow, one after the other."""
    chosen: Airflow = request.getfixturevalue(request.param.replace("-", ""))
    return chosen


@pytest.fixture(scope="session", params=list(EXAMPLES))
def example_airflow(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Airflow]:
    """Each Airflow with the providers that `examples/` needs, and the example DAGs in its DAGs folder."""
    installed, version = _ready(request.param).folder, EXAMPLES[request.param]
    folder = tmp_path_factory.mktemp(request.param)
    home = folder / "home"
    shutil.copytree(installed / "home", home)
    shutil.move(generate_examples(version, folder / "project"), home / "dags")
    with closing(Worker(installed / "venv/bin/python", home)) as worker:
        yield Airflow(request.param, version, installed / "venv", home, worker)


@pytest.fixture(scope="session")
def docker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerEngine]:
    """A Docker engine, shared by all tests of a process."""
    with docker_engine(tmp_path_factory.mktemp("docker")) as engine:
        yield engine


@pytest.fixture
def demo_project(tmp_path: Path) -> DemoProject:
    """Return a copy of the demo project. The plugins are symlinks: they are large, and nothing changes them."""
    installed = _ready("demo").folder / "project"
    folder = tmp_path / "demo"
    shutil.copytree(installed, folder, ignore=shutil.ignore_patterns(".meltano"))
    (folder / ".meltano").mkdir()
    for kind in ("extractors", "loaders"):
        (folder / ".meltano" / kind).symlink_to(installed / ".meltano" / kind)
    shutil.copy(installed / ".meltano" / "meltano.db", folder / ".meltano")
    return DemoProject(write(folder, {"dagpress.toml": ""}))


@pytest.fixture(params=list(AIRFLOWS))
def invocation(request: pytest.FixtureRequest, demo_project: DemoProject) -> Invocation:
    """Return the demo project without schedules, with each Airflow below `.dagpress` as if it were installed there."""
    version, installed = AIRFLOWS[request.param], _ready(request.param).folder
    folder = demo_project.folder / ".dagpress" / f"airflow-{version}"
    shutil.copytree(installed / "home", folder / "home")
    shutil.copy(installed / "stamp", folder)
    (folder / "venv").symlink_to(installed / "venv")
    (demo_project.folder / "dagpress.toml").write_text(f'airflow = "{version}"\n')
    shutil.rmtree(demo_project.folder / "orchestrate")
    ports = dict(zip(("API__PORT", "WEBSERVER__WEB_SERVER_PORT"), free_ports(2), strict=True))
    return Invocation(demo_project, version, folder / "home", ports)


@pytest.fixture(scope="session")
def meltano() -> Callable[..., str]:
    """Return a function that runs the real `meltano` in a folder, and returns its output."""
    _ready("meltano")
    return harness.meltano


@pytest.fixture(scope="session")
def recording_meltano(tmp_path_factory: pytest.TempPathFactory) -> RecordingMeltano:
    """Return a `meltano` that records its calls. One for all tests, so that Hypothesis can use it."""
    folder = tmp_path_factory.mktemp("recording")
    (folder / "project").mkdir()
    write(folder, {"meltano": RECORDER.format(python=sys.executable, calls=str(folder / "calls"))})
    return RecordingMeltano(folder)


@pytest.fixture(scope="session")
def dags_folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return a function that returns the generated files of this repo for an Airflow version.

    For the configured version, these are the committed files; for another, they are generated.
    """
    done = {AIRFLOWS["airflow-3"]: environments.ROOT / "generated_dags"}

    def folder(version: str) -> Path:
        if version not in done:
            done[version] = _generate(version, tmp_path_factory.mktemp("project")) / "generated_dags"
        return done[version]

    return folder


def _generate(version: str, project: Path) -> Path:
    shutil.copytree(environments.ROOT / "schedules", project / "schedules")
    (project / "demo").mkdir()
    shutil.copy(environments.DEMO / "meltano.yml", project / "demo")
    (project / "dagpress.toml").write_text(f'airflow = "{version}"\nmeltano_project = "demo"\n')
    generate(project)
    return project
