"""Builds the environments of `make bench-airflow`: an Airflow with dag-factory, and the others that it needs.

Adds one with the newest version of Airflow to `environments.ENVIRONMENTS`.
"""

from __future__ import annotations

from functools import partial

from environments import ENVIRONMENTS, ROOT, Environment, build
from example_environments import install_airflow
from versions import NEWEST

from codegen.airflow_facts import facts_of

_NAME = "dag-factory"
_REQUIREMENTS = ROOT / "requirements" / f"{_NAME}.txt"

ENVIRONMENTS[_NAME] = Environment(
    _NAME,
    (_REQUIREMENTS,),
    partial(install_airflow, NEWEST, _REQUIREMENTS),
    newest=facts_of(NEWEST).pythons[-1],
    needs=("airflow-3",),
)


def main() -> None:
    """Build what is missing or out of date."""
    build(["airflow-3", "meltano", _NAME])
