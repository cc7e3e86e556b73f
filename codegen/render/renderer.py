"""Renders planned files as Python source, with Dagpress's templates or the project's own."""

from __future__ import annotations

import ast
import re
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
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
from codegen.files import is_folder, with_line_feeds
from codegen.isolation import LimitError, isolated
from codegen.plan import DagModule
from codegen.render.layout import arrow_lines, constant_source, function_source, group_head, import_statement
from codegen.render.source_text import keyword, literal, module_docstring
from codegen.render.template_check import losses
from codegen.sync.header import with_header
from codegen.text.escaping import escape

TEMPLATE = "dag.py.j2"
# CPU seconds for one file.
_CPU_LIMIT = 10
# The characters of a line to show in a message.
_MAX_SHOWN = 100
# In our own template, each block tag is on its own line.
_BLOCK_TAG = re.compile(r"^\{% (?:end)?block\b.*%\}\n", re.MULTILINE)
_PACKAGE = Path(__file__).parent.parent


class TemplateFailedError(Exception):
    """The project's own template fails, renders invalid Python, or omits a part of the plan."""

    def __init__(self, message: str, template: str = TEMPLATE, line: int = 1) -> None:
        super().__init__(message)
        self.template = template
        self.line = line


@dataclass(frozen=True)
class _Piece:
    """A part of the output with its offset, and the template and line that wrote it."""

    start: int
    text: str
    template: Template
    line: int


class Renderer:
    """Renders the files of a project with its own templates or Dagpress's."""

    def __init__(self, folder: Path, texts: Mapping[str, bytes]) -> None:
        """Use the templates of a folder, given by name."""
        self._templates = folder
        self._texts = texts

    def render(self, module: DagModule) -> str:
        """Return the source of a file.

        Raises:
            TemplateFailedError: the project's own template fails, renders invalid Python, or omits a part of the plan.
        """
        if self._is_ours:
            return with_header(module.source, built_in_without_blocks().render(module=module))
        try:
            return isolated(_CPU_LIMIT, _render_own, self._templates, tuple(self._texts.items()), module)
        except LimitError as error:
            raise TemplateFailedError(f"the template {error}") from error

    def render_own(self, module: DagModule) -> str:
        """Render with the project's own template, without limits on time and memory."""
        try:
            pieces = list(_pieces(self._template, module))
        except TemplateSyntaxError as error:
            raise TemplateFailedError(error.message or "", error.name or TEMPLATE, error.lineno) from error
        except Exception as error:
            # Jinja2 adds template names and lines to the traceback.
            frames = traceback.extract_tb(error.__traceback__)
            places = [(name, frame.lineno or 1) for frame in frames if (name := self._own_name(frame.filename))]
            message = str(error) if isinstance(error, SecurityError) else f"{type(error).__name__}: {error}"
            message = "the template takes too much memory" if isinstance(error, MemoryError) else message
            raise TemplateFailedError(message, *(places or [(TEMPLATE, 1)])[-1]) from error
        body = "".join(piece.text for piece in pieces)
        self._check(module, body, pieces)
        return with_header(module.source, _formatted(body))

    def _own_name(self, filename: str | None) -> str:
        """Return the name of a project template; empty for a template of Dagpress."""
        path = Path(filename or "")
        return path.relative_to(self._templates).as_posix() if self._templates in path.parents else ""

    def _check(self, module: DagModule, body: str, pieces: list[_Piece]) -> None:
        """Reject output that is invalid Python or omits a part of the plan."""
        try:
            tree = ast.parse(body)
            # Some errors, such as `return` outside a function, are found only by the compiler.
            compile(body, module.source, "exec", dont_inherit=True)
        except (RecursionError, MemoryError) as error:
            raise TemplateFailedError("the template renders Python that is nested too deeply to parse") from error
        except (SyntaxError, ValueError) as error:
            found = error if isinstance(error, SyntaxError) else SyntaxError(str(error))
            number, lines = found.lineno or 1, body.split("\n")
            shown = quoted(lines[number - 1].strip()[:_MAX_SHOWN]) if number <= len(lines) else "the end"
            before = sum(len(line) + 1 for line in lines[: number - 1])
            place = self._place_at(before + (found.offset or 1) - 1, pieces)
            raise TemplateFailedError(
                f"the template renders invalid Python: {found.msg}, at {shown}", *place
            ) from error
        for message, blocks in losses(module, tree):
            raise TemplateFailedError(message, *self._place_of_block(blocks))

    def _place_at(self, offset: int, pieces: list[_Piece]) -> tuple[str, int]:
        """Return the last place in the project's templates that wrote this character or one before it."""
        own = [piece for piece in pieces if piece.start <= offset and self._own_name(piece.template.filename)]
        if not own:
            return TEMPLATE, 1
        piece, filename = own[-1], own[-1].template.filename or ""
        lines = piece.text.split("\n")[: piece.text[: offset - piece.start].count("\n") + 1]
        shown = next((line.strip() for line in reversed(lines) if line.strip()), "")
        # Jinja2 records the lines of expressions; literal text follows one of them.
        following = self._text(self._own_name(filename)).split("\n")[piece.line - 1 :]
        found = (number for number, line in enumerate(following, piece.line) if shown and shown in line)
        return self._own_name(filename), next(found, piece.line)

    def _place_of_block(self, names: tuple[str, ...]) -> tuple[str, int]:
        """Return the place of the first of these blocks in the project's template."""
        text = self._text(TEMPLATE)
        for name in names:
            if match := re.search(rf"{{%[-+]?\s*block\s+{name}\b", text):
                return TEMPLATE, text.count("\n", 0, match.start()) + 1
        return TEMPLATE, 1

    @cached_property
    def _template(self) -> Template:
        # Sandboxed: in CI, `check` runs templates from pull requests before review.
        return _jinja_environment(FunctionLoader(self._source), kind=ImmutableSandboxedEnvironment).get_template(
            TEMPLATE
        )

    def _source(self, name: str) -> tuple[str, str, None] | None:
        return (self._text(name), str(self._templates / name), None) if name in self._texts else None

    def _text(self, name: str) -> str:
        return with_line_feeds(self._texts[name].decode())

    @cached_property
    def _is_ours(self) -> bool:
        """Whether the template is Dagpress's, so its output needs no formatting."""
        own = self._texts.get(TEMPLATE)
        return own is None or own == (builtin_templates() / TEMPLATE).read_bytes()


def renderer_of(folder: Path, texts: Mapping[str, bytes]) -> Renderer:
    """Return the renderer for the templates of a folder; cached until they change."""
    return _renderer(folder, tuple(texts.items()))


@lru_cache(maxsize=8)
def _renderer(folder: Path, texts: tuple[tuple[str, bytes], ...]) -> Renderer:
    return Renderer(folder, dict(texts))


def _render_own(folder: Path, texts: tuple[tuple[str, bytes], ...], module: DagModule) -> str:
    return _renderer(folder, texts).render_own(module)


def _pieces(template: Template, module: DagModule) -> Iterator[_Piece]:
    """Yield the output of a template in pieces, each with its place.

    Jinja2 compiles each template and block to a generator. The innermost generator has the current line, and its
    globals have the template (jinja2/debug.py).
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


def builtin_templates() -> Path:
    """Return the folder of Dagpress's templates: in the installed package, or next to it in a checkout."""
    installed = _PACKAGE / "templates"
    return installed if is_folder(installed) else _PACKAGE.parent / "templates"


def built_in() -> Template:
    """Return our template, which a project's own template can extend."""
    return _jinja_environment().get_template(TEMPLATE)


@cache
def built_in_without_blocks() -> Template:
    """Return our template without blocks. It renders twice as fast, since each block needs its own context."""
    text = (builtin_templates() / TEMPLATE).read_text(encoding="utf-8")
    return _jinja_environment().from_string(_BLOCK_TAG.sub("", text))


@cache
def prelude(name: str, project_root_variable: str) -> str:
    """Return the shell code of a constant in `PRELUDES`, from our template."""
    template = built_in()
    context = template.new_context({"module": {"project_root_variable": project_root_variable}})
    source = "".join(template.blocks[name.lower()](context))
    (constant,) = (node for node in ast.parse(source).body if isinstance(node, ast.Assign))
    return str(ast.literal_eval(constant.value))


def _jinja_environment(*own: BaseLoader, kind: type[Environment] = Environment) -> Environment:
    builtin = FileSystemLoader(builtin_templates())
    environment = kind(
        # A project's template can extend ours: {% extends "dagpress/dag.py.j2" %}.
        loader=ChoiceLoader([*own, PrefixLoader({"dagpress": builtin}, "/"), builtin]),
        undefined=StrictUndefined,
        autoescape=False,  # Python source; the filters escape values
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        keyword=keyword,
        docstring=module_docstring,
        escape=escape,
        literal=literal,
        import_statement=import_statement,
        constant_source=constant_source,
        function_source=function_source,
        group_head=group_head,
        arrow_lines=arrow_lines,
    )
    return environment


def _formatted(source: str) -> str:
    # Imported only for a project's own templates: it takes 200 ms.
    import black  # noqa: PLC0415
    from black.parsing import InvalidInput  # noqa: PLC0415

    try:
        return black.format_str(source, mode=black.Mode())
    except InvalidInput as error:
        raise TemplateFailedError(f"the template renders invalid Python: {error}") from error
