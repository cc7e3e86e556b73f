"""The boundary of what Dagpress writes: the git work tree around the project; without git, the project."""

from __future__ import annotations

import os
from pathlib import Path

from codegen import rules
from codegen.diagnostics import Diagnostic, Location, quoted


class Boundary:
    """Refuses paths that lie outside the git work tree, or the project, also by a symlink."""

    def __init__(self, root: Path) -> None:
        self._root = root
        tree = work_tree_of(root)
        self._name = "the git work tree" if tree else "the project"
        self.folder = _real(tree or root)

    def refusal(self, name: str, *, follow: bool = True) -> Diagnostic | None:
        """The error for a path in the project that lies outside; deleting does not follow a symlink at its end."""
        path = Path(os.path.normpath(self._root / name))
        if self._has(_real(path) if follow else _real(path.parent) / path.name):
            return None
        links = (
            place for place in (*reversed(path.parents), path) if place.is_symlink() and not self._has(_real(place))
        )
        if link := next(links, None):
            shown = os.path.relpath(link, self._root).replace(os.sep, "/")
            message = f"the symlink {quoted(shown)} points outside {self._name}"
            hint = "replace the symlink with the file or directory itself"
        else:
            message, hint = f"this file lies outside {self._name}", "move it inside, or edit it by hand"
        return Diagnostic(rules.NOT_WRITTEN, message, Location(name), hint)

    def _has(self, path: Path) -> bool:
        # Git's own directory is not part of the work tree.
        return self.folder in path.parents and ".git" not in path.relative_to(self.folder).parts


def work_tree_of(folder: Path) -> Path | None:
    """The root of the git work tree that a folder is in."""
    return next((each for each in (folder, *folder.parents) if _is_work_tree(each)), None)


def _is_work_tree(folder: Path) -> bool:
    """Whether git sees a repository: in worktrees and submodules, `.git` is a file that names the directory."""
    git = folder / ".git"
    try:
        named = git.read_text(encoding="utf-8").removeprefix("gitdir:").strip() if git.is_file() else ""
    except (OSError, UnicodeDecodeError):
        return False
    return (folder / (named or ".git") / "HEAD").is_file()


def _real(path: Path) -> Path:
    # Before Python 3.13, `Path.resolve` raises RuntimeError for a symlink to itself.
    return Path(os.path.realpath(path))
