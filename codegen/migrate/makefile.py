"""Finds the command that generates the DAG files, for messages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from codegen.files import Boundary, text_of

# In the order in which make searches for them.
_NAMES = ("GNUmakefile", "makefile", "Makefile")
_TARGET = re.compile(r"^dags[ \t]*:(?!=)", re.MULTILINE)
_INCLUDE = re.compile(r"^-?include[ \t]+(\S+)[ \t]*$", re.MULTILINE)


def command_to_generate(root: Path) -> str:
    """Return `make dags` if the Makefile has that target, as `dagpress init` writes it; else `dagpress generate`."""
    return "make dags" if any(map(_TARGET.search, _texts(root))) else "dagpress generate"


def _texts(root: Path) -> Iterator[str]:
    """Yield the texts of the Makefile, and of the files that it includes."""
    boundary = Boundary(root)
    main = next((text for name in _NAMES if (text := text_of(root / name))), "")
    yield main
    yield from (text_of(path) for name in _INCLUDE.findall(main) if boundary.has(path := root / name))
