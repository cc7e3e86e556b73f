"""A schedule file as somebody would have it: how a form sends it, and where it belongs."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from codegen.pipeline import Reading
from codegen.schema.export import schema_line
from codegen.schema.model import file_stem
from codegen.source.nodes import MapNode
from codegen.source.read import read_yaml
from codegen.source.write import to_yaml
from codegen.web.shell.workspace import Snapshot

# In place of the keys of touched fields.
EVERYTHING = "*"
# The choice of a folder that does not exist yet.
NEW_FOLDER = "*"
_LINE = re.compile(r"([^\r\n]*)(\r\n?|\n|)")


@dataclass(frozen=True)
class Draft:
    """A schedule file as somebody would have it.

    Attributes:
        file: its path below the folder of schedules; empty for one that has no name yet.
        text: what the editor holds.
        base: the version of the file from which it was made, as `version_of` has it.
        name: that of a new schedule, as somebody has typed it.
        proposed: the proposed name, which follows the answers until somebody types another.
        kept: the YAML of keys that the text had to give up, as it runs another kind of work.
        problems: the reasons why fields could not be written into the text, by key.
        touched: the keys of the fields that somebody has left; `EVERYTHING` once it was saved.
    """

    file: str = ""
    text: str = ""
    base: str = ""
    name: str = ""
    proposed: str = ""
    kept: str = ""
    problems: Mapping[str, str] = field(default_factory=dict)
    touched: frozenset[str] = frozenset()

    def is_touched(self, key: str) -> bool:
        """Whether the errors of a field are shown: in an existing file always, else after leaving it or saving."""
        return bool(self.base) or not self.touched.isdisjoint({key, EVERYTHING})

    @property
    def told(self) -> dict[str, str]:
        """The problems that are shown, by key: a value that somebody is still typing is not wrong yet."""
        is_saved = EVERYTHING in self.touched
        return {key: problem for key, problem in self.problems.items() if is_saved or key in self.touched}

    @property
    def folder(self) -> str:
        """The folder of its file below that of the schedules; empty for that itself."""
        return _folder_of(self.file)


def version_of(text: str | None) -> str:
    """What tells one text of a file from another; empty where there is no file."""
    return "" if text is None else hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def file_of(name: str, folder: str, snapshot: Snapshot) -> str:
    """The file of a new schedule of that name, below the folder of schedules; empty without a name."""
    if not name.strip():
        return ""
    if folder not in folders_of(snapshot):
        folder = "/".join(file_stem(part.strip()) for part in folder.split("/") if part.strip(" ._-"))
    return (PurePosixPath(folder) / f"{file_stem(name.strip())}.yml").as_posix()


def folders_of(snapshot: Snapshot) -> list[str]:
    """The folders that have schedules, below that of the schedules, which is the first and has no name."""
    return sorted({""} | {_folder_of(file) for file in snapshot.sources})


def new_text(snapshot: Snapshot) -> str:
    """The text of a new schedule file: the plugins of which there is only one, every day in the usual timezone."""
    meltano = snapshot.reading.meltano
    known = {key: meltano.plugins.get(f"{key}s", set()) if meltano else set() for key in ("extractor", "loader")}
    only = {key: next(iter(names)) if len(names) == 1 else None for key, names in known.items()}
    zone = usual_timezones(snapshot.reading)[:1]
    is_inherited = "timezone" in _keys_of_defaults(snapshot)
    when = {"interval": "@daily", "timezone": zone[0] if zone and zone != ["UTC"] and not is_inherited else None}
    return schema_line("") + to_yaml({key: value for key, value in {**only, **when}.items() if value})


def usual_timezones(reading: Reading) -> list[str]:
    """The timezones of the schedules with a cron, the most frequent first."""
    found = Counter(each.timezone for each in reading.schedules if each.interval)
    return [name for name, _ in found.most_common()]


def _keys_of_defaults(snapshot: Snapshot) -> Container[str]:
    """The keys of the defaults that each schedule inherits."""
    project = snapshot.project
    paths = {each for file in snapshot.reading.files for each in file.defaults if each[0].parent == project.schedules}
    nodes = [read_yaml(path, name)[0] for path, name in paths]
    return {key for node in nodes if isinstance(node, MapNode) for key in node.entries}


def with_line_ends_of(before: str, sent: str) -> str:
    r"""A text as a browser sends it, with the ends of lines that it had: browsers send `\r\n` for all of them.

    What is new gets the end that most lines have.
    """
    lines = _lines(re.sub(r"\r\n?", "\n", sent))
    old = _lines(before)
    usual = Counter(end for _, end in old if end).most_common(1)
    ends = [(usual[0][0] if usual else "\n") if end else "" for _, end in lines]
    first = 0
    while first < min(len(lines), len(old)) and _is_same(lines[first], old[first]):
        ends[first] = old[first][1]
        first += 1
    last = 1
    while last <= min(len(lines), len(old)) - first and _is_same(lines[-last], old[-last]):
        ends[-last] = old[-last][1]
        last += 1
    return "".join(line + end for (line, _), end in zip(lines, ends, strict=True))


def _lines(text: str) -> list[tuple[str, str]]:
    return [(line, end) for line, end in _LINE.findall(text) if line or end]


def _is_same(line: tuple[str, str], other: tuple[str, str]) -> bool:
    return line[0] == other[0] and bool(line[1]) == bool(other[1])


def _folder_of(file: str) -> str:
    folder = PurePosixPath(file).parent.as_posix()
    return "" if folder == "." else folder
