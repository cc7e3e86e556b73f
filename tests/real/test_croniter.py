"""The facts about the croniter of each Airflow match that release."""

from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path
from random import Random

import pytest
from croniter_facts import lacks, runs_by

from codegen.airflow_facts import VERSIONS
from codegen.airflow_facts.croniter import croniter_of
from codegen.diagnostics import InvalidError
from codegen.timetable.interval import DAYS, parse_interval
from codegen.timetable.portability import unsupported_by

pytestmark = pytest.mark.slow
# An Airflow for each release of croniter.
_AIRFLOWS = {croniter_of(airflow).release: airflow for airflow in VERSIONS}.values()
_SIZES = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 7)]
_NAMES = {3: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 4: list(DAYS)}


def _field(random: Random, position: int) -> str:
    """Generate a field of one or several parts, in every form that croniter has."""
    first, last = _SIZES[position]
    one, other = (random.randint(first, last) for _ in range(2))
    forms = [f"{one}", f"{one}-{other}", f"{one}-{other}/{random.randint(1, 9)}", f"*/{random.randint(1, 20)}"]
    forms += [f"{one}-{one}", f"{one}/{random.randint(1, 9)}"]
    forms += {2: ["L", f"{one}W", "?"], 4: [f"{one}#{random.randint(1, 5)}", f"L{one}", "?"]}.get(position, [])
    if names := _NAMES.get(position):
        forms += [random.choice(names), "-".join(random.choices(names, k=2))]
    several = ",".join(str(random.randint(first, last)) for _ in range(random.randint(2, 9)))
    return random.choice([*forms, several, f"{one}-{other},{several}"])


def _cron(random: Random) -> str:
    """Generate a cron with one or two uncommon fields, either of the time or of the day."""
    fields = [str(random.randint(0, 59)), str(random.randint(0, 23)), "*", "*", "*"]
    for position in random.sample(*random.choice([([0, 1], 1), ([2, 3, 4], 1), ([2, 3, 4], 2)])):
        fields[position] = _field(random, position)
    return " ".join(fields)


def _is_valid(cron: str) -> bool:
    try:
        return bool(parse_interval(cron, ""))
    except InvalidError:
        return False


@pytest.mark.parametrize("airflow", _AIRFLOWS)
def test_a_cron_with_other_runs_in_an_older_croniter_is_reported(airflow: str, tmp_path: Path) -> None:
    """The reported forms are those that the release lacks, and every portable cron has the same runs in both."""
    facts = croniter_of(airflow)
    lacked = {kind: frozenset(names) for kind, names in lacks(facts.release, tmp_path).items()}
    assert lacked == {"refuses": facts.refuses, "misreads": facts.misreads}
    random = Random(0)  # noqa: S311  # not used for secrets
    crons = sorted({cron for cron in (_cron(random) for _ in range(500)) if _is_valid(cron)})
    reported = {cron: found for cron in crons if (found := unsupported_by(airflow, cron))}
    asked = [*crons, *(found.portable for found in reported.values())]
    theirs, ours = (
        dict(zip(asked, runs_by(release, asked, tmp_path / release), strict=True))
        for release in (facts.release, version("croniter"))
    )
    wrong = {cron for cron in asked if theirs[cron] != ours[cron]}
    # A range of one value is surprising on every Airflow.
    of_one = {cron for cron in asked if re.search(r"\b(\w+)-\1\b|7-0", cron)}
    assert wrong - of_one == {*reported} - of_one
    assert {cron for cron in wrong if theirs[cron] is None} - of_one <= {*reported}
