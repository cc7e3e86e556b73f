"""Runs a step in a container of a Docker engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codegen.literal import Argument, Call, Value
from codegen.plan.runners.container import command_of
from codegen.schema.docker import Docker
from codegen.templating import DOCKER_ENDINGS, as_rendered

if TYPE_CHECKING:
    from codegen.command import Step
    from codegen.schema.mounts import Mount


def operator_of(step: Step, _airflow: str) -> tuple[str, dict[str, Value]]:
    """A DockerOperator, which evaluates the templates in `image`, `command`, `environment` and `mounts` alone."""
    settings = step.docker or Docker()
    program, arguments, env = command_of(step, DOCKER_ENDINGS)
    return "DockerOperator", {
        "image": _rendered(settings.image or ""),
        "entrypoint": program,
        "command": [_rendered(word) for word in arguments] or None,
        "environment": {name: _rendered(value) for name, value in env.items()} or None,
        "docker_url": settings.docker_url,
        "docker_conn_id": settings.docker_conn_id,
        "force_pull": settings.force_pull or None,
        "user": settings.user,
        "working_dir": settings.working_dir,
        "network_mode": settings.network_mode,
        "extra_hosts": settings.extra_hosts or None,
        "mounts": [_mount(mount) for mount in settings.mounts] or None,
        "mem_limit": settings.mem_limit,
        "cpus": settings.cpus,
        "shm_size": settings.shm_size,
        "auto_remove": settings.auto_remove,
        # A folder of the worker means nothing to an engine on another machine.
        "mount_tmp_dir": False,
    }


def _mount(mount: Mount) -> Call:
    """A `docker.types.Mount`: DockerOperator takes maps only from provider 4.6 on."""
    source = _rendered(mount.source) if mount.source else None
    keywords = {"source": source, "target": _rendered(mount.target), "type": mount.type}
    read_only = [Argument("read_only", value=True)] if mount.read_only else []
    return Call("Mount", (), (*(Argument(name, value) for name, value in keywords.items()), *read_only))


def _rendered(text: str) -> str:
    return as_rendered(text, DOCKER_ENDINGS)
