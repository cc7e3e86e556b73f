"""The target of a Makefile that generates the DAG files, as far as messages name it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

# In the order in which make looks for them.
_NAMES = ("GNUmakefile", "makefile", "Makefile")
_TARGET = re.compile(r"^dags[ \t]*:(?!=)", re.MULTILINE)
_INCLUDE = re.compile(r"^-?include[ \t]+(\S+)[ \t]*$", re.MULTILINE)


def command_to_generate(root: Path) -> str:
    """`make dags` in a project whose Makefile has this target, such as from `dagpress init`; else the program's own."""
    return "make dags" if any(map(_TARGET.search, _texts(root))) else "dagpress generate"


def _texts(root: Path) -> Iterator[str]:
    """The Makefile, and what it includes."""
    main = next((text for name in _NAMES if (text := _text(root / name))), "")
    yield main
    yield from (_text(root / name) for name in _INCLUDE.findall(main))


def _text(path: Path) -> str:
    with suppress(OSError):
        return path.read_text(encoding="utf-8", errors="replace")
    return ""
