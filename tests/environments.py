"""Builds the environments of the slow tests: Airflow 3, Airflow 2, Meltano and the installed demo project.

`make soak` adds two: an Airflow with Celery, and a Meltano with a driver for PostgreSQL.

They are in `.envs/<Python version>`. Names on the command line select some of them. Each is rebuilt only when one of
its inputs changes.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from versions import NEWEST, NEWEST_2

from codegen.airflow.installation import AirflowError, install
from codegen.airflow_facts import facts_of

ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / "demo"
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
FOLDER = ROOT / ".envs" / VERSION
# The environment and the `airflow = "..."` version of each Airflow; `make test-versions` sets others.
AIRFLOWS = {
    "airflow-3": os.environ.get("DAGPRESS_AIRFLOW_3", NEWEST),
    "airflow-2": os.environ.get("DAGPRESS_AIRFLOW_2", NEWEST_2),
}
# Only for `make soak`.
SOAK = ("soak-airflow", "soak-meltano")


@dataclass(frozen=True)
class Environment:
    """One environment: its inputs, and the last step of its build."""

    name: str
    inputs: tuple[Path, ...]
    prepare: Callable[[Path], None]
    requirements: Path | None = None
    newest: tuple[int, int] | None = None
    needs: tuple[str, ...] = field(default=())

    @property
    def folder(self) -> Path:
        """Its folder."""
        return FOLDER / (f"airflow-{AIRFLOWS[self.name]}" if self.name in AIRFLOWS else self.name)

    @property
    def unsupported(self) -> str:
        """Why this Python does not support it; empty if it does."""
        if self.newest is None or sys.version_info[:2] <= self.newest:
            return ""
        return f"{self.name} is skipped: it does not install on Python {VERSION}"

    def fingerprint(self) -> str:
        """Return a hash of all its inputs."""
        digest = hashlib.sha256(f"{sys.version} {sys.base_prefix}".encode())
        for path in (Path(__file__), *self.inputs):
            digest.update(path.read_bytes())
        for name in self.needs:
            digest.update(ENVIRONMENTS[name].fingerprint().encode())
        return digest.hexdigest()

    def is_ready(self) -> bool:
        """Return whether it is built from its current inputs."""
        stamp = self.folder / "ready"
        return stamp.is_file() and stamp.read_text() == self.fingerprint()

    def build(self) -> None:
        """Build it from scratch. The stamp is written last, so that an interrupted build is repeated."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        if self.requirements is not None:
            _install(self.folder, self.requirements)
        self.prepare(self.folder)
        (self.folder / "ready").write_text(self.fingerprint())


def clean_environ(**extra: str) -> dict[str, str]:
    """Return the variables of this process without those that affect Airflow, Meltano or another Python."""
    unwanted = ("AIRFLOW", "MELTANO", "PYTHON", "VIRTUAL_ENV", "COVERAGE", "DEMO_", "TAP_", "TARGET_")
    return {name: value for name, value in os.environ.items() if not name.startswith(unwanted)} | extra


def meltano_environ(**extra: str) -> dict[str, str]:
    """Return environment variables with a PATH that has `meltano` and the `uv` with which it installs plugins."""
    folders = [str(ENVIRONMENTS["meltano"].folder / "bin"), str(_uv().parent), os.environ.get("PATH", os.defpath)]
    return clean_environ(PATH=os.pathsep.join(folders), NO_COLOR="1", **extra)


def _uv() -> Path:
    return Path(sys.executable).parent / "uv"


def run(*command: str | Path, env: dict[str, str], cwd: Path | None = None) -> None:
    """Run a program, or exit with its output if it fails."""
    done = subprocess.run(command, env=env, cwd=cwd, text=True, stdout=-1, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        sys.exit(f"{done.stdout}\n{' '.join(map(str, command))}: exit code {done.returncode}")


def _install(folder: Path, requirements: Path) -> None:
    env = clean_environ(VIRTUAL_ENV=str(folder))
    run(_uv(), "venv", "--quiet", "--allow-existing", "--python", sys.executable, folder, env=env)
    # Compile byte code once, here: otherwise every subprocess of every test would compile its imports.
    run(_uv(), "pip", "sync", "--quiet", "--require-hashes", "--compile-bytecode", requirements, env=env)


def _install_airflow(version: str, folder: Path) -> None:
    """Install an Airflow as `dagpress add orchestrator airflow` does: `venv`, and a `home` that tests copy."""
    try:
        install(folder, version)
    except AirflowError as error:
        sys.exit(f"{error.output}\n{error}")
    shutil.rmtree(folder / "home" / "logs", ignore_errors=True)


def _nothing(_: Path) -> None:
    pass


def _install_demo(folder: Path) -> None:
    """Install the plugins of the demo project, to which tests link."""
    project = folder / "project"
    shutil.copytree(DEMO, project, ignore=shutil.ignore_patterns(".meltano", "output"))
    run("meltano", "install", env=meltano_environ(), cwd=project)


def _airflow(name: str) -> Environment:
    version = AIRFLOWS[name]
    installer = (ROOT / "codegen/airflow/installation.py", ROOT / "codegen/airflow/home.py")
    inputs = (ROOT / "requirements" / f"airflow-{version}.txt", *installer)
    return Environment(name, inputs, partial(_install_airflow, version), newest=facts_of(version).pythons[-1])


def _environments() -> list[Environment]:
    requirements = ROOT / "requirements"
    meltano, soak, soak_meltano = (requirements / f"{name}.txt" for name in ("meltano", "soak", "soak-meltano"))
    demo = (DEMO / "meltano.yml", *sorted(DEMO.glob("requirements/*.txt")), *sorted(DEMO.glob("orchestrate/dags/*.py")))
    return [
        *(_airflow(name) for name in AIRFLOWS),
        Environment("meltano", (meltano,), _nothing, meltano),
        # The DuckDB of its target has no wheel for a newer Python.
        Environment("demo", demo, _install_demo, newest=(3, 13), needs=("meltano",)),
        Environment("soak-airflow", (soak,), _nothing, soak, newest=facts_of(NEWEST).pythons[-1]),
        Environment("soak-meltano", (soak_meltano,), _nothing, soak_meltano),
    ]


ENVIRONMENTS = {environment.name: environment for environment in _environments()}


def build(names: Iterable[str]) -> None:
    """Build the named environments that are not ready, one at a time."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for environment in map(ENVIRONMENTS.__getitem__, names):
            if environment.unsupported:
                print(environment.unsupported)
            elif not environment.is_ready():
                started = time.monotonic()
                print(f"{environment.name}: building", flush=True)
                environment.build()
                print(f"{environment.name}: built in {time.monotonic() - started:.0f} s", flush=True)


if __name__ == "__main__":
    build(sys.argv[1:] or (name for name in ENVIRONMENTS if name not in SOAK))
