"""The mounts of a Docker container: bind mounts, volumes and `tmpfs`."""

from __future__ import annotations

import re
from dataclasses import replace

from codegen import rules
from codegen.diagnostics import Diagnostic, InvalidError, quoted
from codegen.keys.field_type import FieldType, JsonSchema, Report
from codegen.keys.model import Model, model
from codegen.keys.scalars import Boolean, Choice
from codegen.keys.section import Section
from codegen.keys.table import key
from codegen.keys.texts import TemplatedText
from codegen.source.nodes import Node, Scalar
from codegen.text.jinja import is_template, with_templates_as
from codegen.text.shell import without_templates

# A source and a target.
_SOURCE_AND_TARGET = 2
# The name of a volume (moby, volume/mounts/validate.go and daemon/names).
_VOLUME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]+")


@model(frozen=True, kw_only=True)
class Mount(Model):
    """A mount, with the names of Docker's long form."""

    reference_group = "a mount"

    type: str = key(
        Choice("bind", "volume", "tmpfs"),
        "The type: a file or folder of the Docker host (`bind`), a volume, or memory (`tmpfs`). Default: `bind` if the "
        "source is a path, otherwise `volume`.",
        "bind",
        "",
    )
    source: str = key(
        TemplatedText("a path or the name of a volume", max_length=4096),
        "The path on the Docker host, which must exist, or the name of the volume. Not allowed for `tmpfs`.",
        "/srv/elt/output",
        "",
    )
    target: str = key(
        TemplatedText("a path", max_length=4096), "The path in the container. Required.", "/project/output", ""
    )
    read_only: bool = key(Boolean(), "Whether the mount is read-only.", "true", default=False)


class _MountSection(Section[Mount]):
    """A mount: text in the form of `docker run --volume`, or a map."""

    expected = "a mount"
    hint = "write source:target or source:target:ro, or a map with `type`, `source`, `target` and `read_only`"

    def _read(self, node: Node, report: Report) -> Mount | None:
        return self._checked(self._read_short(node)) if isinstance(node, Scalar) else super()._read(node, report)

    def _read_short(self, scalar: Scalar) -> Mount:
        if scalar.kind != "str":
            raise self._wrong(scalar)
        # Colons inside a template do not separate parts.
        text, restored = without_templates(scalar.text)
        parts = text.split(":")
        *paths, mode = parts if parts[-1] in {"ro", "rw"} and len(parts) > _SOURCE_AND_TARGET else [*parts, ""]
        if len(paths) != _SOURCE_AND_TARGET or "" in paths:
            raise InvalidError(f"{quoted(scalar.text)} is not a mount", self.hint)
        path = TemplatedText("a path")
        source, target = (path.convert(scalar._replace(text=restored(part))) for part in paths)
        return Mount(source=source, target=target, read_only=mode == "ro", at={"": scalar.location})

    def _checked(self, mount: Mount) -> Mount:
        """Return the mount with its type. Raises an `InvalidError` if Docker would reject it."""
        kind = mount.type or _type_of(mount.source)
        if not _is_path(mount.target) or not mount.target.strip("/"):
            message = f"the target must be an absolute path below `/`, got {quoted(mount.target)}"
            raise InvalidError(message, "write a path such as /project/output")
        if kind == "tmpfs" and mount.source:
            raise InvalidError("a `tmpfs` has no source", "remove `source`")
        if kind == "bind" and not _is_path(mount.source):
            raise InvalidError("the source of a `bind` must be an absolute path", "start it with `/`")
        if kind == "volume" and not _VOLUME.fullmatch(with_templates_as("xx", mount.source)):
            message = (
                f"{quoted(mount.source)} is not the name of a volume" if mount.source else "the volume has no `source`"
            )
            raise InvalidError(message, "use letters, digits, `_`, `.` and `-`; or an absolute path for a bind mount")
        return replace(mount, type=kind)

    def _missing(self, name: str) -> InvalidError:
        return InvalidError(f"the mount has no `{name}`", f"add `{name}: /path/in/the/container`", rules.MISSING_KEY)

    def json_schema(self) -> JsonSchema:
        return {"anyOf": [{"type": "string", "minLength": 1}, self.reference()]}


MOUNT = _MountSection(Mount, "mount", "a mount", required=("target",))


class MountList(FieldType[tuple[Mount, ...]]):
    """A list of mounts with different targets."""

    words = "a list of mounts: `source:target`, `source:target:ro`, or maps with the keys of a mount"

    def _read(self, node: Node, report: Report) -> tuple[Mount, ...]:
        mounts: dict[str, Mount] = {}
        for item in self._items(node):
            mount = MOUNT.read(item, report)
            if mount and mount.target.rstrip("/") in mounts:
                message = f"two mounts have the target {quoted(mount.target)}"
                report(Diagnostic(rules.INVALID_VALUE, message, item.location, "remove one of them"))
            elif mount:
                mounts[mount.target.rstrip("/")] = mount
        return tuple(mounts.values())

    def json_schema(self) -> JsonSchema:
        return {"type": "array", "items": MOUNT.json_schema()}


def _type_of(source: str) -> str:
    """Derive the type from the source. Raises an `InvalidError` if the source starts with a template."""
    if is_template(source[:2]):
        message = f"{quoted(source)} starts with a template, and could be a path or a volume"
        raise InvalidError(message, "write a map: {type: bind, source: ..., target: ...}")
    return "bind" if source.startswith("/") else "volume"


def _is_path(text: str) -> bool:
    return text.startswith("/") or is_template(text[:2])
