"""The suggested name of a new schedule."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

from codegen.schema.model import file_stem
from codegen.schema.task import free_id
from codegen.source.nodes import MapNode, Scalar
from codegen.web.editing.steps import steps_of


def proposed_name(own: MapNode | None, text: str, files: Iterable[str]) -> str:
    """Suggest a unique name from the plugins, job or steps of a schedule; empty without any."""
    found = _name_from_work(own, text) if own else ""
    return unique_name(file_stem(found), files) if found else ""


def unique_name(name: str, files: Iterable[str]) -> str:
    """Make a name unique by appending a number if a file has it."""
    return free_id(name, {PurePosixPath(file).stem for file in files})


def _name_from_work(own: MapNode, text: str) -> str:
    texts = {key: node.text for key in ("extractor", "loader", "job") if isinstance(node := own.get(key), Scalar)}
    if "job" in texts:
        return texts["job"]
    pair = (texts.get("extractor", "").removeprefix("tap-"), texts.get("loader", "").removeprefix("target-"))
    if all(pair):
        return "-to-".join(pair)
    return next((each.name for each in steps_of(text)[1] if each.name), "")
