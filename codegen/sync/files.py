"""Compares what should be with what is there, and writes it: atomic, sparing unchanged files, pruning only our own."""

from __future__ import annotations

import difflib
import errno
import os
import platform
import re
import shutil
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from codegen import rules
from codegen.diagnostics import Diagnostic, Location, quoted
from codegen.sync.header import is_edited, is_generated

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


_TEMPORARY = f".dagpress-{platform.node()}-"
_STATE_ID = re.compile(r"--state-id=[^\s\"']+")
_DAG_ID = re.compile(r"^ +dag_id=.*$", re.MULTILINE)


class Action(Enum):
    """What has to happen to a file."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True)
class Change:
    """A file that is to get another text, to come or to go.

    Attributes:
        name: its path in the project, with forward slashes.
        before: its text, empty where there is none.
        after: what its text should be, empty where it should go.
        edited: whether somebody has edited it since it was generated.
    """

    name: str
    action: Action
    before: str
    after: str
    edited: bool = False

    @classmethod
    def between(cls, name: str, before: str | None, after: str | None) -> Change | None:
        """The change from one text to another, of which None is no file; nothing where they are the same."""
        if before == after:
            return None
        action = Action.DELETE if after is None else Action.CREATE if before is None else Action.UPDATE
        return cls(name, action, before or "", after or "")

    def diagnostic(self) -> Diagnostic:
        """The change of a generated file as drift: what is wrong with it as it is, and the command that mends it."""
        rule, message = {
            Action.CREATE: (rules.MISSING, "this file is missing"),
            Action.UPDATE: (rules.CHANGED, "this file is not up to date"),
            Action.DELETE: (rules.STALE, "the schedule of this file was removed"),
        }[self.action]
        if self.edited:
            rule, message = rules.EDITED, f"{message}, and it was edited by hand"
        return Diagnostic(rule, message, Location(self.name), "run `dagpress generate`, or `make dags`")

    def diff(self, context: int = 3) -> str:
        """The change as a unified diff, with so many lines around each part."""
        before = "/dev/null" if self.action is Action.CREATE else f"a/{self.name}"
        after = "/dev/null" if self.action is Action.DELETE else f"b/{self.name}"
        return unified_diff(self.before, self.after, before, after, context)


def unified_diff(before: str, after: str, name_before: str, name_after: str, context: int = 3) -> str:
    """The difference of two texts as a patch, with so many lines around each part; empty where there is none."""
    lines = difflib.unified_diff(_lines(before), _lines(after), name_before, name_after, n=context)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def find_renames(changes: Sequence[Change]) -> Iterator[Diagnostic]:
    """A warning for each file that goes while the same comes under another name and with another DAG id.

    Airflow takes it for a new DAG without a history, and Meltano for a new state if the name is its id.
    """
    deleted = [change for change in changes if change.action is Action.DELETE]
    if not deleted:
        return
    created = {_without_its_name(c.after, c.name): c for c in changes if c.action is Action.CREATE}
    for gone in deleted:
        come = created.get(_without_its_name(gone.before, gone.name))
        if come and _DAG_ID.findall(come.after) != _DAG_ID.findall(gone.before):
            message = f"this looks like {quoted(gone.name)} renamed: Airflow treats it as a new DAG without history"
            with_state = " and `state_id`" if _STATE_ID.findall(come.after) != _STATE_ID.findall(gone.before) else ""
            hint = f"to keep the history, set `dag_id`{with_state} to the former value"
            yield Diagnostic(rules.RENAMED, message, Location(come.name), hint)


def _without_its_name(text: str, name: str) -> str:
    """The text less the header and the state id, and less the name where it stands for itself or in another id."""
    body = _STATE_ID.sub("", text.split("\n", 2)[-1])
    nameless = re.sub(rf"(?<![A-Za-z0-9-]){re.escape(PurePosixPath(name).stem)}(?![A-Za-z0-9-])", "*", body)
    # A longer name can break a line.
    return " ".join(nameless.split())


def _lines(text: str) -> list[str]:
    """The lines with their ends, which are line feeds alone, as git counts them."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def compare(wanted: Mapping[str, str], root: Path, folder: Path) -> tuple[list[Change], list[Diagnostic]]:
    """Compare files with the disk; nothing is written.

    A file with the line ends of Windows, as git may check it out there, is the same file.

    Args:
        wanted: the text of each file by its path in the project.
        root: the project.
        folder: where its generated DAGs are, in which what is not wanted is pruned.

    Returns:
        What has to change, by path; and an error for each place that cannot be read, or that somebody's file has taken.
    """
    changes: list[Change] = []
    diagnostics: list[Diagnostic] = []
    inside = root.resolve()
    for name in [*wanted, *_python_files(wanted, root, folder)]:
        try:
            before = _read(root / name, inside)
        except OSError as error:
            diagnostics.append(Diagnostic(rules.UNREADABLE, f"cannot be read: {error.strerror}", Location(name)))
            continue
        after = wanted.get(name, "")
        if before is None:
            changes.append(Change(name, Action.CREATE, "", after))
        elif before != after and is_generated(before):
            action = Action.UPDATE if name in wanted else Action.DELETE
            changes.append(Change(name, action, before, after, is_edited(before)))
        elif before != after and name in wanted:
            message = "this file was not generated by Dagpress, and a schedule needs its name"
            diagnostics.append(
                Diagnostic(
                    rules.NOT_OURS,
                    message,
                    Location(name),
                    "rename the file or the schedule; delete the file if Dagpress wrote it once",
                )
            )
    return sorted(changes, key=lambda change: change.name), diagnostics


def _read(path: Path, inside: Path) -> str | None:
    """The text of a file, or nothing where there is none; a link must not lead out of the folder `inside`."""
    if inside not in path.resolve().parents:
        raise OSError(errno.EXDEV, "a symlink points outside the project")
    try:
        if path.exists() and not path.is_file():
            raise OSError(errno.EISDIR, "not a file")
        return path.read_bytes().decode("utf-8", "replace").replace("\r\n", "\n")
    except FileNotFoundError:
        return None


def _python_files(wanted: Mapping[str, str], root: Path, folder: Path) -> Iterator[str]:
    """The other Python files in the folder; links are followed nowhere."""
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for file in sorted(files):
            path = Path(parent, file)
            name = path.relative_to(root).as_posix()
            if path.suffix == ".py" and name not in wanted and not path.is_symlink() and path.is_file():
                yield name


class WriteError(Exception):
    """A file that could not be written or deleted.

    Attributes:
        name: its path in the project.
        done: the changes that were made before; the files of all others are as they were.
    """

    def __init__(self, name: str, error: OSError, done: Sequence[Change]) -> None:
        super().__init__(error.strerror or str(error))
        self.name = name
        self.done = tuple(done)


def apply(changes: Sequence[Change], root: Path) -> None:
    """Make the changes: every new text is on the disk before the first file is replaced.

    Raises:
        WriteError: a file could not be written, replaced or deleted. Nothing has changed if it came from the writing.
    """
    deletions = [change for change in changes if change.action is Action.DELETE]
    staged: dict[Path, Change] = {}
    done: list[Change] = []
    try:
        for change in changes:
            if change.action is not Action.DELETE:
                path = _behind_links(root / change.name)
                temporary = path.with_name(f"{_TEMPORARY}{os.getpid()}-{len(staged)}.tmp")
                staged[temporary] = change
                with _blaming(change, done):
                    _stage(temporary, path, change.after)
        for temporary, change in staged.items():
            with _blaming(change, done):
                temporary.replace(_behind_links(root / change.name))
            done.append(change)
    finally:
        for temporary in staged:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            _remove_if_empty(temporary.parent, root)
    for change in deletions:
        with _blaming(change, done):
            (root / change.name).unlink(missing_ok=True)
        done.append(change)
        _remove_if_empty((root / change.name).parent, root)


def _behind_links(path: Path) -> Path:
    """The file itself: a link to it stays a link."""
    return path.resolve() if path.is_symlink() else path


@contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Let others who change files there wait until this change is done, where the system can lock a folder."""
    try:
        import fcntl  # noqa: PLC0415  # Windows has none

        handle = os.open(folder, os.O_RDONLY)
    except (ImportError, OSError):
        yield
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextmanager
def _blaming(change: Change, done: Sequence[Change]) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise WriteError(change.name, error, done) from error


def _stage(temporary: Path, path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep(path.parent)
    temporary.write_bytes(text.encode())
    if path.exists():
        shutil.copymode(path, temporary)


def _sweep(folder: Path) -> None:
    """Remove what a run on this machine has left behind that was killed: its process is no more."""
    for left in folder.glob(f"{_TEMPORARY}*.tmp"):
        process = left.name.removeprefix(_TEMPORARY).split("-")[0]
        if process.isdecimal() and not _is_alive(int(process)):
            left.unlink(missing_ok=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def _remove_if_empty(folder: Path, root: Path) -> None:
    """Remove a folder of pruned files, and those around it, as far as they are empty; the outermost stays."""
    while root not in {folder, folder.parent}:
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent
