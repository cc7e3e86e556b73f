"""Where tasks run. A runner is one object: its settings, the operator that it lowers a task to, and its checks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from codegen.runners.bash import BASH
from codegen.runners.docker import DOCKER
from codegen.runners.kubernetes import KUBERNETES
from codegen.runners.runner import Placed, Runner, Work

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from codegen.keys.section import Section

__all__ = ["RUNNERS", "Placed", "Runner", "Work", "sections_of_runners"]

# By the names that `runner` has in a schedule. The first is the default.
RUNNERS: Mapping[str, Runner] = {runner.name: runner for runner in (BASH, DOCKER, KUBERNETES)}


def sections_of_runners() -> Iterator[Section[Any]]:
    """The settings of the runners, each with the maps inside them."""
    for runner in RUNNERS.values():
        if runner.section:
            yield runner.section
        yield from runner.nested
