"""The YAML of a schedule, with its diagnostics by line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from codegen.diagnostics import Diagnostic
from codegen.secrets.masking import masked
from codegen.web.parts.code import Piece, lines_of, marked
from codegen.web.pipeline.view import View
from codegen.web.shell.safe_read import text_of

# The loader rejects longer files; the page shows only their start.
MAX_LENGTH = 1_000_000


@dataclass(frozen=True)
class Line:
    """A line of a file with its diagnostics."""

    pieces: Sequence[Piece]
    diagnostics: Sequence[Diagnostic] = ()


def source_lines(view: View) -> list[Line] | None:
    """Return the lines of the schedule's file; None if it cannot be read."""
    text = text_of(view.snapshot.project.root, view.source.path, MAX_LENGTH)
    if text is None:
        return None
    lines = lines_of(masked(text.replace("\r\n", "\n"), view.source.name), "yaml")
    found: dict[int, list[Diagnostic]] = defaultdict(list)
    for diagnostic in view.own:
        # The diagnostic of a missing key can be located after the last line.
        found[min(max(diagnostic.location.line, 1), len(lines))].append(diagnostic)
    return [
        Line(marked(pieces, {d.location.column for d in found[number]}), found[number])
        for number, pieces in enumerate(lines, 1)
    ]
