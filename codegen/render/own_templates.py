"""Reads the project's own templates."""

from __future__ import annotations

import os
from pathlib import Path

from codegen import rules
from codegen.diagnostics import Diagnostic, Location
from codegen.files import exists, read_bytes, walk
from codegen.project import Project
from codegen.render.renderer import TEMPLATE

_MAX_BYTES = 10_000_000


def read_templates(project: Project) -> tuple[dict[str, bytes], list[Diagnostic]]:
    """Return the files in the project's template folder by relative path, and the errors."""
    folder, texts, diagnostics = project.templates, dict[str, bytes](), list[Diagnostic]()
    try:
        # Without read permission, the built-in templates would be used silently.
        os.scandir(folder).close()
    except FileNotFoundError:
        return texts, []
    except OSError as error:
        return texts, [_unreadable(project, folder, error)]
    # A directory with the name of the template is an error.
    main = [folder / TEMPLATE] if exists(folder / TEMPLATE) else []
    for path in sorted({*main, *(Path(entry.path) for entry in walk(folder, project.boundary))}):
        if problem := project.boundary.problem(path):
            diagnostics.append(problem)
            continue
        try:
            texts[path.relative_to(folder).as_posix()] = read_bytes(path, _MAX_BYTES)
        except OSError as error:
            diagnostics.append(_unreadable(project, path, error))
    return texts, diagnostics


def _unreadable(project: Project, path: Path, error: OSError) -> Diagnostic:
    message, place = f"this file cannot be read: {error.strerror}", Location(project.relative(path))
    return Diagnostic(rules.UNREADABLE, message, place, "fix or remove it")
