"""A real Docker engine for tests: Debian's, on a socket of its own, with an image that is put together here."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tarfile
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

_PACKAGES = ("docker.io", "runc", "iptables", "busybox-static")
_STARTS_IN = 30


@contextmanager
def docker_engine(folder: Path) -> Iterator[str]:
    """Run an engine that has the image `busybox`, and give its address. It is gone, with all it ran, in the end.

    Skips the test, and says why, where there can be none.
    """
    _install()
    address = f"unix://{folder}/docker.sock"
    command: list[str | Path] = ["dockerd", "--host", address, "--pidfile", folder / "pid"]
    command += ["--data-root", folder / "data", "--exec-root", folder / "exec"]
    # It touches no network of the machine: its containers have none.
    command += ["--iptables=false", "--ip-forward=false", "--bridge=none"]
    with (folder / "log").open("w") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            _await(process, address, folder / "log")
            _docker(address, "import", str(_image(folder)), "busybox")
            yield address
        finally:
            containers = _docker(address, "ps", "--quiet", check=False).split()
            if containers:
                _docker(address, "kill", *containers, check=False)
            process.terminate()


def _install() -> None:
    """Install what is missing, one process at a time: the tests run in several."""
    with (Path(tempfile.gettempdir()) / "dagpress-tests-apt.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _install_packages()


def _install_packages() -> None:
    if all(shutil.which(program) for program in ("dockerd", "docker", "runc", "busybox")):
        return
    if os.geteuid() or not shutil.which("apt-get"):
        pytest.skip("there is no Docker engine, and only root on Debian can install one")
    environ = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update"], ["install", "--yes", "--no-install-recommends", *_PACKAGES]):
        command = ["apt-get", "--quiet", "--quiet", *arguments]
        done = subprocess.run(command, env=environ, text=True, stdout=-1, stderr=subprocess.STDOUT, check=False)
        if done.returncode:
            pytest.skip(f"there is no Docker engine, and Debian's cannot be installed:\n{done.stdout[-2000:]}")


def _await(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    deadline = time.monotonic() + _STARTS_IN
    while not _docker(address, "version", check=False):
        if process.poll() is not None or time.monotonic() > deadline:
            pytest.skip(f"the Docker engine does not run here:\n{log.read_text()[-2000:]}")
        time.sleep(0.2)


def _docker(address: str, *arguments: str, check: bool = True) -> str:
    """What the client prints; nothing where it fails and that is no matter."""
    command = ["docker", "--host", address, *arguments]
    done = subprocess.run(command, text=True, capture_output=True, check=False)
    assert not (check and done.returncode), done.stderr
    return done.stdout if done.returncode == 0 else ""


def _image(folder: Path) -> Path:
    """The archive of an image: busybox under the names of its commands."""
    busybox = shutil.which("busybox")
    assert busybox
    names = subprocess.run([busybox, "--list"], text=True, capture_output=True, check=True).stdout.split()
    root = folder / "root"
    (root / "bin").mkdir(parents=True)
    shutil.copy(busybox, root / "bin")
    for name in set(names) - {"busybox"}:
        (root / "bin" / name).symlink_to("busybox")
    archive = folder / "image.tar"
    with tarfile.open(archive, "w") as tar:
        tar.add(root, arcname=".")
    return archive
