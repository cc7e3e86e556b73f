"""Turns a planned file into Python source, by the templates of Dagpress or of the project."""

from __future__ import annotations

import ast
import traceback
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import (
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PrefixLoader,
    StrictUndefined,
    Template,
    TemplateSyntaxError,
)

from codegen.literal import keyword, module_docstring
from codegen.ownership import signed

if TYPE_CHECKING:
    from codegen.plan import DagModule

_TEMPLATE = "dag.py.j2"
_PACKAGE = Path(__file__).parent


class TemplateFailedError(Exception):
    """A template of the project that fails, or gives no valid Python.

    Attributes:
        template: its name in the folder of templates.
        line: counted from 1.
    """

    def __init__(self, message: str, template: str = _TEMPLATE, line: int = 1) -> None:
        super().__init__(message)
        self.template = template
        self.line = line


class Renderer:
    """Renders the files of one project."""

    def __init__(self, templates: Path) -> None:
        """Prepare.

        Args:
            templates: the project's own folder of templates, which need not exist; a file in there goes before ours.
        """
        self._templates = templates

    def render(self, module: DagModule) -> str:
        """The source of a file.

        Raises:
            TemplateFailedError: the project's own template fails, or gives no valid Python.
        """
        try:
            body = self._template.render(module=module)
        except TemplateSyntaxError as error:
            raise TemplateFailedError(error.message or "", error.name or _TEMPLATE, error.lineno) from error
        except Exception as error:  # a template can call anything and raise anything
            if self._is_ours:
                raise
            name, line = self._place_of(error)
            raise TemplateFailedError(f"{type(error).__name__}: {error}", name, line) from error
        return signed(module.source, body if self._is_ours else _formatted(body))

    def _place_of(self, error: Exception) -> tuple[str, int]:
        """The template and the line in which it failed: Jinja2 writes them into the traceback."""
        frames = traceback.extract_tb(error.__traceback__)
        own = [(Path(f.filename).name, f.lineno or 1) for f in frames if Path(f.filename).parent == self._templates]
        return own[-1] if own else (_TEMPLATE, 1)

    @cached_property
    def _template(self) -> Template:
        return _environment(self._templates).get_template(_TEMPLATE)

    @cached_property
    def _is_ours(self) -> bool:
        """Whether no template of the project differs from ours, whose output black would leave as it is."""
        builtin = builtin_templates()
        return all(
            (builtin / own.name).is_file() and (builtin / own.name).read_bytes() == own.read_bytes()
            for own in sorted(self._templates.glob("*.j2"))
            if own.is_file()
        )


def builtin_templates() -> Path:
    """The folder of Dagpress's own templates: inside the package once it is installed, beside it in a checkout."""
    installed = _PACKAGE / "templates"
    return installed if installed.is_dir() else _PACKAGE.parent / "templates"


def prelude() -> str:
    """The lines with which the command of every task begins, as our own template has them."""
    template = _environment(builtin_templates()).get_template(_TEMPLATE)
    source = "".join(template.blocks["meltano"](template.new_context()))
    (constant,) = (node for node in ast.parse(source).body if isinstance(node, ast.Assign))
    return str(ast.literal_eval(constant.value))


def _environment(templates: Path) -> Environment:
    builtin = FileSystemLoader(builtin_templates())
    environment = Environment(
        # A project's template can extend the one that it replaces: {% extends "dagpress/dag.py.j2" %}.
        loader=ChoiceLoader([FileSystemLoader(templates), PrefixLoader({"dagpress": builtin}, "/"), builtin]),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701  # it is Python; `keyword` and `docstring` are the escapes
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(keyword=keyword, docstring=module_docstring)
    return environment


def _formatted(source: str) -> str:
    # They take 200 ms to import, which only a project's own templates need.
    import black  # noqa: PLC0415
    from black.parsing import InvalidInput  # noqa: PLC0415

    try:
        return black.format_str(source, mode=black.Mode())
    except InvalidInput as error:
        raise TemplateFailedError(f"it gives no valid Python: {error}") from error
