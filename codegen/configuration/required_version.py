"""Whether the Dagpress that is installed is one that the project takes."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from codegen import rules
from codegen.configuration.types import VersionSpecifier
from codegen.diagnostics import Diagnostic, quoted

if TYPE_CHECKING:
    from codegen.source.nodes import MapNode

REQUIRED_VERSION = "required_version"


def check_required_version(table: MapNode) -> list[Diagnostic]:
    """Compare `required_version` with the installed Dagpress.

    It comes before every other check, because another version may have other keys.
    """
    node = table.get(REQUIRED_VERSION)
    if node is None:
        return []
    problems: list[Diagnostic] = []
    required = VersionSpecifier("a version specifier").read(node, problems.append)
    if required is None:
        return problems
    # Both take some 10 ms to import, and few projects need them.
    from importlib.metadata import version  # noqa: PLC0415

    from packaging.specifiers import SpecifierSet  # noqa: PLC0415

    installed = version("dagpress")
    if SpecifierSet(required).contains(installed, prereleases=True):
        return []
    message = f"the project requires Dagpress {quoted(required)}, and {installed} is installed"
    hint = f"pip install {shlex.quote(f'dagpress{required}')}"
    return [Diagnostic(rules.REQUIRED_VERSION, message, node.location, hint)]
