"""Drafts of schedule files."""

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

# Marks all fields as touched.
EVERYTHING = "*"
# The option for a new folder.
NEW_FOLDER = "*"
_LINE = re.compile(r"([^\r\n]*)(\r\n?|\n|)")


@dataclass(frozen=True)
class Draft:
    """A draft of a schedule file.

    Attributes:
        file: the path, relative to the schedules folder; empty without a name.
        text: the text in the editor.
        base: the version of the file that the draft is based on, from `version_of`.
        name: the typed name of a new schedule.
        proposed: the suggested name, which follows the other fields until the user types another name.
        kept: the YAML of keys that were removed from the text because they belong to another kind of work.
        problems: the reasons for fields that could not be applied to the text, by key.
        touched: the keys of fields that the user has left; `EVERYTHING` after an attempt to save.
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
        """Return whether to show the errors of a field: always for an existing file, else once left or saved."""
        return bool(self.base) or not self.touched.isdisjoint({key, EVERYTHING})

    @property
    def reported(self) -> dict[str, str]:
        """The problems to show, by key. A field that the user is still editing has none."""
        is_saved = EVERYTHING in self.touched
        return {key: problem for key, problem in self.problems.items() if is_saved or key in self.touched}

    @property
    def folder(self) -> str:
        """The folder of the file, relative to the schedules folder; empty for the schedules folder itself."""
        return _folder_of(self.file)


def version_of(text: str | None) -> str:
    """Return the version of a file: a hash of its text; empty without a file."""
    return "" if text is None else hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def file_of(name: str, folder: str, snapshot: Snapshot) -> str:
    """Return the file of a new schedule, relative to the schedules folder; empty without a name."""
    if not name.strip():
        return ""
    if folder not in folders_of(snapshot):
        folder = "/".join(file_stem(part.strip()) for part in folder.split("/") if part.strip(" ._-"))
    return (PurePosixPath(folder) / f"{file_stem(name.strip())}.yml").as_posix()


def folders_of(snapshot: Snapshot) -> list[str]:
    """Return the folders with schedules, relative to the schedules folder, which is the first, as an empty text."""
    return sorted({""} | {_folder_of(file) for file in snapshot.sources})


def new_text(snapshot: Snapshot) -> str:
    """Return the text of a new schedule: daily, in the usual timezone, with the only extractor or loader filled in."""
    meltano = snapshot.reading.meltano
    known = {key: meltano.plugins.get(f"{key}s", set()) if meltano else set() for key in ("extractor", "loader")}
    only = {key: next(iter(names)) if len(names) == 1 else None for key, names in known.items()}
    zone = usual_timezones(snapshot.reading)[:1]
    is_inherited = "timezone" in _keys_of_defaults(snapshot)
    when = {"interval": "@daily", "timezone": zone[0] if zone and zone != ["UTC"] and not is_inherited else None}
    return schema_line("") + to_yaml({key: value for key, value in {**only, **when}.items() if value})


def usual_timezones(reading: Reading) -> list[str]:
    """Return the timezones of schedules with an interval, the most frequent first."""
    found = Counter(each.timezone for each in reading.schedules if each.interval)
    return [name for name, _ in found.most_common()]


def _keys_of_defaults(snapshot: Snapshot) -> Container[str]:
    """Return the keys in the defaults of the schedules folder, which every schedule inherits."""
    project = snapshot.project
    paths = {each for file in snapshot.reading.files for each in file.defaults if each[0].parent == project.schedules}
    nodes = [read_yaml(path, name)[0] for path, name in paths]
    return {key for node in nodes if isinstance(node, MapNode) for key in node.entries}


def with_line_ends_of(before: str, sent: str) -> str:
    r"""Restore the line ends of a submitted text, for which browsers send `\r\n`.

    New lines get the most frequent line end.
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
