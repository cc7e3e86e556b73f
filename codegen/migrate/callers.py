"""Finds the files of a repository that call `meltano schedule run`: DAG files, scripts, CI."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Collection
from pathlib import Path

from codegen.diagnostics import Location
from codegen.git.program import answer_of
from codegen.sync.header import is_generated

_LINE = re.compile(r"([^\0\n]+)\0(\d+)[:\0](.*)")
# Also as a list of words, and with options before the name.
_CALL = re.compile(r"\bschedule[\"',\s]+run\b((?:[\"',\s]+--?[\w-]+(?:=[^\s\"',]*)?)*)[\"',\s]+([^\s\"',)\]]+)")
_DOCUMENTS = (".md", ".rst")


def callers_of(names: Collection[str], root: Path) -> dict[str, list[Location]]:
    """The locations, relative to the project, where the files of its git repository run each schedule."""
    top = Path(answer_of(root, "rev-parse", "--show-toplevel") or root)
    pattern = ("--untracked", "--extended-regexp", "-e", "schedule.*run")
    found: dict[str, list[Location]] = defaultdict(list)
    for file, line, text in _LINE.findall(answer_of(top, "grep", "-n", "-I", "-z", *pattern)):
        call = _CALL.search(text)
        if call and call[2] in names and not file.endswith(_DOCUMENTS) and "dagpress" not in text[: call.start()]:
            path = top / file
            if not is_generated(path.read_text(encoding="utf-8", errors="replace")):
                name = os.path.relpath(path, root.resolve()).replace(os.sep, "/")
                found[call[2]].append(Location(name, int(line), call.start() + 1))
    return found
