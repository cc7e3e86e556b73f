"""The croniter of each Airflow: the release of its first constraints, and the forms of crons that this lacks.

`make facts` writes the data file (`tools/croniter_facts.py`).
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import NamedTuple


class CroniterFacts(NamedTuple):
    """The oldest croniter that an installation of an Airflow version by its constraints has.

    Attributes:
        airflow: the first release of the version, such as `3.1.0`.
        release: the newest croniter on its release date.
        refuses: the names of the forms that raise an error, see `codegen/timetable/portability.py`.
        misreads: those that give other runs than the newest croniter.
    """

    airflow: str
    release: str
    refuses: frozenset[str]
    misreads: frozenset[str]


@cache
def croniter_of(version: str) -> CroniterFacts:
    """The croniter of a version, one of `VERSIONS`."""
    data = json.loads(Path(__file__).with_name("croniter.json").read_text(encoding="utf-8"))[version]
    return CroniterFacts(data["airflow"], data["release"], frozenset(data["refuses"]), frozenset(data["misreads"]))
