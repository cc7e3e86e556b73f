"""The DockerOperator of a task, and its checks."""

from __future__ import annotations

from collections.abc import Iterator

from codegen import rules
from codegen.diagnostics import Diagnostic, quoted
from codegen.keys.scalars import Choice
from codegen.runners.container import ENV, PROGRAM, check_image, command_of
from codegen.runners.docker.mounts import MOUNT, Mount
from codegen.runners.docker.settings import Docker
from codegen.runners.runner import Placed, Runner, Work
from codegen.runners.section import OperatorSection
from codegen.text.jinja import DOCKER_TEMPLATE_EXT, rendered
from codegen.values import Call, Value, call

# DockerOperator removes this variable if it does not mount a temporary folder (`_run_image_with_mounts`).
_DROPPED_VARIABLE = "AIRFLOW_TMP_DIR"
_OPERATOR = "airflow.providers.docker.operators.docker.DockerOperator"
_COMPUTED = {"environment": ENV, "command": PROGRAM, "entrypoint": PROGRAM}

_TYPES = {"auto_remove": Choice("force", "success", "never")}


def _lower(work: Work) -> dict[str, Value]:
    """Return the arguments of the operator.

    It renders templates only in `image`, `command`, `environment` and `mounts`.
    """
    settings: Docker = work.settings or Docker()
    program, arguments, env = command_of(work, DOCKER_TEMPLATE_EXT)
    return {
        "image": rendered(settings.image, DOCKER_TEMPLATE_EXT),
        "entrypoint": program,
        "command": rendered(arguments, DOCKER_TEMPLATE_EXT) or None,
        "environment": rendered(env, DOCKER_TEMPLATE_EXT) or None,
        "mounts": [_mount(mount) for mount in settings.mounts] or None,
        "device_requests": list(settings.device_requests) or None,
        "mem_limit": settings.mem_limit,
        "shm_size": settings.shm_size,
        "auto_remove": "force",
        # The engine can be on another machine, without access to folders of the worker.
        "mount_tmp_dir": False,
    }


def _mount(mount: Mount) -> Call:
    """Return a `docker.types.Mount`: DockerOperator accepts maps only since provider 4.6."""
    source, target = (rendered(path, DOCKER_TEMPLATE_EXT) for path in (mount.source or None, mount.target))
    read_only = {"read_only": True} if mount.read_only else {}
    return call("Mount", source=source, target=target, type=mount.type, **read_only)


def _check(placed: Placed) -> Iterator[Diagnostic]:
    yield from check_image(placed, "docker")
    if _DROPPED_VARIABLE in placed.env:
        message = f"DockerOperator does not pass {quoted(_DROPPED_VARIABLE)} to the container"
        yield Diagnostic(rules.INVALID_VALUE, message, placed.env_at(_DROPPED_VARIABLE), "choose another name")


DOCKER = Runner(
    name="docker",
    operator=_OPERATOR,
    lower=_lower,
    env="environment",
    env_constant="DOCKER_ENV",
    unshared=("command",),
    sections=(OperatorSection(Docker, _OPERATOR, _COMPUTED, _TYPES), MOUNT),
    example="{image: 'elt:2026.11.1'}",
    # Installed with the provider.
    imports={"Mount": "docker.types.Mount"},
    check=_check,
    distributions=("apache-airflow-providers-docker",),
)
