"""The lines that a project needs in `.gitattributes` and `.gitignore`, and the syntax of their patterns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from codegen.migrate.scaffold_steps import Step, missing_lines, read_lines
from codegen.project import Project
from codegen.schema.export import SCHEMA_NAME

# The special characters in patterns of git, and of GitHub's `paths`.
_GLOB = re.compile(r"[*?\[\]!\\]")


def git_files(project: Project, root: Path, repository: Path) -> Iterator[Step]:
    """Yield the missing lines of `.gitattributes` and `.gitignore`; the latter can also be in a parent folder."""
    yield from missing_lines(root, ".gitattributes", _attributes(project), read_lines(root / ".gitattributes"))
    around = [each for each in (root, *root.parents) if each == repository or repository in each.parents]
    ignored = [line for each in around for line in read_lines(each / ".gitignore")]
    yield from missing_lines(root, ".gitignore", ["__pycache__/", ".dagpress/"], ignored)


def _attributes(project: Project) -> list[str]:
    """Return the lines that set line endings and mark generated files, which GitHub and GitLab collapse in diffs."""
    schedules, generated = (_pattern(project.relative(each)) for each in (project.schedules, project.generated_dags))
    marks = "linguist-generated gitlab-generated"
    return [
        f"{schedules.format('**')} text eol=lf",
        f"{schedules.format(SCHEMA_NAME)} {marks}",
        f"{generated.format('**')} text eol=lf {marks}",
    ]


def _pattern(folder: str) -> str:
    """Return a git pattern for `{}` in a folder; quoted as a C string if it contains a space."""
    pattern = escaped(folder).replace("{", "{{").replace("}", "}}") + "/{}"
    if re.search(r'[\s"#]', pattern):
        return '"' + pattern.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return pattern


def escaped(folder: str) -> str:
    """Escape a folder for a pattern of git, or of GitHub's `paths`."""
    return _GLOB.sub(lambda match: "\\" + match[0], folder)
