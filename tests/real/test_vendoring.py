"""The committed vendored files are those that npm installs from the lock file."""

from __future__ import annotations

import shutil

import pytest
from vendored import FOLDER, fetch

pytestmark = pytest.mark.slow


@pytest.mark.skipif(not shutil.which("npm"), reason="there is no npm")
def test_the_vendored_files_are_unmodified() -> None:
    pins = {FOLDER / "package.json", FOLDER / "package-lock.json"}
    committed = {path for path in FOLDER.rglob("*") if path.is_file()} - pins
    assert {path.relative_to(FOLDER).as_posix(): path.read_bytes() for path in committed} == fetch(FOLDER)
