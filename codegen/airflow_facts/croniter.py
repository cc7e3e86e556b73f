"""The oldest croniter of each Airflow version, and the forms of crons it does not support.

`make facts` generates the data file (`tools/croniter_facts.py`).
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import NamedTuple


class CroniterFacts(NamedTuple):
    """The oldest croniter that the constraints of an Airflow version pin.

    Attributes:
        airflow: the first release of the version, such as `3.1.0`.
        release: the croniter release pinned by its constraints.
        refuses: the names of forms that raise an error, see `codegen/timetable/portability.py`.
        misreads: the names of forms with different runs than in the newest croniter.
    """

    airflow: str
    release: str
    refuses: frozenset[str]
    misreads: frozenset[str]


@cache
def croniter_of(version: str) -> CroniterFacts:
    """Return the croniter of a version, one of `VERSIONS`."""
    data = json.loads(Path(__file__).with_name("croniter.json").read_text(encoding="utf-8"))[version]
    return CroniterFacts(data["airflow"], data["release"], frozenset(data["refuses"]), frozenset(data["misreads"]))
