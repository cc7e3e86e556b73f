"""Renders planned files as Python source, with the templates of Dagpress or of the project."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, lru_cache
from pathlib import Path

from codegen.isolation import LimitError, isolated
from codegen.plan import DagModule
from codegen.render.built_in import TEMPLATE, builtin_templates, render_built_in
from codegen.render.source_text import escape
from codegen.sync.header import with_header

# Of CPU time, for one file.
_LIMIT = 10


class TemplateFailedError(Exception):
    """A template of the project, by its name in the folder, fails, gives no valid Python, or loses part of the plan."""

    def __init__(self, message: str, template: str = TEMPLATE, line: int = 1) -> None:
        super().__init__(message)
        self.template = template
        self.line = line


class Renderer:
    """Renders the files of one project with its own templates, if it has any, and with ours."""

    def __init__(self, folder: Path, texts: Mapping[str, bytes]) -> None:
        """Use the templates of a folder, passed as texts by their names."""
        self._templates = folder
        self._texts = texts

    def render(self, module: DagModule) -> str:
        """The source of a file.

        Raises:
            TemplateFailedError: the project's own template fails, gives no valid Python, or loses part of the plan.
        """
        if self._is_ours:
            return with_header(escape(module.source), render_built_in()(module))
        try:
            return isolated(_LIMIT, _render_own, self._templates, tuple(self._texts.items()), module)
        except LimitError as error:
            raise TemplateFailedError(f"it {error}") from error

    @cached_property
    def _is_ours(self) -> bool:
        """Whether the template is ours, whose output black leaves alone."""
        own = self._texts.get(TEMPLATE)
        return own is None or own == (builtin_templates() / TEMPLATE).read_bytes()


def renderer_of(folder: Path, texts: Mapping[str, bytes]) -> Renderer:
    """The renderer with the templates of a folder, by name; cached until they change."""
    return _renderer(folder, tuple(texts.items()))


@lru_cache(maxsize=8)
def _renderer(folder: Path, texts: tuple[tuple[str, bytes], ...]) -> Renderer:
    return Renderer(folder, dict(texts))


def _render_own(folder: Path, texts: tuple[tuple[str, bytes], ...], module: DagModule) -> str:
    # Only a project with a template of its own pays for the import of Jinja2.
    from codegen.render.own_renderer import own_renderer  # noqa: PLC0415

    return own_renderer(folder, texts).render(module)
