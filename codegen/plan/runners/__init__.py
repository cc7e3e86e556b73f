"""Where a step runs: each runner gives the operator of a step and the arguments that are the operator's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codegen.plan.runners import bash, docker, kubernetes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from codegen.command import Step
    from codegen.literal import Value

# By the names that `runner` has in a schedule; each takes the step and the version of Airflow. An argument that is
# None is left out.
RUNNERS: Mapping[str, Callable[[Step, str], tuple[str, dict[str, Value]]]] = {
    "bash": bash.operator_of,
    "docker": docker.operator_of,
    "kubernetes": kubernetes.operator_of,
}
