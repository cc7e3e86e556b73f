"""The settings of the runner `docker`, by the names of Airflow's DockerOperator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from codegen.keys.containers import ListOf, MapOf, Object
from codegen.keys.scalars import Boolean, Choice, Integer, Number
from codegen.keys.table import key
from codegen.keys.texts import PlainText, Text
from codegen.runners.container import Image
from codegen.runners.docker.mounts import Mount, MountList
from codegen.runners.docker.types import HOSTS, Size, User
from codegen.runners.section import OperatorSettings

# The names of docker-py (docker/types/containers.py).
_DEVICE_REQUEST = Object(
    "a device request",
    driver=Text(),
    count=Integer(-1),
    device_ids=ListOf("a list of ids", Text()),
    capabilities=ListOf("a list of lists of capabilities", ListOf("a list of capabilities", Text())),
    options=MapOf("a map of options", None, Text()),
)
_NAME = r"[A-Za-z0-9][A-Za-z0-9_.\-]*"


@dataclass(frozen=True, kw_only=True)
class Docker(OperatorSettings):
    """A container for each task (airflow/providers/docker/operators/docker.py, 4.4.5 to 4.6.1)."""

    reference_group = "docker"

    image: str | None = key(
        Image(),
        "The image of the Meltano project, with a tag or a digest that does not move. Required.",
        "registry.example.com/elt:2026.11.1",
    )
    docker_url: str | None = key(
        PlainText("an address", r"(?:unix|tcp|ssh|https?)://\S+", "such as unix:///var/run/docker.sock", 1000),
        "The Docker engine. Default: `DOCKER_HOST` of Airflow's worker, else its local engine.",
        "tcp://docker-proxy:2375",
    )
    docker_conn_id: str | None = key(
        PlainText(
            # Airflow's own rule (`RE_SANITIZE_CONN_ID`), less what DockerOperator from 4.6 on would open as a file.
            "the id of a connection",
            r"[\w#!()\-.:/\\]+(?<!\.sh)(?<!\.bash)(?<!\.env)",
            "letters, digits, `_`, `-` and `.`, and not ending in .sh, .bash or .env",
            250,
        ),
        "Airflow's connection for the registry that the image is pulled from. Default: no login.",
        "registry",
    )
    force_pull: bool = key(
        Boolean(),
        "Whether every run pulls the image. Otherwise the engine pulls it if it is missing.",
        "true",
        default=False,
    )
    auto_remove: str = key(
        Choice("force", "success", "never"),
        "When to remove the container: `force` always, so a task that is stopped or times out kills its container; "
        "`success` when it has ended, with any exit code; `never` keeps it.",
        "never",
        "force",
    )
    user: str | None = key(User(), "The user in the container. Default: the image's.", '"1000:1000"')
    working_dir: str | None = key(
        PlainText("a path", r"/[^\x00]*", "begin it with a `/`", 4096),
        "The folder of meltano.yml in the container. Default: the image's.",
        "/project",
    )
    network_mode: str | None = key(
        PlainText(
            "a network", f"(?:container:)?{_NAME}", "bridge, host, none, container:NAME or a network's name", 1000
        ),
        "The network: `bridge`, `host`, `none`, `container:NAME` or the name of one. Default: the engine's.",
        "warehouse",
    )
    extra_hosts: Mapping[str, str] = key(
        HOSTS,
        "Additional hosts and their IP addresses, for the `/etc/hosts` of the container. `host-gateway` is the Docker "
        "host.",
        "{warehouse: 10.0.0.5}",
        {},
    )
    mounts: tuple[Mount, ...] = key(
        MountList(),
        "The mounts of the container. Paths and names can contain templates.",
        "['/srv/elt/output:/project/output', 'cache:/project/.cache']",
        (),
    )
    mem_limit: str | None = key(
        # The least that the engine takes (moby, daemon/daemon_unix.go, `linuxMinMemory`).
        Size("6m"),
        "The memory limit of the container, which is killed above it. Default: no limit.",
        "2g",
    )
    cpus: float | None = key(
        # The kernel takes 2 to 262144 shares, and DockerOperator gives 1024 for each CPU.
        Number(0.01, 256),
        "The CPU shares of the container, 1 for each CPU. It is a weight under contention, not a limit.",
        "0.5",
    )
    device_requests: Any = key(
        ListOf("a list of device requests", _DEVICE_REQUEST),
        "The devices of the container, such as GPUs. A `count` of -1 requests all of them.",
        "[{count: -1, capabilities: [[gpu]]}]",
        (),
    )
    ulimits: Any = key(
        ListOf("a list of limits", Object("a limit", "name", name=Text(), soft=Integer(), hard=Integer())),
        "The ulimits of the container.",
        "[{name: nofile, soft: 65536, hard: 65536}]",
        (),
    )
    shm_size: str | None = key(Size("1b"), "The size of `/dev/shm`. Default: the engine's.", "256m")
