"""What a container of Docker sees of its machine: bind mounts, volumes and file systems in memory."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from codegen import rules
from codegen.diagnostics import Diagnostic, InvalidError, Location, quoted
from codegen.keys.table import Section, key, places
from codegen.keys.types import Boolean, Choice, TemplatedText
from codegen.source.nodes import ListNode, MapNode, Node, Scalar, named
from codegen.text.jinja import is_template, with_templates_as

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codegen.keys.types import JsonSchema, Report

# A template stays whole, whatever colons it has.
_WORD = r"(?:\{\{.*?\}\}|\{%.*?%\}|[^:])+"
_SHORT = re.compile(rf"(?P<source>{_WORD}):(?P<target>{_WORD})(?::(?P<mode>ro|rw))?", re.DOTALL)
# The name of a volume (moby, volume/mounts/validate.go and daemon/names).
_VOLUME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]+")
_HINT = "write source:target or source:target:ro, or a map with `type`, `source`, `target` and `read_only`"


@dataclass(frozen=True, kw_only=True)
class Mount:
    """One mount, by the names of Docker's own long form."""

    type: str = key(
        Choice("bind", "volume", "tmpfs"),
        "a mount",
        "What is mounted: a file or folder of the engine's machine, a volume, or memory. Default: `bind` where the "
        "source is a path, else `volume`.",
        "bind",
        "",
    )
    source: str = key(
        TemplatedText("a path or the name of a volume", longest=4096),
        "a mount",
        "The path, which must be there, or the name of the volume; `tmpfs` has none.",
        "/srv/elt/output",
        "",
    )
    target: str = key(
        TemplatedText("a path", longest=4096), "a mount", "Where the container has it. Required.", "/project/output", ""
    )
    read_only: bool = key(Boolean(), "a mount", "Whether the container can only read it.", "true", default=False)
    at: Mapping[str, Location] = places()


MOUNT = Section(Mount, "mount", "a mount", required=("target",))


class MountList:
    """A list of mounts, each a text as `docker run --volume` takes it or a map."""

    words = "a list of mounts: `source:target`, `source:target:ro`, or maps with the keys of a mount"
    is_templated = False

    def read(self, node: Node, report: Report) -> tuple[Mount, ...] | None:
        """The mounts that are valid; the others are reported."""
        if not isinstance(node, ListNode):
            report(InvalidError(f"expected {self.words}, got {named(node)}").at(node.location))
            return None
        mounts: dict[str, Mount] = {}
        for item in node.items:
            try:
                mount = _checked(_read(item, report))
            except InvalidError as error:
                report(error.at(item.location))
                continue
            if mount and mount.target.rstrip("/") in mounts:
                message = f"two mounts have the target {quoted(mount.target)}"
                report(Diagnostic(rules.INVALID_VALUE, message, item.location, "remove one of them"))
            elif mount:
                mounts[mount.target.rstrip("/")] = mount
        return tuple(mounts.values())

    def json_schema(self) -> JsonSchema:
        """A list of texts and maps."""
        text = {"type": "string", "minLength": 1}
        return {"type": "array", "items": {"anyOf": [text, MOUNT.json_schema()]}}


def _read(node: Node, report: Report) -> Mount | None:
    if isinstance(node, MapNode):
        problems: list[Diagnostic] = []
        mount = MOUNT.read(node, problems.append)
        for problem in problems:
            report(problem)
        return None if problems else mount
    if not isinstance(node, Scalar) or node.kind != "str":
        raise InvalidError(f"expected a mount, got {named(node)}", _HINT)
    match = _SHORT.fullmatch(node.text)
    if not match:
        raise InvalidError(f"{quoted(node.text)} is not a mount", _HINT)
    source, target = (TemplatedText("a path").convert(replace(node, text=match[name])) for name in ("source", "target"))
    return Mount(source=source, target=target, read_only=match["mode"] == "ro", at={"": node.location})


def _checked(mount: Mount | None) -> Mount | None:
    """The mount with its type.

    Raises:
        InvalidError: Docker would not take it.
    """
    if mount is None:
        return None
    kind = mount.type or _type_of(mount.source)
    if not mount.target:
        raise InvalidError("the mount has no `target`", "add `target: /path/in/the/container`", rules.MISSING_KEY)
    if not _is_path(mount.target) or not mount.target.strip("/"):
        message = f"the target must be an absolute path below `/`, got {quoted(mount.target)}"
        raise InvalidError(message, "such as /project/output")
    if kind == "tmpfs" and mount.source:
        raise InvalidError("a `tmpfs` has no source", "remove `source`")
    if kind == "bind" and not _is_path(mount.source):
        raise InvalidError("the source of a `bind` must be a whole path", "begin it with a `/`")
    if kind == "volume" and not _VOLUME.fullmatch(with_templates_as("xx", mount.source)):
        message = (
            f"{quoted(mount.source)} is not the name of a volume" if mount.source else "the volume has no `source`"
        )
        raise InvalidError(message, "letters, digits, `_`, `.` and `-`; or a whole path, for a bind mount")
    return replace(mount, type=kind)


def _type_of(source: str) -> str:
    """What is mounted, by the look of the source.

    Raises:
        InvalidError: only Airflow knows how it begins.
    """
    if is_template(source[:2]):
        message = f"only Airflow knows whether {quoted(source)} is a path"
        raise InvalidError(message, "write a map: {type: bind, source: ..., target: ...}")
    return "bind" if source.startswith("/") else "volume"


def _is_path(text: str) -> bool:
    return text.startswith("/") or is_template(text[:2])
