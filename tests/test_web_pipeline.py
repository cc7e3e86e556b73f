"""The page of one pipeline, also of broken and hostile ones."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from bs4 import BeautifulSoup
from examples import fewer, sample
from git_repository import git, isolate_git, repository_of
from hypothesis import given
from hypothesis import strategies as st
from pages import Pages, soup_of, text_of
from project_builder import EXTRACT_LOAD, as_yaml, configured, dagpress, write
from strategies import graphs
from test_cases import copy_case
from test_tasks import edges_of
from versions import NEWEST

from codegen.diagnostics import printable
from codegen.web.parts.code import lines_of, marked
from codegen.web.parts.next_runs import NextRuns, next_runs_of
from codegen.web.pipeline.tasks import tasks_of
from codegen.web.pipeline.view import View
from codegen.web.shell.humanize import relative
from codegen.web.shell.workspace import Workspace

_UTC = timezone.utc
_HOSTILE = "<script>alert(1)</script></textarea>&\"'\u202e"
_AFTER = "tasks: [dbt-postgres:run]\nafter: [{}]\n"


@pytest.fixture(autouse=True)
def _git(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    isolate_git(monkeypatch, tmp_path_factory.mktemp("git"))


def _view(root: Path, name: str = "a.yml", deployment: str = "") -> View:
    snapshot = Workspace(root).snapshot()
    return View(snapshot, snapshot.sources[name], deployment)


def _lines(soup: BeautifulSoup, block: str) -> list[str]:
    """Return the lines of a block of code, with their indentation."""
    return ["".join(line.strings) for line in soup.select(f"#{block} > li > code")]


def _cells(soup: BeautifulSoup, selector: str) -> list[list[str]]:
    return [
        [" ".join(cell.get_text().split()) for cell in row.select("th, td")] for row in soup.select(f"{selector} tr")
    ]


# The head and the files


def test_the_head_describes_the_pipeline(tmp_path: Path) -> None:
    text = EXTRACT_LOAD.replace("@daily", "30 6 * * 1") + "timezone: Europe/Berlin\nowner: ada\ntags: [energy]\n"
    page = Pages(write(tmp_path, {"schedules/team/a.yml": text})).get("/pipelines/team/a.yml")
    assert text_of(page, "h1") == "a"
    facts = text_of(page, ".facts")
    for fact in (
        "tap-gitlab → target-postgres",
        "every Monday at 06:30 (Europe/Berlin)",
        "30 6 * * 1",
        "ada",
        "energy",
    ):
        assert fact in facts
    assert {"/edit/team/a.yml", "/delete/team/a.yml", "/"} <= {str(link["href"]) for link in page.select("main a")}


def test_the_files_are_shown_unchanged(tmp_path: Path) -> None:
    """Every line of both, with syntax highlighting."""
    text = EXTRACT_LOAD + "doc: |\n  two\n\n    lines\ndescription: 'it''s'  # so\n"
    pages = Pages(write(tmp_path, {"schedules/a.yml": text}))
    dagpress(tmp_path, "generate")
    html = pages.text("/pipelines/a.yml")
    assert _whole(html, "yaml-lines") == text.splitlines()
    assert _whole(html, "dag-lines") == (tmp_path / "generated_dags/a.py").read_text().splitlines()
    assert text_of(pages.get("/pipelines/a.yml"), ".facts .badge.ok") == "current"


def _whole(html: str, block: str) -> list[str]:
    """Return the lines of a block of code, with the white space that the parser keeps only in `pre`."""
    page = soup_of(html.replace("<code>", "<pre>").replace("</code>", "</pre>"))
    return [line.get_text() for line in page.select(f"#{block} > li > pre")]


@given(text=st.text(st.characters(codec="utf-8"), max_size=200), language=st.sampled_from(["yaml", "python"]))
def test_syntax_highlighting_changes_no_text(text: str, language: str) -> None:
    plain = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n")
    lines = lines_of(text, language)
    assert "\n".join("".join(piece.text for piece in line) for line in lines) == plain


@given(st.text("ab: #'", max_size=30), st.sets(st.integers(1, 40), max_size=3))
def test_a_mark_starts_at_its_column(text: str, columns: set[int]) -> None:
    (line,) = lines_of(text, "yaml")
    starts, column = set(), 1
    pieces = marked(line, columns)
    for piece in pieces:
        starts |= {column} if piece.is_mark else set()
        column += len(piece.text)
    assert "".join(piece.text for piece in pieces) == text
    assert starts == {column for column in columns if column <= len(text)}


@pytest.mark.parametrize(
    ("change", "state", "layout"),
    [
        ("missing", "not generated yet", "schedule"),
        ("missing", "not generated yet", "folder"),
        ("changed", "out of date", "folder"),
        ("edited", "out of date", "folder"),
    ],
)
def test_an_outdated_dag_file_is_reported(change: str, state: str, layout: str, tmp_path: Path) -> None:
    """For a shared file, only at the pipeline of the changed block, with its line numbers."""
    files = {f"schedules/x/{name}.yml": EXTRACT_LOAD for name in "abc"}
    pages = Pages(write(tmp_path, {"dagpress.toml": f'layout = "{layout}"\n', **files}))
    file = tmp_path / {"schedule": "generated_dags/x/b.py", "folder": "generated_dags/x.py"}[layout]
    dagpress(tmp_path, "generate")
    if change == "missing":
        file.unlink()
    elif change == "changed":
        write(tmp_path, {"schedules/x/b.yml": EXTRACT_LOAD + "owner: ada\n"})
    else:
        file.write_text(file.read_text().replace('dag_id="meltano_b",', '# mine\n    dag_id="meltano_b",'))
    page = pages.get("/pipelines/x/b.yml")
    assert text_of(page, ".facts .badge.warning") == state
    other = "current" if layout == "schedule" or change != "missing" else state
    assert text_of(pages.get("/pipelines/x/c.yml"), "section[aria-labelledby=dag] .badge") == other
    lines = file.read_text().splitlines() if file.exists() else []
    if lines:
        patch = [" ".join(line.get_text().split()) for line in page.select("section[aria-labelledby=dag] .patch > *")]
        assert {"changed": '+ "owner": "ada",', "edited": "- # mine"}[change] in patch
        first = int(str(page.select("#dag-lines")[0].attrs.get("start", 1)))
        assert _lines(page, "dag-lines")[0] == lines[first - 1]
        place = int(re.findall(r"\d+", patch[0])[0])
        assert patch[1] == " ".join(lines[place - 1].split())


def test_messages_are_shown_below_their_line(tmp_path: Path) -> None:
    text = 'extractor: tap-a\nloader: target-b\nschedule: "@daily"\nretries: 012\n'
    page = Pages(write(tmp_path, {"schedules/a.yml": text})).get("/pipelines/a.yml")
    assert "unknown-key" in text_of(page, "#yaml-3 .note.error")
    assert "4:10 yaml-trap" in text_of(page, "#yaml-4 .note.error")
    assert text_of(page, "#yaml-4 mark") == "012"
    assert not page.select("#yaml-1 .note")
    assert page.select_one('#problems ~ ul a[href="#yaml-4"]')


def test_messages_in_inherited_files_name_the_file(tmp_path: Path) -> None:
    files = {
        "elt/dagpress.toml": configured('meltano_project = "../meltano"\n'),
        "elt/schedules/_defaults.yml": "retries: many\n",
        "elt/schedules/x/a.yml": EXTRACT_LOAD,
        "meltano/meltano.yml": "a: [\n",
    }
    page = Pages(write(tmp_path, files) / "elt").get("/pipelines/x/a.yml")
    found = text_of(page, "#problems ~ ul")
    assert "schedules/_defaults.yml:1:10" in found
    assert "../meltano/meltano.yml:" in found


def test_a_shared_file_is_shown_from_the_block_of_the_pipeline(tmp_path: Path) -> None:
    tasks = as_yaml([{"id": name, "command": name} for name in ("one", "two")])
    files = {f"schedules/x/{name}.yml": f"interval: '@daily'\ntasks:\n{tasks}" for name in "ab"}
    defaults = {"schedules/x/_defaults.yml": "env: {A: x, B: y}\n"}
    pages = Pages(write(tmp_path, {"dagpress.toml": 'layout = "folder"\n', **files, **defaults}))
    dagpress(tmp_path, "generate")
    html, text = pages.text("/pipelines/x/b.yml"), (tmp_path / "generated_dags/x.py").read_text()
    assert _whole(html, "dag-lines") == text[text.index("# schedules/x/b.yml") :].splitlines()
    assert _whole(html, "head-lines") == text[: text.index("# schedules/x/a.yml")].splitlines()
    assert "used here: ENV, MELTANO" in text_of(soup_of(html), "section[aria-labelledby=dag] summary")


def test_errors_in_other_files_hide_only_the_dag_file(tmp_path: Path) -> None:
    pages = Pages(write(tmp_path, {"schedules/a.yml": EXTRACT_LOAD, "schedules/b.yml": EXTRACT_LOAD}))
    dagpress(tmp_path, "generate")
    write(tmp_path, {"schedules/b.yml": "extractor: [\n"})
    page = pages.get("/pipelines/a.yml")
    assert "other files" in text_of(page, "#problems ~ ul")
    assert "This is the file on disk." in text_of(page, "section[aria-labelledby=dag]")
    assert _lines(page, "dag-lines")[0].startswith("# Generated by Dagpress")
    assert len(_cells(page, "table.runs tbody")) == 10


@pytest.mark.parametrize(
    "data",
    [b"extractor: [\n", b"\xff\xfe\x00", b"caf\xe9: 1\n", b"", b"- a\n", b"\x00", b"a: &a [*a]\n", b"[" * 3000],
    ids=str,
)
def test_an_invalid_file_shows_its_text_and_the_error(data: bytes, tmp_path: Path) -> None:
    write(tmp_path, {"schedules/b.yml": EXTRACT_LOAD})
    (tmp_path / "schedules/a.yml").write_bytes(data)
    page = Pages(tmp_path).get("/pipelines/a.yml")
    assert text_of(page, "h1") == "a"
    assert page.select(".error")
    assert not page.select("#tasks ~ .picture")
    assert "are unknown until the errors" in text_of(page, "section[aria-labelledby=runs]")


@pytest.mark.parametrize(
    "case",
    sample(["every_key", "cycles", "failing_template", "broken_defaults", "jobs_that_cannot_be", "secrets"], 3),
)
def test_every_case_has_a_page(case: str, tmp_path: Path) -> None:
    project = copy_case(case, tmp_path / "project")
    pages = Pages(project)
    for name in Workspace(project).snapshot().sources:
        assert text_of(pages.get(f"/pipelines/{name}"), "h1")


@pytest.mark.parametrize("address", ["/pipelines/", "/history/"])
def test_a_path_that_is_not_a_schedule_is_not_found(address: str, tmp_path: Path) -> None:
    pages = Pages(write(tmp_path, {"schedules/a.yml": EXTRACT_LOAD, "schedules/_defaults.yml": "owner: x\n"}))
    for path in ("b.yml", "a.yml/", "_defaults.yml", "a.yml%00", ""):
        assert pages.client.get(address + path).status_code in {404, 405}


# Untrusted text


def test_all_text_is_escaped(tmp_path: Path) -> None:
    """From the schedule, its tasks, related schedules and commits, also bidirectional characters."""
    hostile = {
        "name": _HOSTILE,
        "interval": "@daily",
        "description": _HOSTILE,
        "owner": _HOSTILE,
        "tags": [_HOSTILE],
        "doc": f"{_HOSTILE}\n{_HOSTILE}",
        "env": {"A": _HOSTILE},
        "tasks": [{"id": "one", "command": f"echo {_HOSTILE}\n{_HOSTILE}"}, "tap-<b>x</b> target-&amp;"],
    }
    files = {"schedules/a.yml": as_yaml(hostile), "schedules/b.yml": as_yaml({"tasks": ["x y"], "after": [_HOSTILE]})}
    pages = Pages(write(tmp_path, {**files, "schedules/c.yml": EXTRACT_LOAD + f"# {_HOSTILE}\n{_HOSTILE}: 1\n"}))
    repository_of(tmp_path)
    git(tmp_path, "commit", "--quiet", "--amend", "--author", "Ada&amp; <ada@example.com>", "--message", _HOSTILE)
    addresses = [f"/{page}/{name}.yml" for page in ("pipelines", "history") for name in "abc"]
    commit = git(tmp_path, "rev-parse", "HEAD")
    for address in [*addresses, f"/history/a.yml?commit={commit}"]:
        page = pages.get(address)
        assert {str(script.get("src", "")).split("/")[1] for script in page.select("script")} == {"static"}
        assert not page.select("b, textarea")
        assert "\u202e" not in page.get_text()
    assert printable(_HOSTILE) in text_of(pages.get("/history/a.yml"), ".commits")
    assert text_of(pages.get("/pipelines/a.yml"), "h1") == printable(_HOSTILE)


def test_special_characters_of_a_name_are_quoted_in_urls(tmp_path: Path) -> None:
    name = "50% #a?b &c.yml"
    pages = Pages(
        write(tmp_path, {f"schedules/{name}": EXTRACT_LOAD + "name: odd\n", "schedules/z.yml": _AFTER.format("odd")})
    )
    link = pages.get("/pipelines/z.yml").select_one(".graph a")
    assert link
    page = pages.get(str(link["href"]))
    assert name in text_of(page, ".facts")
    links = [str(link["href"]) for link in page.select(".actions a")]
    assert links == [f"{page}50%25%20%23a%3Fb%20%26c.yml" for page in ("/edit/", "/new?copy=", "/delete/")]


def test_secrets_are_masked_on_the_whole_page(tmp_path: Path) -> None:
    """In the YAML, the values, overridden values, the DAG file and its history, also if the YAML is invalid."""
    secrets = ["hunter2hunter2", "correct-horse-battery", "another-one-of-them", "glpat-abcdefghij1234567890"]
    defaults = f"env: {{DB_PASSWORD: {secrets[0]}}}\n"
    text = EXTRACT_LOAD + f"env:\n  DB_PASSWORD: |\n    {secrets[1]}\n    {secrets[2]}\n  OTHER: x\n# {secrets[3]}\n"
    broken = f"env:\n  DB_PASSWORD: {secrets[0]}\n  TOKEN: '{secrets[3]}\n"
    files = {"schedules/_defaults.yml": defaults, "schedules/a.yml": text, "schedules/b.yml": broken}
    pages = Pages(write(tmp_path, files))
    write(tmp_path, {"generated_dags/a.py": f'env={{"DB_PASSWORD": "{secrets[1]}"}}\n'})
    commit = git(repository_of(tmp_path), "rev-parse", "HEAD")
    for address in ("/pipelines/a.yml", "/pipelines/b.yml", "/history/b.yml", f"/history/b.yml?commit={commit}"):
        page = pages.text(address)
        assert not [secret for secret in secrets if secret in page], address
    shown = pages.get("/pipelines/a.yml")
    assert "OTHER: x" in [line.strip() for line in _lines(shown, "yaml-lines")]
    assert ["env.OTHER", "x", "schedules/a.yml:8", ""] in _cells(shown, ".values")


# The tasks


@fewer(5)
@given(tasks=graphs())
def test_the_picture_has_the_arrows_of_the_dag(tasks: list[dict[str, Any]]) -> None:
    """`test_tasks.py` checks that the DAG has the arrows of the YAML."""
    with TemporaryDirectory() as folder:
        schedule = {"interval": "@daily", "tasks": [{**task, "run": "tap-a target-b"} for task in tasks]}
        found = tasks_of(_view(write(Path(folder), {"schedules/a.yml": as_yaml(schedule)})))
    assert found
    assert {row.task_id: set(row.after) for row in found.rows} == edges_of(tasks)
    assert len(found.graph.paths) == sum(len(names) for names in edges_of(tasks).values())
    assert {box.node.lines[0] for box in found.graph.boxes} == {task["id"] for task in tasks}


def test_the_picture_has_the_upstream_and_downstream_schedules_and_assets(tmp_path: Path) -> None:
    tasks = "tasks:\n- {id: one, run: x y, after: []}\n- {id: two, run: x y, after: []}\n"
    files = {
        "schedules/a.yml": tasks
        + "after: {any: [p, {asset: fed}, {asset: s3://b/k}]}\ninterval: '@daily'\noutlets: [t, u]\n",
        "schedules/p.yml": EXTRACT_LOAD,
        "schedules/q.yml": f"{EXTRACT_LOAD}outlets: fed\n",
        "schedules/x/r.yml": _AFTER.format("{asset: t}"),
        "schedules/s.yml": EXTRACT_LOAD,
    }
    page = Pages(write(tmp_path, files)).get("/pipelines/a.yml")
    boxes = [[text.get_text() for text in box.select("text")] for box in page.select(".graph .box")]
    assert [box[0] for box in boxes] == ["p", "q", "s3://b/k", "any of these", "one", "two", "done", "r", "u"]
    assert boxes[3][1] == "or @daily"
    assert boxes[6][-1] == "none_failed"
    assert [str(link["href"]) for link in page.select(".graph a")] == [f"/pipelines/{n}.yml" for n in ("p", "q", "x/r")]
    rows = _cells(page, "section[aria-labelledby=tasks]")
    assert rows[3] == ["done", "join task", "no command", "none", "one, two", "none_failed"]


def test_the_picture_names_a_job_and_every_kind_of_task(tmp_path: Path) -> None:
    tasks = [
        {"id": "a", "run": "tap-a target-b", "runner": "docker", "docker": {"image": "x:1"}, "group": "load"},
        {"id": "b", "command": "./one.sh\n./two.sh"},
        {"id": "c", "python": "quality.check", "trigger_rule": "all_done"},
    ]
    files = {
        "schedules/a.yml": as_yaml({"interval": "@daily", "tasks": tasks}),
        "schedules/b.yml": 'job: refresh\ninterval: "@daily"\n',
        "schedules/c.yml": EXTRACT_LOAD + "transform: run\n",
        "meltano.yml": "jobs:\n- name: refresh\n  tasks: [tap-a target-b, dbt:run]\n",
    }
    pages = Pages(write(tmp_path, files))
    assert _cells(pages.get("/pipelines/a.yml"), "section[aria-labelledby=tasks]")[1:] == [
        ["a", "tap-a target-b", "meltano run, docker", "load", "nothing", "all_success"],
        ["b", "./one.sh ./two.sh", "command, bash", "none", "a", "all_success"],
        ["c", "quality.check", "Python in the worker", "none", "b", "all_done"],
    ]
    assert [row[1] for row in _cells(pages.get("/pipelines/b.yml"), "section[aria-labelledby=tasks]")[1:]] == [
        "tap-a target-b",
        "dbt:run",
    ]
    (row,) = _cells(pages.get("/pipelines/c.yml"), "section[aria-labelledby=tasks]")[1:]
    assert row[:3] == ["extract_load", "tap-gitlab → target-postgres", "meltano elt, bash"]


# The runs


def _runs(root: Path, text: str, now: datetime, viewer: str) -> NextRuns:
    schedule = _view(write(root, {"schedules/a.yml": text})).schedule
    assert schedule
    return next_runs_of(schedule.timetable(NEWEST), 10, now, ZoneInfo(viewer))


def test_the_next_runs_are_in_both_timezones_with_dst_changes(tmp_path: Path) -> None:
    """DST starts on 29 March 2026 in Berlin, and on 8 March in New York."""
    text = EXTRACT_LOAD.replace("@daily", "0 6 * * *") + "timezone: Europe/Berlin\n"
    found = _runs(tmp_path, text, datetime(2026, 3, 27, 12, tzinfo=_UTC), "America/New_York")
    assert [(row.number, row.words, row.own, row.viewers) for row in found.rows[:3]] == [
        (1, "in 17 hours", "Sat 2026-03-28 06:00 CET", "Sat 2026-03-28 01:00 EDT"),
        (
            None,
            "DST change: clocks in Europe/Berlin go forward by 1 h",
            "Sun 2026-03-29 03:00 CEST",
            "Sat 2026-03-28 21:00 EDT",
        ),
        (2, "in 40 hours", "Sun 2026-03-29 06:00 CEST", "Sun 2026-03-29 00:00 EDT"),
    ]
    assert len(found.rows) == 11
    assert found.line
    assert len(found.line.changes) == 1


def test_the_same_timezone_is_shown_once(tmp_path: Path) -> None:
    pages = Pages(write(tmp_path, {"schedules/a.yml": EXTRACT_LOAD + "timezone: Europe/Berlin\n"}))
    pages.client.cookies.set("timezone", "Europe/Berlin")
    assert len(_cells(pages.get("/pipelines/a.yml"), "table.runs")[0]) == 3
    pages.client.cookies.set("timezone", "Asia/Tokyo")
    assert _cells(pages.get("/pipelines/a.yml"), "table.runs")[0][3] == "Your time, Asia/Tokyo"


def test_a_catch_up_is_reported(tmp_path: Path) -> None:
    text = EXTRACT_LOAD + "catchup: true\nstart_date: 2026-01-01\n"
    project = write(tmp_path, {"schedules/a.yml": text, "schedules/b.yml": EXTRACT_LOAD})
    runs = text_of(Pages(project).get("/pipelines/a.yml"), "section[aria-labelledby=runs]")
    assert re.search(r"start the catch-up: [0-9,]+ runs, from Thu 2026-01-01 00:00 UTC to", runs)
    assert "catches up" not in text_of(Pages(project).get("/pipelines/b.yml"), "section[aria-labelledby=runs]")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (EXTRACT_LOAD.replace("@daily", "@manual"), "Schedule: manual runs only."),
        (EXTRACT_LOAD.replace('interval: "@daily"', "after: [b]"), "Schedule: after b."),
        (EXTRACT_LOAD + "end_date: 2020-01-01\n", "There are no more runs."),
        (
            EXTRACT_LOAD.replace("@daily", "*/30 6-22 * * *") + "after: [b]\n",
            "Other pipelines also start it: on the cron schedule */30 6-22 * * * (UTC), and after b.",
        ),
    ],
)
def test_the_start_without_a_cron_is_described(text: str, expected: str, tmp_path: Path) -> None:
    page = Pages(write(tmp_path, {"schedules/a.yml": text, "schedules/b.yml": EXTRACT_LOAD})).get("/pipelines/a.yml")
    assert text_of(page, "section[aria-labelledby=runs] p") == expected


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(seconds=20), "in less than a minute"),
        (timedelta(minutes=1), "in 1 minute"),
        (timedelta(minutes=119), "in 119 minutes"),
        (timedelta(hours=3, minutes=50), "in 3 hours"),
        (timedelta(days=-3), "3 days ago"),
        (timedelta(days=800), "in 2 years"),
        (timedelta(seconds=-20), "just now"),
    ],
)
def test_durations_in_words(span: timedelta, words: str) -> None:
    now = datetime(2026, 3, 29, 0, tzinfo=_UTC)
    assert relative((now + span).astimezone(ZoneInfo("Europe/Berlin")), now) == words


# The values and the environments


def test_each_value_has_its_source(tmp_path: Path) -> None:
    files = {
        "schedules/_defaults.yml": "retries: 2\nowner: team\npool: slow\n",
        "schedules/a.yml": EXTRACT_LOAD + "retries: 5\npool: null\n",
    }
    cells = _cells(Pages(write(tmp_path, files)).get("/pipelines/a.yml"), ".values")
    assert ["retries", "5", "schedules/a.yml:4", "2 from schedules/_defaults.yml:1"] in cells
    assert ["owner", "team", "schedules/_defaults.yml:2", ""] in cells
    assert ["pool", "not set", "removed by schedules/a.yml:5", "slow from schedules/_defaults.yml:3"] in cells
    assert ["catchup", "false", "default", ""] in cells


def test_an_environment_can_be_selected(tmp_path: Path) -> None:
    files = {
        "dagpress.toml": 'environments = ["dev", "prod", "test"]\n',
        "schedules/a.yml": EXTRACT_LOAD + "only: [dev, prod]\nenvironments: {prod: {interval: '@hourly'}}\n",
        "schedules/b.yml": _AFTER.format("a"),
    }
    pages = Pages(write(tmp_path, files))
    page = pages.get("/pipelines/a.yml")
    assert [link.get_text() for link in page.select(".environments a")] == ["dev", "prod"]
    assert text_of(page, ".environments [aria-current]") == "dev"
    assert "generated_dags/dev/a.py" in text_of(page, ".facts")
    page = pages.get("/pipelines/a.yml?environment=prod")
    assert "every hour" in text_of(page, ".facts")
    assert ["interval", "@hourly", "schedules/a.yml:5 for prod", "@daily from schedules/a.yml:3"] in [
        [cell.strip('"') for cell in row] for row in [[c.replace('"', "") for c in r] for r in _cells(page, ".values")]
    ]
    pages.get("/pipelines/a.yml?environment=test", status=404)
    pages.get("/pipelines/a.yml?environment=../x", status=404)


# The history


def test_the_history_follows_the_file(tmp_path: Path) -> None:
    pages = Pages(write(tmp_path, {"schedules/old.yml": EXTRACT_LOAD, "schedules/b.yml": EXTRACT_LOAD}))
    repository_of(tmp_path)
    git(tmp_path, "mv", "schedules/old.yml", "schedules/a.yml")
    git(tmp_path, "commit", "--quiet", "--message", "Rename one")
    write(tmp_path, {"schedules/b.yml": EXTRACT_LOAD + "owner: ada\n"})
    git(tmp_path, "commit", "--quiet", "--all", "--message", "Change the other")
    page = pages.get("/history/a.yml")
    assert [strong.get_text() for strong in page.select(".commits strong")] == ["Rename one", "First"]
    assert "Ada" in text_of(page, ".commits")
    assert "example.com" not in str(page)
    first = str(page.select(".commits details a")[1]["href"])
    assert "+extractor: tap-gitlab" in text_of(pages.get(first), ".patch")
    fragment = pages.get(first, 200, **{"HX-Request": "true"})
    assert fragment.select(".patch")
    assert not fragment.select("h1")
    other = git(tmp_path, "rev-parse", "HEAD")
    for name in (other, "HEAD", "--output=x", "", "0" * 40):
        assert pages.client.get("/history/a.yml", params={"commit": name}).status_code == 404


def test_uncommitted_changes_are_reported(tmp_path: Path) -> None:
    pages = Pages(write(tmp_path, {"schedules/a.yml": EXTRACT_LOAD, "schedules/i.yml": EXTRACT_LOAD}))
    assert "not in a git repository" in text_of(pages.get("/history/a.yml"), "main p:not(.back)")
    git(tmp_path, "init", "--quiet")
    assert text_of(pages.get("/history/a.yml"), ".badge") == "not committed yet"
    write(tmp_path, {".gitignore": "i.yml\n"})
    git(tmp_path, "add", ".")
    assert text_of(pages.get("/history/a.yml"), ".badge") == "not committed yet"
    git(tmp_path, "commit", "--quiet", "--message", "Add")
    assert not pages.get("/history/a.yml").select(".badge")
    assert text_of(pages.get("/history/i.yml"), ".badge") == "ignored by git"
    write(tmp_path, {"schedules/a.yml": EXTRACT_LOAD + "owner: ada\n"})
    page = pages.get("/history/a.yml")
    assert text_of(page, ".badge") == "modified"
    assert "+owner: ada" in text_of(page, ".patch")


def test_git_settings_have_no_effect(tmp_path: Path) -> None:
    """In a subfolder of a repository, with settings for colours, hidden files, signatures and programs."""
    root = write(tmp_path / "elt", {"schedules/a.yml": EXTRACT_LOAD})
    git(tmp_path, "init", "--quiet")
    for name, value in {
        "color.ui": "always",
        "diff.external": "touch ran",
        "diff.relative": "true",
        "diff.noprefix": "true",
        "log.showRoot": "false",
        "log.showSignature": "true",
        "log.follow": "false",
    }.items():
        git(tmp_path, "config", name, value)
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "Add\x01\x02 it")
    write(root, {"schedules/a.yml": EXTRACT_LOAD + "owner: ada\n"})
    page = Pages(root).get("/history/a.yml")
    assert text_of(page, ".commits strong") == r"Add\x01\x02 it"
    assert "+owner: ada" in text_of(page, ".patch")
    link = page.select_one(".commits details a")
    assert link
    assert "+extractor: tap-gitlab" in text_of(Pages(root).get(str(link["href"])), ".patch")
    assert not list(tmp_path.rglob("ran"))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("params: {a: 1}", "params: {a: true}"),
        ("params: {a: 1}", "params: {a: 1.0}"),
        ("params: {a: [1]}", "params: {a: [true]}"),
        ("params: {a: 1, b: 2}", "params: {b: 2, a: 1}"),
        ("env: {A: x, B: y}", "env: {B: y, A: x}"),
    ],
)
def test_a_change_to_an_equal_value_is_detected(before: str, after: str, tmp_path: Path) -> None:
    """In Python, 1 equals True, and the order of a dict does not matter, but the DAG file differs."""
    workspace = Workspace(write(tmp_path, {"schedules/a.yml": f"{EXTRACT_LOAD}{before}\n"}))
    workspace.snapshot()
    write(tmp_path, {"schedules/a.yml": f"{EXTRACT_LOAD}{after}\n"})
    (change,) = (each for each in workspace.snapshot().changes if each.name.endswith("a.py"))
    assert [change] == [each for each in Workspace(tmp_path).snapshot().changes if each.name == change.name]


def test_an_error_does_not_drop_the_cache(tmp_path: Path) -> None:
    """The first page after the fix renders only the changed schedules."""
    workspace = Workspace(write(tmp_path, {"schedules/a.yml": EXTRACT_LOAD, "schedules/b.yml": EXTRACT_LOAD}))
    before = workspace.snapshot().reading.schedules
    write(tmp_path, {"schedules/b.yml": "retries: many\n"})
    assert not workspace.snapshot().is_compared
    write(tmp_path, {"schedules/b.yml": EXTRACT_LOAD})
    snapshot = workspace.snapshot()
    assert snapshot.is_compared
    assert snapshot.reading.schedules[0] is before[0]
