"""Vendors the files that the Pipelines page loads from npm: with the versions and hashes of the lock file.

`make vendor` updates them after a change of `package.json`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "codegen" / "web" / "static" / "vendor"
_PINS = ("package.json", "package-lock.json")
# Scripts that are not ES modules: for modules, a package's `exports` has the path.
_SCRIPTS = {"htmx.org": "dist/htmx.min.js"}


def fetch(pins: Path) -> dict[str, bytes]:
    """Return the script and the licence of every package in the lock file of a folder, by their paths."""
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        for pin in _PINS:
            (work / pin).write_bytes((pins / pin).read_bytes())
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
        subprocess.run(command, cwd=work, check=True, stdout=sys.stderr)
        locked = json.loads((work / "package-lock.json").read_text(encoding="utf-8"))["packages"]
        folders = [work / folder for folder in locked if folder]
        return {name: data for folder in folders for name, data in _files_of(folder, work / "node_modules")}


def _files_of(folder: Path, around: Path) -> Iterator[tuple[str, bytes]]:
    package = json.loads((folder / "package.json").read_text(encoding="utf-8"))
    program = _SCRIPTS.get(package["name"]) or package["exports"]["import"]
    name = folder.relative_to(around).as_posix()
    yield f"{name}/index.js", (folder / program).read_bytes()
    yield f"{name}/LICENSE", (folder / "LICENSE").read_bytes()


def main() -> None:
    """Write the files, and delete obsolete ones."""
    files = fetch(FOLDER)
    for path in [path for path in FOLDER.rglob("*") if path.is_file() and path.name not in _PINS]:
        if path.relative_to(FOLDER).as_posix() not in files:
            path.unlink()
    for name, data in files.items():
        (FOLDER / name).parent.mkdir(parents=True, exist_ok=True)
        (FOLDER / name).write_bytes(data)


if __name__ == "__main__":
    main()
