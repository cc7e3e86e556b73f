"""Renders planned files with the templates of a project, which can extend ours by its blocks."""

from __future__ import annotations

import ast
import re
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from inspect import isgenerator
from pathlib import Path
from typing import Any

from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    FunctionLoader,
    PrefixLoader,
    StrictUndefined,
    Template,
    TemplateSyntaxError,
)
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from codegen.diagnostics import quoted
from codegen.files import with_line_feeds
from codegen.plan import DagModule
from codegen.render.built_in import FILTERS, TEMPLATE, builtin_templates
from codegen.render.renderer import TemplateFailedError
from codegen.render.source_text import escape
from codegen.render.template_check import losses
from codegen.sync.header import with_header

# Of a line in a message.
_MOST_SHOWN = 100


@dataclass(frozen=True)
class _Piece:
    """A part of the output, where it starts, and the place in a template that wrote it."""

    start: int
    text: str
    template: Template
    line: int


class OwnRenderer:
    """Renders the files of one project with its own templates."""

    def __init__(self, folder: Path, texts: Mapping[str, bytes]) -> None:
        """Use the templates of a folder, passed as texts by their names."""
        self._templates = folder
        self._texts = texts

    def render(self, module: DagModule) -> str:
        """The source of a file; a template may take any time, and all memory.

        Raises:
            TemplateFailedError: the template fails, gives no valid Python, or loses part of the plan.
        """
        try:
            pieces = list(_pieces(self._template, module))
        except TemplateSyntaxError as error:
            raise TemplateFailedError(error.message or "", error.name or TEMPLATE, error.lineno) from error
        except Exception as error:
            # Jinja2 writes the templates and their lines into the traceback.
            frames = traceback.extract_tb(error.__traceback__)
            places = [(name, frame.lineno or 1) for frame in frames if (name := self._own_name(frame.filename))]
            message = str(error) if isinstance(error, SecurityError) else f"{type(error).__name__}: {error}"
            message = "it takes too much memory" if isinstance(error, MemoryError) else message
            raise TemplateFailedError(message, *(places or [(TEMPLATE, 1)])[-1]) from error
        body = "".join(piece.text for piece in pieces)
        self._check(module, body, pieces)
        return with_header(escape(module.source), _formatted(body))

    def _own_name(self, filename: str | None) -> str:
        """The name of a template of the project; empty for ours."""
        path = Path(filename or "")
        return path.relative_to(self._templates).as_posix() if self._templates in path.parents else ""

    def _check(self, module: DagModule, body: str, pieces: list[_Piece]) -> None:
        """Refuse output that is no valid Python, or loses part of the plan."""
        try:
            tree = ast.parse(body)
            # Only the compiler refuses, for example, a `return` outside a function.
            compile(body, module.source, "exec", dont_inherit=True)
        except (RecursionError, MemoryError) as error:
            raise TemplateFailedError("it gives Python that is nested too deeply to be read") from error
        except (SyntaxError, ValueError) as error:
            found = error if isinstance(error, SyntaxError) else SyntaxError(str(error))
            number, lines = found.lineno or 1, body.split("\n")
            shown = quoted(lines[number - 1].strip()[:_MOST_SHOWN]) if number <= len(lines) else "the end"
            before = sum(len(line) + 1 for line in lines[: number - 1])
            place = self._place_at(before + (found.offset or 1) - 1, pieces)
            raise TemplateFailedError(f"it gives no valid Python: {found.msg}, at {shown}", *place) from error
        for message, blocks in losses(module, tree):
            raise TemplateFailedError(message, *self._place_of_block(blocks))

    def _place_at(self, offset: int, pieces: list[_Piece]) -> tuple[str, int]:
        """The last place in the project's templates that wrote a character, or one before it."""
        own = [piece for piece in pieces if piece.start <= offset and self._own_name(piece.template.filename)]
        if not own:
            return TEMPLATE, 1
        piece, filename = own[-1], own[-1].template.filename or ""
        lines = piece.text.split("\n")[: piece.text[: offset - piece.start].count("\n") + 1]
        shown = next((line.strip() for line in reversed(lines) if line.strip()), "")
        # Jinja2 knows the lines of expressions, which the other text of a template follows.
        following = self._text(self._own_name(filename)).split("\n")[piece.line - 1 :]
        found = (number for number, line in enumerate(following, piece.line) if shown and shown in line)
        return self._own_name(filename), next(found, piece.line)

    def _place_of_block(self, names: tuple[str, ...]) -> tuple[str, int]:
        """The place of the first of those blocks that the project's template has."""
        text = self._text(TEMPLATE)
        for name in names:
            if match := re.search(rf"{{%[-+]?\s*block\s+{name}\b", text):
                return TEMPLATE, text.count("\n", 0, match.start()) + 1
        return TEMPLATE, 1

    @cached_property
    def _template(self) -> Template:
        # A pull request can change it, so that `check` runs what nobody has reviewed.
        return environment(FunctionLoader(self._source), kind=ImmutableSandboxedEnvironment).get_template(TEMPLATE)

    def _source(self, name: str) -> tuple[str, str, None] | None:
        return (self._text(name), str(self._templates / name), None) if name in self._texts else None

    def _text(self, name: str) -> str:
        return with_line_feeds(self._texts[name].decode())


@lru_cache(maxsize=8)
def own_renderer(folder: Path, texts: tuple[tuple[str, bytes], ...]) -> OwnRenderer:
    """The renderer with the templates of a folder, by name; cached until they change."""
    return OwnRenderer(folder, dict(texts))


def _pieces(template: Template, module: DagModule) -> Iterator[_Piece]:
    """The output of a template in pieces, each with its place.

    Jinja2 compiles a template to generators, one for each template and block, of which the innermost has the line. It
    leaves the template in the globals of the code (jinja2/debug.py).
    """
    stream: Any = template.generate(module=module)
    start = 0
    for text in stream:
        innermost = stream
        while isgenerator(innermost.gi_yieldfrom):
            innermost = innermost.gi_yieldfrom
        of: Template = innermost.gi_frame.f_globals.get("__jinja_template__", template)
        yield _Piece(start, text, of, of.get_corresponding_lineno(innermost.gi_frame.f_lineno))
        start += len(text)


def environment(*own: BaseLoader, kind: type[Environment] = Environment) -> Environment:
    """Jinja2 with our own template, and what its expressions can use."""
    builtin = FileSystemLoader(builtin_templates())
    made = kind(
        # A template of a project can extend the one that it replaces: {% extends "dagpress/dag.py.j2" %}.
        loader=ChoiceLoader([*own, PrefixLoader({"dagpress": builtin}, "/"), builtin]),
        undefined=StrictUndefined,
        autoescape=False,  # it is Python; `keyword` and `docstring` are the escapes
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters.update(FILTERS)
    return made


def _formatted(source: str) -> str:
    # Only a project's own templates pay for this import of 200 ms.
    import black  # noqa: PLC0415
    from black.parsing import InvalidInput  # noqa: PLC0415

    try:
        return black.format_str(source, mode=black.Mode())
    except InvalidInput as error:
        raise TemplateFailedError(f"it gives no valid Python: {error}") from error
