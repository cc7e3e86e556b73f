"""An imported schedule means what real Meltano reads in meltano.yml, and the export gives it the same to read again."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from jinja2 import Environment
from meltano_projects import Drawn, projects
from project_builder import dagpress, project_of

from codegen import pipeline
from codegen.interval import parse_interval
from codegen.templating import as_rendered

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from codegen.meltano import Job
    from codegen.schema import Schedule

pytestmark = pytest.mark.slow

Data = dict[str, Any]


def _listed(meltano: Callable[..., str], folder: Path) -> dict[str, Data]:
    """What Meltano says of its schedules, by name."""
    schedules = json.loads(meltano(folder, "schedule", "list", "--format=json"))["schedules"]
    found = [*schedules["elt"], *schedules["job"]]
    return {each["name"]: {**each, "interval": None} for each in found}


def _as_meltano_has_it(schedule: Schedule, jobs: Mapping[str, Job]) -> Data:
    """The same of a schedule of ours, with the values that its tasks get from Airflow."""
    jinja = Environment(autoescape=False)  # noqa: S701  # as Airflow's
    data: Data = {
        "name": schedule.name,
        "interval": None,
        "cron_interval": parse_interval(schedule.interval, schedule.name).cron,
        "env": {name: jinja.from_string(as_rendered(value)).render() for name, value in schedule.env.items()},
    }
    if schedule.job:
        return {**data, "job": list(jobs[schedule.job].tasks)}
    transform = schedule.transform or "skip"
    arguments = [schedule.extractor, schedule.loader, f"--transform={transform}", f"--state-id={schedule.state_id}"]
    return {
        **data,
        "extractor": schedule.extractor,
        "loader": schedule.loader,
        "transform": transform,
        "elt_args": arguments,
        "last_successful_run_ended_at": None,
    }


def _with_its_tasks(listed: Data) -> Data:
    """A job's tasks as texts: Meltano takes one task for all, and lists of plugins."""
    if "job" not in listed:
        return listed
    tasks = listed["job"]["tasks"]
    tasks = [tasks] if isinstance(tasks, str) else tasks
    return {**listed, "job": [task if isinstance(task, str) else " ".join(task) for task in tasks]}


@settings(max_examples=3)
@given(drawn=projects(40))
def test_meltano_and_the_imported_schedules_agree(drawn: Drawn, meltano: Callable[..., str]) -> None:
    """Names, plugins, transforms, crons, environment variables, tasks and state ids; before, and after the way back."""
    with TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "meltano.yml").write_bytes(drawn.text.encode())
        before = _listed(meltano, root)
        assert len(before) == len(drawn.schedules)

        code, _, err = dagpress(root, "import", "--move", "--no-generate")
        assert code in {0, 1}, err
        reading = pipeline.read(project_of(root))
        assert reading.meltano
        ours = {s.name: _as_meltano_has_it(s, reading.meltano.jobs) for s in reading.schedules}
        assert ours == {name: _with_its_tasks(each) for name, each in before.items()}
        assert _listed(meltano, root) == {}

        assert dagpress(root, "export")[0] == 0
        assert _listed(meltano, root) == before
