"""The settings of the runner `kubernetes`, by the names of Airflow's KubernetesPodOperator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from codegen.schema.keys import key, places
from codegen.schema.kinds import TemplatedText

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codegen.diagnostics import Location


@dataclass(frozen=True, kw_only=True)
class Kubernetes:
    """A pod for each task."""

    image: str | None = key(
        TemplatedText("an image", longest=1000),
        "kubernetes",
        "The image of the Meltano project, with a tag or a digest that does not move. Required.",
        "registry.example.com/elt:2026.11.1",
    )
    at: Mapping[str, Location] = places()
