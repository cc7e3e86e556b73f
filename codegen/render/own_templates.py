"""Reads a project's own templates."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from codegen import rules
from codegen.diagnostics import Diagnostic, Location
from codegen.files import Boundary, exists, read_bytes, walk
from codegen.render.renderer import TEMPLATE

_MOST_BYTES = 10_000_000


def read_templates(root: Path, folder: Path) -> tuple[dict[str, bytes], list[Diagnostic]]:
    """The content of each file below a folder of a project, by its path in the folder; and the errors."""
    boundary, texts, diagnostics = Boundary(root), dict[str, bytes](), list[Diagnostic]()
    try:
        # Otherwise the built-in templates would replace those of a folder without read permission.
        os.scandir(folder).close()
    except FileNotFoundError:
        return texts, []
    except OSError as error:
        return texts, [_unreadable(root, folder, error)]
    for path in _paths(folder, boundary):
        if problem := boundary.problem(path):
            diagnostics.append(problem)
            continue
        try:
            texts[path.relative_to(folder).as_posix()] = read_bytes(path, _MOST_BYTES)
        except OSError as error:
            diagnostics.append(_unreadable(root, path, error))
    return texts, diagnostics


def _unreadable(root: Path, path: Path, error: OSError) -> Diagnostic:
    message, place = f"cannot be read: {error.strerror}", Location(path.relative_to(root).as_posix())
    return Diagnostic(rules.UNREADABLE, message, place, "fix or remove it")


def _paths(folder: Path, boundary: Boundary) -> Iterable[Path]:
    # A directory with the name of a template is an error, too.
    main = [folder / TEMPLATE] if exists(folder / TEMPLATE) else []
    return sorted({*main, *(Path(entry.path) for entry in walk(folder, boundary))})
