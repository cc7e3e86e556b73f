"""Writes `codegen/airflow_facts/croniter.json`: the croniter of each Airflow, and the cron syntax that it lacks.

Airflow's constraint files pin the newest releases of their day, so the croniter is the newest on the release date.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from codegen.airflow_facts import VERSIONS, facts_of
from codegen.timetable.portability import FORMS

_FILE = Path(__file__).resolve().parent.parent / "codegen/airflow_facts/croniter.json"
_UV = Path(sys.executable).with_name("uv")
_COMPILE = ("pip", "compile", "--quiet", "--no-header", "--no-annotate", "--python-version", "3.11")
# Prints the next runs of each cron on stdin from the end of two Februaries; null for an invalid cron.
_RUNS = """
import json, sys
from datetime import datetime
from itertools import islice
from croniter import croniter
def runs(cron):
    try:
        return [
            run.isoformat()
            for year in (2026, 2028)
            for run in islice(croniter(cron, datetime(year, 2, 25)).all_next(datetime), 30)
        ]
    except Exception:
        return None
print(json.dumps([runs(cron) for cron in json.load(sys.stdin)]))
"""


def runs_by(release: str, crons: list[str], folder: Path) -> list[list[str] | None]:
    """Install a release of croniter in a folder, and return the runs of each cron; None for an invalid one."""
    _uv("pip", "install", "--quiet", "--target", str(folder), f"croniter=={release}")
    command = [sys.executable, "-S", "-W", "ignore", "-c", _RUNS]
    env = {"PYTHONPATH": str(folder)}
    answer = subprocess.run(
        command, input=json.dumps(crons), env=env, capture_output=True, text=True, check=True, timeout=120
    )
    runs: list[list[str] | None] = json.loads(answer.stdout)
    return runs


def lacks(release: str, folder: Path) -> dict[str, list[str]]:
    """Return the names of the forms that a release of croniter rejects, and of those that it reads differently."""
    crons = [form.example for form in FORMS.values()]
    theirs, ours = runs_by(release, crons, folder / "theirs"), runs_by(version("croniter"), crons, folder / "ours")
    answers = list(zip(FORMS, theirs, ours, strict=True))
    return {
        "refuses": [name for name, their_runs, _ in answers if their_runs is None],
        "misreads": [name for name, their_runs, our_runs in answers if their_runs not in (None, our_runs)],
    }


def _facts(airflow: str) -> dict[str, Any]:
    installed = facts_of(airflow).release
    is_early = bool(re.search("[a-z]", installed))
    first = installed if is_early else f"{airflow}.0"
    required = f"apache-airflow=={first}"
    locked = _uv(*_COMPILE, "--no-deps", "--format", "pylock.toml", "-", text=required)
    uploaded = max(datetime.fromisoformat(day) for day in re.findall(r"upload-time = ([\d-]+)", locked))
    # Its distributions are uploaded within hours. The constraints of a pre-release are pre-releases, too.
    options = ["--exclude-newer", f"{uploaded + timedelta(days=1):%Y-%m-%d}", *["--prerelease=allow"] * is_early]
    pins = _uv(*_COMPILE, *options, "-", text=required)
    release = re.findall(r"^croniter==(\S+)", pins, re.MULTILINE)[0]
    with TemporaryDirectory() as folder:
        return {"airflow": first, "release": release, **lacks(release, Path(folder))}


def _uv(*arguments: str, text: str = "") -> str:
    return subprocess.run([_UV, *arguments], input=text, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    facts = {airflow: _facts(airflow) for airflow in VERSIONS}
    _FILE.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
