"""The boundary of a project for reads and writes: its git work tree or, without git, the project itself."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from codegen import rules
from codegen.diagnostics import Diagnostic, Location
from codegen.files.reading import is_file, is_symlink, text_of

_MAX_GIT_FILE_BYTES = 10_000


class Boundary:
    """Rejects paths outside the git work tree or the project, after resolving symlinks.

    Folders from the configuration or an argument may be outside: their own work trees are then allowed, too.
    """

    def __init__(self, root: Path, *named: Path) -> None:
        self._root = root
        tree = work_tree_of(root)
        self.name = "the git work tree" if tree else "the project"
        self.folder = _real(tree or root)
        others = (_real(folder) for folder in named)
        self._folders = {self.folder, *(work_tree_of(each) or each for each in others if not _has(self.folder, each))}

    def has(self, path: Path) -> bool:
        """Return whether a path is inside after resolving its symlinks."""
        real = _real(path)
        return any(_has(folder, real) for folder in self._folders)

    def problem(self, path: Path) -> Diagnostic | None:
        """Return the error for reading a path outside: at the first symlink that leads out, else at the path."""
        if self.has(path):
            return None
        return self._leading_out(path) or Diagnostic(
            rules.UNREADABLE, f"this path is outside {self.name}", Location(self._shown(path)), "move it inside"
        )

    def refusal(self, name: str, *, follow: bool = True) -> Diagnostic | None:
        """Return the error for writing a file outside; `follow` is false for deletions, which remove symlinks."""
        path = Path(os.path.normpath(self._root / name))
        if self.has(path) if follow else self.has(path.parent):
            return None
        return self._leading_out(path) or Diagnostic(
            rules.NOT_WRITTEN,
            f"this file is outside {self.name}",
            Location(name),
            "move it inside, or edit it by hand",
        )

    def refusals(self, names: Iterable[str], *, follow: bool = True) -> dict[str, Diagnostic]:
        """Return the errors of `refusal` by file; the symlinks of a folder are resolved once."""
        inside: dict[str, bool] = {}
        found = {}
        for name in names:
            folder, _, file = name.rpartition("/")
            if folder not in inside:
                inside[folder] = self.has(Path(os.path.normpath(self._root / folder)))
            is_inside = inside[folder] and file not in {"", ".", "..", ".git"}
            if is_inside and not (follow and os.path.islink(f"{self._root}/{name}")):  # noqa: PTH114  # as in `reading`
                continue
            if refusal := self.refusal(name, follow=follow):
                found[name] = refusal
        return found

    def _leading_out(self, path: Path) -> Diagnostic | None:
        path = Path(os.path.normpath(path))
        links = (place for place in (*reversed(path.parents), path) if is_symlink(place) and not self.has(place))
        if link := next(links, None):
            hint = "replace the symlink with the file or folder itself"
            message = f"this symlink points outside {self.name}"
            return Diagnostic(rules.SYMLINK, message, Location(self._shown(link)), hint)
        return None

    def _shown(self, path: Path) -> str:
        return os.path.relpath(path, self._root).replace(os.sep, "/")


def work_tree_of(folder: Path) -> Path | None:
    """Return the root of the git work tree that contains a folder."""
    return next((each for each in (folder, *folder.parents) if _is_work_tree(each)), None)


def _is_work_tree(folder: Path) -> bool:
    """Return whether git finds a repository here: in worktrees and submodules, `.git` is a file with its path."""
    git = folder / ".git"
    named = text_of(git, _MAX_GIT_FILE_BYTES).removeprefix("gitdir:").strip() if is_file(git) else ""
    return is_file(folder / (named or ".git") / "HEAD")


def _has(folder: Path, path: Path) -> bool:
    # Git's own directory is not part of the work tree.
    return folder in {path, *path.parents} and ".git" not in path.relative_to(folder).parts


def _real(path: Path) -> Path:
    # Before Python 3.13, `Path.resolve` raises RuntimeError for a symlink to itself.
    return Path(os.path.realpath(path))
