"""Runs Debian's Docker engine for tests, on its own socket, with an image that is built here."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from debian import install

_PACKAGES = ("docker.io", "runc", "iptables", "busybox-static")
_STARTS_IN = 30


@dataclass(frozen=True)
class DockerEngine:
    """A running engine with the image `busybox` and without a network."""

    folder: Path

    @property
    def address(self) -> str:
        """The value for `DOCKER_HOST`."""
        return f"unix://{self.folder}/docker.sock"

    def call(self, *arguments: str, check: bool = True) -> str:
        """Return the output of a `docker` command; empty if it fails and `check` is false."""
        command = ["docker", "--host", self.address, *arguments]
        done = subprocess.run(command, text=True, capture_output=True, check=False)
        assert not (check and done.returncode), done.stderr
        return done.stdout if done.returncode == 0 else ""

    def make_image(self, name: str, programs: Mapping[str, str], *changes: str) -> None:
        """Build an image of busybox with further programs in `/bin` and further lines of a Dockerfile."""
        root = self.folder / name.replace("/", "_").replace(":", "_")
        _put_busybox_into(root)
        for program, text in programs.items():
            (root / "bin" / program).write_text(text)
            (root / "bin" / program).chmod(0o755)
        archive = root.with_suffix(".tar")
        with tarfile.open(archive, "w") as tar:
            tar.add(root, arcname=".")
        options = [word for change in changes for word in ("--change", change)]
        self.call("import", *options, str(archive), name)


@contextmanager
def docker_engine(folder: Path) -> Iterator[DockerEngine]:
    """Run an engine during the block, and remove it with all its containers.

    Skips the test, with the reason, if no engine can run.
    """
    install("Docker engine", ("dockerd", "docker", "runc", "busybox"), _PACKAGES)
    engine = DockerEngine(folder)
    command: list[str | Path] = ["dockerd", "--host", engine.address, "--pidfile", folder / "pid"]
    command += ["--data-root", folder / "data", "--exec-root", folder / "exec"]
    # It does not change the network of the machine: its containers have none.
    command += ["--iptables=false", "--ip-forward=false", "--bridge=none"]
    with (folder / "log").open("w") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            _await(process, engine)
            engine.make_image("busybox", {})
            yield engine
        finally:
            containers = engine.call("ps", "--quiet", check=False).split()
            if containers:
                engine.call("kill", *containers, check=False)
            process.terminate()


def _await(process: subprocess.Popen[bytes], engine: DockerEngine) -> None:
    deadline = time.monotonic() + _STARTS_IN
    while not engine.call("version", check=False):
        if process.poll() is not None or time.monotonic() > deadline:
            pytest.skip(f"the Docker engine does not run here:\n{(engine.folder / 'log').read_text()[-2000:]}")
        time.sleep(0.2)


def _put_busybox_into(root: Path) -> None:
    """Put busybox into a folder under the names of its commands."""
    busybox = shutil.which("busybox")
    assert busybox
    names = subprocess.run([busybox, "--list"], text=True, capture_output=True, check=True).stdout.split()
    (root / "bin").mkdir(parents=True)
    shutil.copy(busybox, root / "bin")
    for name in set(names) - {"busybox"}:
        (root / "bin" / name).symlink_to("busybox")
