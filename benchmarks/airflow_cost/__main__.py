"""Measures the cost of DAG files in Airflow: ours, Meltano's own generator, and dag-factory.

First, the CPU time of a task start on a Celery worker, until the task is loaded from its DAG file. Then the real
`airflow dag-processor` parses the DAG files of the same schedules, one tool after the other: the time and CPU of a
first pass over all files, and the steady-state CPU of the processor and all its children, as a share of one core. Our
files are parsed again with the settings that `dagpress invoke airflow` writes. The ratios are comparable across
machines.

60 schedules take about 13 minutes, 1,000 about 30. The first run also builds the environments.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import bench_environments
from bars import Bar, Group, draw
from environments import ROOT
from versions import NEWEST

from airflow_cost.fleets import FOLDER, Fleet, Schedules, make_fleets, write_by_hand
from airflow_cost.processor import Cost, cost_of, running
from airflow_cost.task_start import task_starts
from codegen.airflow.home import as_ini
from codegen.airflow.parsing import Sections, parsing_settings

_OWN_SETTINGS: Sections = {"core": {"load_examples": "False"}, "usage_data_collection": {"enabled": "False"}}
_PICTURE = ROOT / "docs/pictures/airflow.svg"
# Of the default `min_file_process_interval`, in seconds.
_HALF_AN_INTERVAL = 15


@dataclass(frozen=True)
class Run:
    """A run of the DAG processor: the folder for its homes, the number of DAGs, its configuration, and the duration."""

    homes: Path
    dags: int
    configuration: str
    window: float


def main() -> None:
    """Measure, print the tables, and draw the picture if requested."""
    parser = argparse.ArgumentParser(
        prog="make bench-airflow", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--schedules", type=int, nargs="+", default=[60], help="how many, such as 60 1000")
    parser.add_argument("--a-folder", type=int, default=20, help="schedules in a folder")
    parser.add_argument("--window", type=float, default=62, help="seconds of a steady state at the default settings")
    parser.add_argument(
        "--idle-window", type=float, default=40, help="the same, with the settings of `dagpress invoke`"
    )
    parser.add_argument("--runs", type=int, default=5, help="processes that start tasks, each of them three")
    parser.add_argument("--picture", action="store_true", help=f"write {_PICTURE.relative_to(ROOT)}")
    options = parser.parse_args()
    bench_environments.main()
    groups: list[Group] = []
    for count in options.schedules:
        with TemporaryDirectory() as folder:
            groups += _measure(Path(folder), Schedules(count, options.a_folder), options)
    if options.picture:
        _PICTURE.write_text(
            draw(groups, "What Airflow pays for the DAG files of each tool, as ratios to one file for each folder"),
            encoding="utf-8",
        )


def _measure(root: Path, schedules: Schedules, options: argparse.Namespace) -> list[Group]:
    """Measure one number of schedules, print its tables, and return the bars of its picture."""
    fleets = make_fleets(root, schedules)
    # This comes first, so it also reads from disk what all others need.
    started = [write_by_hand(root / "by_hand"), *fleets]
    times = task_starts(started, root / "starts", as_ini(_OWN_SETTINGS), options.runs)
    print(f"\n{schedules.count} schedules, {schedules.a_folder} a folder, Airflow {NEWEST}")
    print(f"\n{'a task start':36}{'CPU':>10}{'ratio':>8}")
    for fleet, seconds in zip(started, times, strict=True):
        print(f"{fleet.name:36}{1000 * seconds:>7.0f} ms{seconds / times[0]:>8.2f}", flush=True)
    print("\nthe DAG processor at its default settings")
    costs = _costs(fleets, Run(root / "defaults", schedules.count, as_ini(_OWN_SETTINGS), options.window))
    print("\nwith the settings of `dagpress invoke airflow`")
    ours = [fleet for fleet in fleets if fleet.is_ours]
    settings = as_ini(_OWN_SETTINGS, parsing_settings(has_api_server=True))
    _costs(ours, Run(root / "settings", schedules.count, settings, options.idle_window), costs[0])
    return _groups(schedules.count, fleets, costs, times[1:])


def _costs(fleets: Sequence[Fleet], run: Run, base: Cost | None = None) -> list[Cost]:
    """Measure and print the cost of each fleet, with ratios to the first or to another."""
    costs: list[Cost] = []
    print(f"{'':24}{'steady, of a core':>20}{'ratio':>8}{'full pass':>12}{'its CPU':>10}{'ratio':>8}{'load':>7}")
    for number, fleet in enumerate(fleets):
        with running(fleet, run.homes / str(number), run.configuration) as processor:
            cost = cost_of(processor, run.dags, settling=_HALF_AN_INTERVAL, window=run.window)
        costs.append(cost)
        to = base or costs[0]
        print(
            f"{fleet.name:24}{100 * cost.steady:>18.1f} %{cost.steady / to.steady:>8.2f}{cost.first_pass:>10.1f} s"
            f"{cost.first_pass_cpu:>8.1f} s{cost.first_pass_cpu / to.first_pass_cpu:>8.2f}{os.getloadavg()[0]:>7.1f}",
            flush=True,
        )
    return costs


def _groups(count: int, fleets: Sequence[Fleet], costs: Sequence[Cost], starts: Sequence[float]) -> list[Group]:
    """Return the bars of the picture: ratios to the layout with one file per folder."""
    figures = {
        "CPU in a steady state": [cost.steady for cost in costs],
        "CPU of a full pass": [cost.first_pass_cpu for cost in costs],
        "CPU of a task start": starts,
    }
    base = [fleet.name for fleet in fleets].index(FOLDER)
    return [
        Group(
            f"{count:,} schedules: {what}",
            [Bar(fleet.name, value / values[base], fleet.is_ours) for fleet, value in zip(fleets, values, strict=True)],
        )
        for what, values in figures.items()
    ]


if __name__ == "__main__":
    main()
