"""The files of a project that belong to its pipelines: schedules and generated files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from codegen import git
from codegen.files import Boundary, Stamp, read_bytes, stamp_of, text_of, work_tree_of
from codegen.loader import DEFAULTS, SUFFIXES
from codegen.loader.discovery import HIDDEN
from codegen.project import Project
from codegen.sync.header import is_generated


def pipeline_folders(project: Project) -> list[str]:
    """Return the folders of schedules and of generated files, as paths in the project."""
    return [project.relative(folder) for folder in (project.schedules, project.generated_dags)]


def is_schedule_file(project: Project, name: str) -> bool:
    """Return whether a path in the project is a schedule file or a `_defaults.yml`."""
    path = project.root / name
    return project.schedules in path.parents and path.suffix.lower() in SUFFIXES


def uncommitted_files(root: Path, folders: Iterable[str]) -> set[str]:
    """Return the changed and removed schedules and generated files in some folders of a project, without other files.

    Raises:
        GitError: the project is not in a repository.
    """
    return {name for name in git.uncommitted(root, in_git(root, folders)) if _is_of_pipelines(root, name)}


def written_at(root: Path, folders: Iterable[str]) -> Iterator[Stamp]:
    """Yield the stamps of some folders of a worktree with all their subfolders, and of its index.

    They change when this server writes there, since it replaces whole files.
    """
    for folder in folders:
        for place, _, _ in os.walk(os.path.realpath(root / folder)):
            yield stamp_of(Path(place))
    if top := work_tree_of(root):
        yield stamp_of(Path(text_of(top / ".git").removeprefix("gitdir:").strip(), "index"))


def _is_of_pipelines(root: Path, name: str) -> bool:
    """Return whether a file is a schedule, a generated file, or a symlink that may lead to one."""
    path = root / name
    if path.suffix.lower() in SUFFIXES:
        return path.stem == DEFAULTS or not path.name.startswith(HIDDEN)
    if path.is_symlink():
        return True
    text = _text_of(root, path)
    return is_generated((git.committed_text(root, name) if text is None else text) or "")


def in_git(root: Path, names: Iterable[str]) -> list[str]:
    """Return the names for git, which does not follow symlinks: the symlink itself, and its target."""
    places = set()
    for path in (root / name for name in names):
        places |= {Path(os.path.realpath(path.parent), path.name), Path(os.path.realpath(path))}
    return sorted(place.relative_to(root).as_posix() for place in places if root in place.parents)


def _text_of(root: Path, path: Path) -> str | None:
    try:
        return read_bytes(path).decode("utf-8", "replace") if Boundary(root).has(path) else None
    except OSError:
        return None
