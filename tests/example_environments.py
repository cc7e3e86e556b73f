"""Builds the two Airflows that load and run the DAGs of `examples/`, with the providers that they need.

Adds two with the newest versions of Airflow to `environments.ENVIRONMENTS`.
"""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

from environments import AIRFLOWS, ENVIRONMENTS, FOLDER, ROOT, Environment, _install, build
from versions import NEWEST, NEWEST_2

from codegen.airflow_facts import facts_of

EXAMPLES = {"examples-3": NEWEST, "examples-2": NEWEST_2}


def install_airflow(version: str, requirements: Path, folder: Path) -> None:
    """Install it with the layout of the other Airflows: `venv`, and a `home` that tests copy."""
    _install(folder / "venv", requirements)
    shutil.copytree(FOLDER / f"airflow-{version}" / "home", folder / "home")


def _environment(name: str, airflow: str) -> Environment:
    version, requirements = EXAMPLES[name], ROOT / "requirements" / f"{name}.txt"
    prepare = partial(install_airflow, version, requirements)
    return Environment(name, (requirements,), prepare, newest=facts_of(version).pythons[-1], needs=(airflow,))


ENVIRONMENTS.update({name: _environment(name, airflow) for name, airflow in zip(EXAMPLES, AIRFLOWS, strict=True)})

if __name__ == "__main__":
    build(EXAMPLES)
