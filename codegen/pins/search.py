"""Finds the files of a project that pin versions, and the pins of a package in them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from fnmatch import translate
from pathlib import Path

from codegen.cache import Cache
from codegen.diagnostics import Location
from codegen.files import Boundary, exists, glob, text_of, work_tree_of
from codegen.meltano.project import meltano_files
from codegen.pins.forms import pins_in
from codegen.pins.pin import Pin, specifier_of
from codegen.pins.variables import expand

# The patterns of file names by kind, in order of precedence. Meltano's own files precede all of them.
_PATTERNS = (
    ("uv.lock", "poetry.lock", "pdm.lock", "pylock*.toml", "Pipfile.lock"),
    ("*requirements*.txt", "*requirements*.in", "*constraints*.txt", "requirements/*.txt", "requirements/*.in"),
    ("pyproject.toml", "Pipfile", "setup.cfg", "setup.py", "*environment.y*ml"),
    ("*Dockerfile*", "*Containerfile*", "*compose*.y*ml"),
    ("Makefile", "*.mk", ".env*", "*.env", "*.sh", "*.gitlab-ci.yml", "workflows/*.y*ml", "azure-pipelines.y*ml"),
)
_KINDS = tuple(
    re.compile("|".join(translate(each if "/" in each else f"*/{each}") for each in kind)) for kind in _PATTERNS
)
_MAX_DEPTH = 2
_MAX_BYTES = 5_000_000
# Hidden directories that can contain pins.
_HIDDEN = {".github", ".devcontainer"}


def find_pins(root: Path, meltano: Path, package: str, airflow: str = "*") -> list[Pin]:
    """Return the pins of a package by precedence: exact versions before ranges, then by kind of file.

    Args:
        root: the project.
        meltano: the Meltano project directory.
        package: the name of the distribution, such as `apache-airflow`.
        airflow: the Airflow version of the installations below `.dagpress` to search. Default: all.
    """
    found = list(_written(_texts(root, meltano), package))
    found += [pin for folder in dict.fromkeys((root, meltano)) for pin in _installed(folder, root, package, airflow)]
    return sorted(found, key=lambda pin: not pin.minor)


def _written(texts: Mapping[str, str], package: str) -> Iterator[Pin]:
    # Lock files do not define variables, and are large.
    defining = [text for name, text in texts.items() if not name.endswith(".lock")]
    for name, text in texts.items():
        expanded = expand(text, defining) if "$" in text and not name.endswith(".lock") else text
        yield from pins_in(expanded, text, name, package)


def _texts(root: Path, meltano: Path) -> dict[str, str]:
    """Return the texts of the files with pins, by name."""
    boundary = Boundary(root, meltano)
    found = (path for path in _files(root, meltano, boundary) if boundary.has(path))
    return {_name(path, root): text_of(path, _MAX_BYTES) for path in found}


def _files(root: Path, meltano: Path, boundary: Boundary) -> list[Path]:
    locks = glob(meltano, "plugins/*/airflow*.lock", boundary).paths
    of_meltano = [*meltano_files(root, meltano, Cache()), *locks]
    folders = {root: _MAX_DEPTH, meltano: _MAX_DEPTH}
    # Fewer levels of the repository: its other directories may belong to other projects.
    folders.setdefault(work_tree_of(root) or root, 1)
    others = [path for folder, depth in folders.items() for path in sorted(_walk(folder, depth))]
    return list(dict.fromkeys((*of_meltano, *sorted(others, key=_kind))))


def _walk(folder: Path, depth: int) -> Iterator[Path]:
    """Yield the files with pins in a directory and some levels below it, without installed packages."""
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        path = Path(entry.path)
        if entry.is_dir(follow_symlinks=False):
            is_hidden = entry.name.startswith(".") and entry.name not in _HIDDEN
            is_installed = entry.name == "node_modules" or exists(path / "pyvenv.cfg")
            if depth and not is_hidden and not is_installed:
                yield from _walk(path, depth - 1)
        elif _kind(path) < len(_KINDS):
            yield path


def _kind(path: Path) -> int:
    """Return the index of the kind of a file; the number of kinds for a file without pins."""
    name = f"{path.parent.name}/{path.name}"
    return next((number for number, kind in enumerate(_KINDS) if kind.match(name)), len(_KINDS))


def _installed(folder: Path, root: Path, package: str, airflow: str) -> Iterator[Pin]:
    """Yield the package in the Airflow installations of Dagpress and Meltano."""
    name = package.replace("-", "_")
    for environment in (f".dagpress/airflow-{airflow}", ".meltano/utilities/airflow", ".meltano/orchestrators/airflow"):
        for path in sorted(folder.glob(f"{environment}/venv/lib/python*/site-packages/{name}-*.dist-info")):
            version = re.match(rf"{name}-(.+)\.dist-info$", path.name)
            if version and (specifier := specifier_of(version[1])):
                place = Location(_name(path.parents[3], root))
                yield Pin(f"{package} {version[1]}", specifier, place, is_installed=True)


def _name(path: Path, root: Path) -> str:
    return os.path.relpath(path, root).replace(os.sep, "/")
