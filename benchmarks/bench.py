"""Measures whole processes: a check without changes, a first generation, import and export, the help, a page.

Run it with `make bench`. Each figure is the CPU time: the median of several runs, alternating with a Python that does
nothing, so that the ratio is comparable across machines. The targets, as multiples of a bare Python: a check of 1,000
schedules 60, validate 40, the help 5, generate 75; a check stays below 60 MB. An import or export takes at most 5 s.
The figure of a page is the server's CPU time for one request.

`--airflow PROGRAM` also measures `verify`, as a ratio to a DagBag of that Airflow for the same folder. The target is
1.2 on two idle cores.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple
from urllib.request import urlopen

from bars import Bar, Group, draw

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_ROOT = Path(__file__).parent.parent
_PICTURE = _ROOT / "docs/pictures/generator.svg"
_DAGPRESS = (sys.executable, "-m", "codegen")
_NOTHING = (sys.executable, "-c", "pass")
_DAG_BAG = """\
import sys
try:
    from airflow.dag_processing.dagbag import DagBag
except ImportError:
    from airflow.models.dagbag import DagBag
bag = DagBag(sys.argv[1])
assert bag.dags and not bag.import_errors
"""
_SCHEDULE = """\
extractor: tap-shop-{0}
loader: target-warehouse
interval: "{1} {2} * * *"
timezone: Europe/Berlin
tags: [shop, "team-{3}"]
env:
  TAP_SHOP_TABLE: table_{0}
"""
_MELTANO_SCHEDULE = """\
# shop {0}
- name: shop_{0:04}
  extractor: tap-shop-{0}
  loader: target-warehouse
  transform: skip
  interval: "{1} {2} * * *"
  env:
    TAP_SHOP_TABLE: table_{0}
"""


class _Run(NamedTuple):
    """The wall-clock and CPU seconds of a process, and its peak memory in megabytes."""

    seconds: float
    cpu: float
    peak: float


class _Time(NamedTuple):
    """The CPU seconds of a run, and of a Python that does nothing right after it; the peak memory in megabytes."""

    own: float
    bare: float
    peak: float = 0


def main() -> None:
    """Measure, and print a line for each figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--schedules", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--airflow", type=Path, help="an `airflow` of the newest version, to measure `verify` with")
    parser.add_argument("--picture", action="store_true", help=f"update {_PICTURE.relative_to(_ROOT)}")
    options = parser.parse_args()
    ratios: dict[str, float] = {"a Python that does nothing": 1}
    with TemporaryDirectory() as folder:
        root = Path(folder)
        _make_project(root, options.schedules)
        command = (*_DAGPRESS, "--project", folder)
        print(f"{'':28}{'median':>10}{'per schedule':>14}{'x bare Python':>15}{'peak memory':>13}")
        ratios["dagpress --help"] = _print("dagpress --help", _times((*_DAGPRESS, "--help"), options.runs))
        for name, runs, before in (
            ("validate", options.runs, None),
            ("generate", 3, lambda: _remove(root)),
            ("check", options.runs, None),
        ):
            times = _times((*command, name), runs, before)
            ratios[f"dagpress {name}"] = _print(name, times, options.schedules)
        if options.airflow:
            _print_verify((*command, "verify", "--airflow", str(options.airflow)), options.airflow, root)
        for words in ("import", "import --move", "export"):
            before = partial(_make_meltano_project, root / "meltano", options.schedules, moved=words == "export")
            meltano = (*_DAGPRESS, "--project", str(root / "meltano"), *words.split())
            _print(words, _times(meltano, 3, before), options.schedules)
        with _served(command) as (server, url):
            for name, address, target, before in (
                ("page, nothing changed", url, 20, None),
                ("page, a search", f"{url}?q=shop_01", 20, None),
                ("page, by next run", f"{url}?sort=next", 20, None),
                ("page, one file changed", url, 100, partial(_change, root)),
            ):
                _print(name, _page_times(server, address, options.runs, before), target=target)
    if options.picture:
        title = f"{options.schedules:,} schedules: CPU time, in times a Python that does nothing"
        bars = [Bar(name, ratio, name.startswith("dagpress")) for name, ratio in ratios.items()]
        _PICTURE.write_text(draw([Group(title, bars)], title), encoding="utf-8")


def _print_verify(command: tuple[str, ...], airflow: Path, root: Path) -> None:
    """Print the seconds of `verify`, alternating with a process that loads the same folder into a DagBag."""
    home = root / "airflow"
    own = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
    }
    python = str(airflow.with_name("python"))
    bag = (python, "-c", _DAG_BAG, str(root / "generated_dags"))
    times = [(_run(command).seconds, _run(bag, own).seconds) for _ in range(4)][1:]
    verify, dag_bag = (statistics.median(column) for column in zip(*times, strict=True))
    ratio = statistics.median(ours / theirs for ours, theirs in times)
    print(f"{'verify':28}{1000 * verify:>7.0f} ms  {ratio:.2f} times a DagBag of Airflow ({1000 * dag_bag:.0f} ms)")


def _make_project(root: Path, schedules: int) -> None:
    (root / "schedules").mkdir()
    (root / "dagpress.toml").write_text('airflow = "3.3"\n', encoding="utf-8")
    for number in range(schedules):
        folder = root / "schedules" / f"team_{number % 20:02}"
        folder.mkdir(exist_ok=True)
        text = _SCHEDULE.format(number, number % 60, number % 24, number % 20)
        (folder / f"shop_{number:04}.yml").write_text(text, encoding="utf-8")


def _make_meltano_project(root: Path, schedules: int, *, moved: bool) -> None:
    """Make a project with schedules in meltano.yml, or with schedules that an import moved out of it."""
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    names = "".join(f"  - name: tap-shop-{number}\n" for number in range(schedules))
    items = (_MELTANO_SCHEDULE.format(number, number % 60, number % 24) for number in range(schedules))
    plugins = f"plugins:\n  extractors:\n{names}  loaders:\n  - name: target-warehouse\n"
    (root / "meltano.yml").write_text(f"{plugins}schedules:\n{''.join(items)}", encoding="utf-8")
    if moved:
        _run((*_DAGPRESS, "--project", str(root), "import", "--move", "--no-generate"))


def _remove(root: Path) -> None:
    shutil.rmtree(root / "generated_dags", ignore_errors=True)


def _times(command: tuple[str, ...], runs: int, before: Callable[[], None] | None = None) -> list[_Time]:
    """Return the figures of each run except the first."""
    times = []
    for _ in range(runs + 1):
        if before:
            before()
        run = _run(command)
        times.append(_Time(run.cpu, _run(_NOTHING).cpu, run.peak))
    return times[1:]


@contextmanager
def _served(command: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    """Yield the process that serves the Pipelines page of a project, and its URL."""
    serve = (*command, "serve", "--port", "0", "--no-token")
    with subprocess.Popen(serve, stderr=subprocess.PIPE, text=True) as server:
        try:
            said = server.stderr.readline() if server.stderr else ""
            yield server.pid, next(word for word in said.split() if word.startswith("http"))
        finally:
            server.kill()


def _page_times(server: int, url: str, runs: int, before: Callable[[], None] | None = None) -> list[_Time]:
    """Return the CPU seconds of each request except the first, and of a Python that does nothing."""
    # The clock of another process, on Linux (`MAKE_PROCESS_CPUCLOCK` in the kernel's posix-timers.h).
    clock = (~server << 3) | 2
    times = []
    for _ in range(runs + 1):
        if before:
            before()
        started = time.clock_gettime(clock)
        with urlopen(url) as answer:  # noqa: S310  # our own server
            answer.read()
        # Work after the response counts too.
        time.sleep(0.1)
        seconds, idle = time.clock_gettime(clock) - started, resource.getrusage(resource.RUSAGE_CHILDREN)
        _run(_NOTHING)
        bare = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(_Time(seconds, bare.ru_utime + bare.ru_stime - idle.ru_utime - idle.ru_stime))
    return times[1:]


def _change(root: Path) -> None:
    """Change one schedule."""
    path = next((root / "schedules").rglob("shop_0007.yml"))
    path.write_text(f"{path.read_text(encoding='utf-8')}  CHANGED_{time.monotonic_ns()}: x\n", encoding="utf-8")


def _run(command: tuple[str, ...], env: dict[str, str] | None = None) -> _Run:
    """Run a process that must succeed."""
    environ = (env or {}) | {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environ)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return _Run(time.perf_counter() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1000)


def _print(name: str, times: list[_Time], schedules: int = 0, target: int = 0) -> float:
    """Print a line, and return the ratio."""
    median = statistics.median(each.own for each in times)
    ratio = statistics.median(each.own / each.bare for each in times)
    each = f"{1000 * median / schedules:.2f} ms" if schedules else ""
    peak = max(each.peak for each in times)
    shown = f"{peak:.0f} MB" if peak else ""
    print(
        f"{name:28}{1000 * median:>7.0f} ms{each:>14}{ratio:>15.1f}{shown:>13}"
        + f"   target {target} ms" * bool(target)
    )
    return ratio


if __name__ == "__main__":
    main()
