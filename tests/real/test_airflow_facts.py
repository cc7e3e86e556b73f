"""The facts about an Airflow match the installed Airflow."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from environments import ROOT, clean_environ
from harness import Airflow

pytestmark = pytest.mark.slow


def test_the_facts_match_the_installed_airflow(airflow: Airflow, tmp_path: Path) -> None:
    """`make facts` writes the facts of all versions; this checks the installed ones."""
    python = airflow.folder / "bin" / "python"
    command = [python, ROOT / "tools/airflow_facts.py"]
    env = clean_environ(AIRFLOW_HOME=str(tmp_path))
    output = subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout
    known = (ROOT / f"codegen/airflow_facts/{airflow.version}.json").read_text(encoding="utf-8")
    assert json.loads(output) == json.loads(known)
