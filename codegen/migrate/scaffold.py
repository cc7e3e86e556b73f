"""Plans the files that add Dagpress to a Meltano project: Makefile targets, CI, pre-commit and git attributes.

GitHub and pre-commit read their files only at the root of the repository.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from codegen.diagnostics import count, quoted
from codegen.project import Project
from codegen.render.renderer import builtin_templates
from codegen.schema.export import SCHEMA_NAME
from codegen.source.edit import EditError, append
from codegen.sync.boundary import work_tree_of
from codegen.sync.changes import Action, Change

_REQUIREMENTS = "requirements-dagpress.txt"
_WITHOUT_SOURCE = (
    "to write the CI workflow, run `dagpress init --from SOURCE`, where SOURCE is a pip requirement, such as "
    "`git+https://...` or, once it is published on a package index, `dagpress`"
)
# The special characters in patterns of git, and of GitHub's `paths`.
_GLOB = re.compile(r"[*?\[\]!\\]")

# A change, or advice for an existing file that cannot be changed.
_Step = Change | str


def configuration_text(airflow: str, reason: str, meltano_project: str) -> str:
    """A new dagpress.toml.

    Args:
        airflow: the Airflow version of the DAG files.
        reason: the reason for that version, as a comment.
        meltano_project: the path of the Meltano project directory in the project.
    """
    return _rendered("dagpress.toml", airflow=airflow, reason=reason, meltano_project=meltano_project)


def scaffold(project: Project, source: str) -> tuple[list[Change], list[str]]:
    """Plan the missing files and lines, with advice where they cannot be added.

    Args:
        project: the project, with its configuration.
        source: the pip requirement that installs Dagpress; empty if unknown.
    """
    root = project.root.resolve()
    steps: list[_Step] = [*_requirements(root, source)]
    repository = work_tree_of(root) or root
    # Dagpress also reads meltano.yml.
    folders = [
        os.path.relpath(folder, repository).replace(os.sep, "/") for folder in (root, project.meltano_project.resolve())
    ]
    folder = folders[0]
    watched = [] if folder == "." else [folder, *(each for each in folders[1:] if not _is_in(each, (folder, "..")))]
    steps += _file(root, "dagpress.mk")
    steps += _file(root, "Makefile", "dagpress.mk", "add the line `include dagpress.mk` to Makefile")
    if source or (root / _REQUIREMENTS).exists():
        steps += _workflow(root, repository, folder, watched)
    steps += _hook(root, repository, folder, watched)
    steps += _lines(root, ".gitattributes", _attributes(project), _read_lines(root / ".gitattributes"))
    around = [each for each in (root, *root.parents) if each == repository or repository in each.parents]
    ignored = [line for each in around for line in _read_lines(each / ".gitignore")]
    steps += _lines(root, ".gitignore", ["__pycache__/", ".dagpress/"], ignored)
    return [step for step in steps if isinstance(step, Change)], [step for step in steps if isinstance(step, str)]


def _requirements(root: Path, source: str) -> Iterator[_Step]:
    text = _rendered(_REQUIREMENTS, source=source)
    path = root / _REQUIREMENTS
    if path.exists():
        if source and source not in _read_lines(path):
            yield f"write {quoted(source)} into {_REQUIREMENTS}, which names another source of Dagpress"
    elif source:
        yield Change(_REQUIREMENTS, Action.CREATE, "", text)
    else:
        yield _WITHOUT_SOURCE


def _workflow(root: Path, repository: Path, folder: str, watched: Sequence[str]) -> Iterator[_Step]:
    """The workflow; each project of a repository has its own file."""
    slug = "" if folder == "." else "-" + re.sub(r"[^A-Za-z0-9._-]+", "-", folder)
    place = f".github/workflows/dagpress{slug}.yml"
    paths = [f"{_escaped(each)}/**" for each in watched] + [place] if watched else []
    name = os.path.relpath(repository / place, root).replace(os.sep, "/")
    yield from _file(root, name, template="workflow.yml", folder=folder, paths=paths)


def _hook(root: Path, repository: Path, folder: str, watched: Sequence[str]) -> Iterator[_Step]:
    """The pre-commit hook, added to the configuration of the repository."""
    entry = "dagpress check" if folder == "." else f"dagpress --project {shlex.quote(folder)} check"
    files = "|".join(f"^{re.escape(each)}/" for each in watched)
    path = repository / ".pre-commit-config.yaml"
    name = os.path.relpath(path, root).replace(os.sep, "/")
    text = _rendered("pre-commit-config.yaml", entry=entry, folder=folder, files=files)
    if not os.path.lexists(path):
        yield Change(name, Action.CREATE, "", text)
        return
    before = _read(path)
    if _has_hook(before or "", entry):
        return
    lines = text.removeprefix("repos:\n")
    try:
        after = append(before or "", ("repos",), yaml.safe_load(lines)[0])
    except EditError:
        after = ""
    if before and after:
        yield Change(name, Action.UPDATE, before, after)
    else:
        yield f"add this to `repos` in {name}:\n{lines.rstrip()}"


def _has_hook(text: str, entry: str) -> bool:
    """Whether a pre-commit configuration calls a command, directly or by the hook of Dagpress's repository."""
    try:
        data = yaml.safe_load(text)
        hooks = [hook for repo in data["repos"] for hook in repo["hooks"]]
        default = {"dagpress-check": "dagpress check"}
        return any(entry in hook.get("entry", default.get(hook["id"], "")) for hook in hooks)
    except (yaml.YAMLError, TypeError, KeyError, AttributeError):
        return False


def _attributes(project: Project) -> list[str]:
    """The lines that fix the line ends, and that mark generated files, which GitHub and GitLab fold in diffs."""
    schedules, generated = (_pattern(project.relative(each)) for each in (project.schedules, project.generated_dags))
    marks = "linguist-generated gitlab-generated"
    return [
        f"{schedules.format('**')} text eol=lf",
        f"{schedules.format(SCHEMA_NAME)} {marks}",
        f"{generated.format('**')} text eol=lf {marks}",
    ]


def _pattern(folder: str) -> str:
    """A git pattern for `{}` in a folder; with a space, as a C string."""
    pattern = _escaped(folder).replace("{", "{{").replace("}", "}}") + "/{}"
    if re.search(r'[\s"#]', pattern):
        return '"' + pattern.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return pattern


def _escaped(folder: str) -> str:
    return _GLOB.sub(lambda match: "\\" + match[0], folder)


def _lines(root: Path, name: str, wanted: Sequence[str], present: Sequence[str]) -> Iterator[_Step]:
    """The file with the missing lines appended; existing lines stay byte for byte."""
    bare = {line.strip().strip("/") for line in present}
    missing = [line for line in wanted if line.strip("/") not in bare]
    path = root / name
    if not missing:
        return
    before = _read(path) if os.path.lexists(path) else ""
    if before is None:
        yield f"add {count(len(missing), 'line')} to {name}: {', '.join(map(quoted, missing))}"
        return
    line_end = "\r\n" if "\r\n" in before else "\n"
    gap = line_end if before and not before.endswith("\n") else ""
    after = before + gap + "".join(line + line_end for line in missing)
    yield Change(name, Action.UPDATE if path.exists() else Action.CREATE, before, after)


def _file(
    root: Path, name: str, marker: str = "", advice: str = "", template: str = "", **values: object
) -> Iterator[_Step]:
    """A missing file, or advice for an existing one without the marker."""
    path = root / name
    if not os.path.lexists(path):
        yield Change(name, Action.CREATE, "", _rendered(template or name, **values))
    elif advice and marker not in (_read(path) or ""):
        yield advice


def _read(path: Path) -> str | None:
    """The text of a file with its line ends; None if it is not a text file."""
    try:
        return path.read_bytes().decode()
    except (OSError, UnicodeDecodeError):
        return None


def _read_lines(path: Path) -> list[str]:
    return (_read(path) or "").splitlines()


def _is_in(path: str, folders: Iterable[str]) -> bool:
    return any(f"{path}/".startswith(f"{folder}/") for folder in folders)


def _rendered(name: str, **values: object) -> str:
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
