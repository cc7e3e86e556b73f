"""Plans the files that add Dagpress to a Meltano project: configuration, Makefile targets, CI and pre-commit."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from codegen.render.renderer import builtin_templates
from codegen.sync.changes import Action, Change


@dataclass(frozen=True)
class _File:
    """A file of a project.

    Attributes:
        name: its path in the project.
        template: its template in `templates/project`.
        marker: text that an existing file with the same effect contains.
        advice: what to do with an existing file without the marker.
    """

    name: str
    template: str
    marker: str = ""
    advice: str = ""


_FILES = (
    _File("dagpress.mk", "dagpress.mk.j2"),
    _File("Makefile", "Makefile.j2", "dagpress.mk", "add the line `include dagpress.mk` to Makefile"),
    _File(".github/workflows/dagpress.yml", "workflow.yml.j2"),
    _File(
        ".pre-commit-config.yaml",
        "pre-commit-config.yaml.j2",
        "dagpress check",
        "add a local hook with the entry `dagpress check` to .pre-commit-config.yaml",
    ),
)


def configuration_text(airflow: str, reason: str, meltano_project: str) -> str:
    """A new dagpress.toml.

    Args:
        airflow: the version that the DAG files are for.
        reason: why it was chosen, for a comment.
        meltano_project: the path of the Meltano project directory in the project.
    """
    template = _templates().get_template("dagpress.toml.j2")
    return template.render(airflow=airflow, reason=reason, meltano_project=meltano_project)


def scaffold(root: Path, dagpress: str) -> tuple[list[Change], list[str]]:
    """The missing files, and advice for each existing file that lacks what ours has; existing files stay unchanged.

    Args:
        root: the project.
        dagpress: the version that CI installs.
    """
    changes: list[Change] = []
    advice: list[str] = []
    for file in _FILES:
        path = root / file.name
        if not os.path.lexists(path):
            text = _templates().get_template(file.template).render(dagpress=dagpress)
            changes.append(Change(file.name, Action.CREATE, "", text))
        elif not path.is_file() or file.marker not in path.read_text(encoding="utf-8", errors="replace"):
            advice.append(file.advice)
    return changes, advice


def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(builtin_templates() / "project"),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701  # none of them is HTML
        trim_blocks=True,
        keep_trailing_newline=True,
    )
