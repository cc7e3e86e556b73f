"""Where tasks run. A runner is one object: its settings, the operator that it lowers a task to, and its checks."""

from __future__ import annotations

from collections.abc import Mapping

from codegen.runners.bash import BASH
from codegen.runners.docker.operator import DOCKER
from codegen.runners.kubernetes.operator import KUBERNETES
from codegen.runners.runner import Placed, Runner, Work

__all__ = ["RUNNERS", "Placed", "Runner", "Work"]

# By the names that `runner` has in a schedule. The first is the default.
RUNNERS: Mapping[str, Runner] = {runner.name: runner for runner in (BASH, DOCKER, KUBERNETES)}
