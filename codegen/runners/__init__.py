"""The runners, which define where tasks run. A runner has settings, an operator and checks."""

from __future__ import annotations

from collections.abc import Mapping

from codegen.runners.bash import BASH
from codegen.runners.docker.operator import DOCKER
from codegen.runners.kubernetes.operator import KUBERNETES
from codegen.runners.runner import Placed, Runner, Work

__all__ = ["RUNNERS", "Placed", "Runner", "Work"]

# By the values of the key `runner`. The first is the default.
RUNNERS: Mapping[str, Runner] = {runner.name: runner for runner in (BASH, DOCKER, KUBERNETES)}
