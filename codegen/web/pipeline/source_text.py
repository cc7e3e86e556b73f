"""The YAML of a schedule, with what is wrong under the line where it is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from codegen.diagnostics import Diagnostic
from codegen.secrets.masking import masked
from codegen.web.parts.code import Piece, lines_of, marked
from codegen.web.pipeline.view import View
from codegen.web.shell.safe_read import text_of

# The loader refuses longer files; of those this much is shown.
LONGEST = 1_000_000


@dataclass(frozen=True)
class Line:
    """A line of a file, and what is wrong there."""

    pieces: Sequence[Piece]
    diagnostics: Sequence[Diagnostic] = ()


def source_lines(view: View) -> list[Line] | None:
    """The lines of the schedule's file; nothing where there are none to show."""
    text = text_of(view.snapshot.project.root, view.source.path, LONGEST)
    if text is None:
        return None
    lines = lines_of(masked(text.replace("\r\n", "\n"), view.source.name), "yaml")
    found: dict[int, list[Diagnostic]] = defaultdict(list)
    for diagnostic in view.own:
        # What is missing is told behind the end.
        found[min(max(diagnostic.location.line, 1), len(lines))].append(diagnostic)
    return [
        Line(marked(pieces, {d.location.column for d in found[number]}), found[number])
        for number, pieces in enumerate(lines, 1)
    ]
