"""The steps that add files and lines to a project, with advice for existing files that cannot be changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from codegen.diagnostics import count, quoted
from codegen.files import exists, read_bytes
from codegen.render.renderer import builtin_templates
from codegen.sync.changes import Change
from codegen.sync.parts import Action

# A change, or advice for an existing file that cannot be changed.
Step = Change | str


def missing_file(
    root: Path, name: str, marker: str = "", advice: str = "", template: str = "", **values: object
) -> Iterator[Step]:
    """Yield a missing file, or advice for an existing one without the marker."""
    path = root / name
    if not exists(path):
        yield Change(name, Action.CREATE, "", rendered(template or name, **values))
    elif advice and marker not in (read_text(path) or ""):
        yield advice


def missing_lines(root: Path, name: str, wanted: Sequence[str], present: Sequence[str]) -> Iterator[Step]:
    """Yield the file with the missing lines appended; existing lines stay unchanged."""
    bare = {line.strip().strip("/") for line in present}
    missing = [line for line in wanted if line.strip("/") not in bare]
    path = root / name
    if not missing:
        return
    before = read_text(path) if exists(path) else ""
    if before is None:
        yield f"add {count(len(missing), 'line')} to {name}: {', '.join(map(quoted, missing))}"
        return
    line_end = "\r\n" if "\r\n" in before else "\n"
    gap = line_end if before and not before.endswith("\n") else ""
    after = before + gap + "".join(line + line_end for line in missing)
    yield Change(name, Action.UPDATE if exists(path) else Action.CREATE, before, after)


def read_text(path: Path) -> str | None:
    """Return the text of a file with its line endings; None if it is not a text file."""
    try:
        return read_bytes(path).decode()
    except (OSError, UnicodeDecodeError):
        return None


def read_lines(path: Path) -> list[str]:
    """Return the lines of a file; none if it is not a text file."""
    return (read_text(path) or "").splitlines()


def rendered(name: str, **values: object) -> str:
    """Return the text of a file, rendered from its template."""
    return _templates().get_template(f"{name}.j2").render(values)


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(builtin_templates() / "project"),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701  # none of them is HTML
        trim_blocks=True,
        keep_trailing_newline=True,
    )
