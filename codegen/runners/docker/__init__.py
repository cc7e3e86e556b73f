"""The runner `docker`: a container of a Docker engine for each task."""

from codegen.keys.section import Section
from codegen.runners.docker.mounts import MOUNT
from codegen.runners.docker.operator import check, lower
from codegen.runners.docker.settings import Docker
from codegen.runners.runner import Runner

DOCKER = Runner(
    name="docker",
    operator="DockerOperator",
    lower=lower,
    sections=(Section(Docker, "docker", "a map of settings"), MOUNT),
    example="{image: 'elt:2026.11.1'}",
    # It is installed with the provider.
    imports={"Mount": "docker.types.Mount"},
    check=check,
    distributions=("apache-airflow-providers-docker",),
)
