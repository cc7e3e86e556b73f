"""The settings of the runner `docker`, with the argument names of Airflow's DockerOperator."""

from __future__ import annotations

import re
from typing import Any

from codegen.diagnostics import InvalidError, quoted
from codegen.keys.containers import ListOf, MapOf, Object
from codegen.keys.field_type import JsonSchema, ScalarType
from codegen.keys.model import model
from codegen.keys.scalars import Integer
from codegen.keys.table import key
from codegen.keys.texts import Text
from codegen.runners.container import Image
from codegen.runners.docker.mounts import Mount, MountList
from codegen.runners.section import OperatorSettings
from codegen.source.nodes import Scalar


class _Size(ScalarType[str]):
    """A number of bytes with a unit (docker-py, docker/utils/utils.py, `parse_bytes`), unchanged as text."""

    words = "a size such as `512m` or `2g`"
    pattern = r"\d+(?:\.\d+)?(?:[bB]|[kmgtKMGT][bB]?)"

    def convert(self, scalar: Scalar) -> str:
        if scalar.kind in {"int", "float"}:
            raise InvalidError("a size needs a unit", f"write {scalar.text}m or {scalar.text}g")
        if not re.fullmatch(self.pattern, scalar.text):
            hint = "write a number with one of Docker's units b, k, m, g and t, such as 512m"
            raise InvalidError(f"{quoted(scalar.text)} is not a size", hint)
        return scalar.text

    def json_schema(self) -> JsonSchema:
        return {"type": "string", "pattern": f"^{self.pattern}$"}


# The fields of docker-py (docker/types/containers.py), which drops others.
_DEVICE_REQUEST = Object(
    "a device request",
    driver=Text(),
    count=Integer(-1),
    device_ids=ListOf("a list of IDs", Text()),
    capabilities=ListOf("a list of lists of capabilities", ListOf("a list of capabilities", Text())),
    options=MapOf("a map of options", None, Text()),
)


@model(frozen=True, kw_only=True)
class Docker(OperatorSettings):
    """A container for each task (airflow/providers/docker/operators/docker.py, 4.4.5 to 4.6.1)."""

    reference_group = "docker"

    image: str | None = key(
        Image(),
        "The image of the Meltano project, with a fixed tag or a digest. Required.",
        "registry.example.com/elt:2026.11.1",
    )
    mounts: tuple[Mount, ...] = key(
        MountList(),
        "The mounts of the container. Paths and names can contain templates.",
        "['/srv/elt/output:/project/output', 'cache:/project/.cache']",
        (),
    )
    device_requests: Any = key(
        ListOf("a list of device requests", _DEVICE_REQUEST),
        "The devices of the container, such as GPUs. A `count` of -1 requests all of them.",
        "[{count: -1, capabilities: [[gpu]]}]",
        (),
    )
    mem_limit: str | None = key(
        _Size(), "The memory limit. A container that exceeds it is killed. Default: no limit.", "2g"
    )
    shm_size: str | None = key(_Size(), "The size of `/dev/shm`. Default: the default of the engine.", "256m")
