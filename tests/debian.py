"""Installs Debian packages for tests."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest


def install(what: str, programs: tuple[str, ...], packages: tuple[str, ...]) -> None:
    """Install missing packages, one process at a time. Skip the test, with the reason, if that is not possible."""
    with (Path(tempfile.gettempdir()) / "dagpress-tests-apt.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if all(shutil.which(program) for program in programs):
            return
        if os.geteuid() or not shutil.which("apt-get"):
            pytest.skip(f"there is no {what}, and only root on Debian can install one")
        environ = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for arguments in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
            command = ["apt-get", "--quiet", "--quiet", *arguments]
            done = subprocess.run(command, env=environ, text=True, stdout=-1, stderr=subprocess.STDOUT, check=False)
            if done.returncode:
                pytest.skip(f"there is no {what}, and Debian's cannot be installed:\n{done.stdout[-2000:]}")
