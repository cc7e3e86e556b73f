"""The workflow and the pre-commit hook that check a project.

GitHub and pre-commit read their files only at the root of the repository.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

from codegen.files import exists
from codegen.migrate.git_files import escaped
from codegen.migrate.scaffold_steps import Step, missing_file, read_text
from codegen.source.edit import EditError, append
from codegen.source.write import to_yaml
from codegen.sync.changes import Change
from codegen.sync.parts import Action


def workflow(root: Path, repository: Path, folder: str, watched: Sequence[str]) -> Iterator[Step]:
    """Return the workflow; each project of a repository has its own file."""
    slug = "" if folder == "." else "-" + re.sub(r"[^A-Za-z0-9._-]+", "-", folder)
    place = f".github/workflows/dagpress{slug}.yml"
    paths = [f"{escaped(each)}/**" for each in watched] + [place] if watched else []
    name = os.path.relpath(repository / place, root).replace(os.sep, "/")
    return missing_file(root, name, template="workflow.yml", folder=folder, paths=paths)


def hook(root: Path, repository: Path, folder: str) -> Iterator[Step]:
    """Yield the pre-commit hook, added to the configuration of the repository."""
    entry = "dagpress check" if folder == "." else f"dagpress --project {shlex.quote(folder)} check"
    where = "" if folder == "." else f" in {folder}"
    path = repository / ".pre-commit-config.yaml"
    name = os.path.relpath(path, root).replace(os.sep, "/")
    own = {
        "id": "dagpress-check",
        "name": f"The DAG files{where} are up to date",
        "entry": entry,
        "language": "system",
        "pass_filenames": False,
        # For a commit that only deletes files, `files` would skip the hook.
        "always_run": True,
    }
    repo = {"repo": "local", "hooks": [own]}
    text = to_yaml({"repos": [repo]})
    if not exists(path):
        yield Change(name, Action.CREATE, "", text)
        return
    before = read_text(path)
    if _has_hook(before or "", entry):
        return
    try:
        after = append(before or "", ("repos",), repo)
    except EditError:
        after = ""
    if before and after:
        yield Change(name, Action.UPDATE, before, after)
    else:
        yield f"add this to `repos` in {name}:\n{to_yaml([repo]).rstrip()}"


def _has_hook(text: str, entry: str) -> bool:
    """Return whether a pre-commit configuration calls a command, directly or by the hook of Dagpress's repository."""
    try:
        # Reads all values as text, also numbers and dates.
        data = yaml.load(text, yaml.BaseLoader)  # noqa: S506  # it only creates strings, lists and maps
        hooks = [each for repo in data["repos"] for each in repo["hooks"]]
        default = {"dagpress-check": "dagpress check"}
        return any(entry in each.get("entry", default.get(each["id"], "")) for each in hooks)
    except (yaml.YAMLError, TypeError, KeyError, AttributeError, RecursionError):
        return False
