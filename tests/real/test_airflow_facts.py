"""What the project knows of an Airflow is what that Airflow says of itself."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from environments import ROOT, clean_environ
from harness import Airflow

pytestmark = pytest.mark.slow


def test_the_facts_of_an_airflow_are_those_of_its_program(airflow: Airflow, tmp_path: Path) -> None:
    """`make facts` writes the files of all versions; this asks the ones that are installed."""
    python = airflow.folder / "bin" / "python"
    command = [python, ROOT / "tools/airflow_facts.py"]
    env = clean_environ(AIRFLOW_HOME=str(tmp_path))
    said = subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout
    known = (ROOT / f"codegen/airflow_facts/{airflow.version}.json").read_text(encoding="utf-8")
    assert json.loads(said) == json.loads(known)
