"""Saving, deleting and committing on the Pipelines page, and their failures."""

from __future__ import annotations

import errno
import os
import re
import resource
import subprocess
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path

import pytest
from examples import sample
from git_repository import copy_of, git, hook, isolate_git, repository_of
from pages import Pages, form_of, text_of
from project_builder import EXTRACT_LOAD, dagpress, files_of, project_of, write

from codegen.pipeline.file_name import problem_of
from codegen.web.editing.drafts import version_of

_HOURLY = EXTRACT_LOAD.replace("@daily", "@hourly")


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generated and committed project with one schedule, to copy."""
    folder = tmp_path_factory.mktemp("original")
    root = write(folder / "project", {"schedules/a.yml": EXTRACT_LOAD})
    assert dagpress(root, "generate")[0] == 0
    with pytest.MonkeyPatch.context() as monkeypatch:
        isolate_git(monkeypatch, folder)
        return repository_of(root)


@pytest.fixture
def project(original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A generated and committed project with one schedule."""
    isolate_git(monkeypatch, tmp_path)
    return copy_of(original, tmp_path / "project")


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project that no test changes, next to an unrelated folder."""
    folder = tmp_path_factory.mktemp("untouched")
    write(folder, {"outside/there.yml": EXTRACT_LOAD})
    root = write(folder / "project", {"schedules/a.yml": EXTRACT_LOAD})
    (root / "schedules/folder.yml").mkdir()
    (root / "schedules/out").symlink_to(folder / "outside")
    (root / "schedules/link.yml").symlink_to(folder / "outside/there.yml")
    before = files_of(folder)
    yield root
    assert files_of(folder) == before


@pytest.fixture(scope="module")
def untouched_pages(untouched: Path) -> Pages:
    """The pages of that project."""
    return Pages(untouched)


def _draft(project: Path, text: str, file: str = "a.yml") -> dict[str, str]:
    """Return the fields that the editor of a file sends with another text."""
    return {"file": file, "text": text, "base": version_of((project / "schedules" / file).read_text())}


def test_saving_writes_the_schedule_and_its_dag_file_and_shows_them(project: Path) -> None:
    write(project, {"schedules/a.yml": "# kept\n" + EXTRACT_LOAD})
    pages = Pages(project)
    draft = form_of(pages.get("/edit/a.yml"))
    page = pages.post("/save", {**draft, "text": draft["text"].replace("@daily", "@hourly")})
    assert (project / "schedules/a.yml").read_text() == "# kept\n" + _HOURLY
    assert dagpress(project, "check")[0] == 0
    assert text_of(page, "h1") == "Changed a.yml"
    assert text_of(page, ".effects") == "Schedule: every day at 00:00 (UTC) → every hour (UTC)."
    assert [text_of(part, "h3 code") for part in page.select(".change")] == ["schedules/a.yml", "generated_dags/a.py"]
    assert text_of(page, ".change del") == '-interval: "@daily"'
    assert text_of(page, ".change ins") == '+interval: "@hourly"'


def test_reloading_the_result_writes_nothing(project: Path) -> None:
    pages = Pages(project)
    form = {"csrf": pages.token, "file": "b.yml", "text": _HOURLY, "base": ""}
    answer = pages.client.post("/save", data=form, follow_redirects=False)
    assert answer.status_code == 303
    write(project, {"schedules/b.yml": EXTRACT_LOAD})
    before = files_of(project)
    assert text_of(pages.get(answer.headers["location"]), "h1") == "Added b.yml"
    assert files_of(project) == before


@pytest.mark.parametrize(
    ("there", "typed", "wanted"),
    sample(
        [
            (b"# a\r\nX", "# a\r\nY", b"# a\r\nY"),
            (b"# a\nX", "# a\r\nY", b"# a\nY"),
            (b"\xef\xbb\xbf# a\nX", "# a\r\nY", b"\xef\xbb\xbf# a\nY"),
            (b"\xef\xbb\xbf# a\r\nX", "\ufeff# a\r\nY", b"\xef\xbb\xbf# a\r\nY"),
            (b"# a\r\n# b\r\n# c\nX", "# a\r\n# b\r\n# c\r\nY", b"# a\r\n# b\r\n# c\nY"),
            (b"# a\r\n# b\r\n# c\nX", "# a\r\n# b\r\n# c\r\nX", b"# a\r\n# b\r\n# c\nX"),
        ],
        3,
    ),
)
def test_saving_keeps_line_ends_and_the_byte_order_mark(project: Path, there: bytes, typed: str, wanted: bytes) -> None:
    first, last = b"extractor: tap-a\nloader: target-a\n", "interval: '@daily' # "
    ends = b"\r\n" if b"\r\n" in there else b"\n"

    def whole(text: bytes) -> bytes:
        head, _, tail = text.rpartition(b"\n")
        return head + b"\n" + first.replace(b"\n", ends) + last.encode() + tail

    (project / "schedules/a.yml").write_bytes(whole(there))
    pages = Pages(project)
    draft = form_of(pages.get("/edit/a.yml"))
    head, _, tail = typed.rpartition("\r\n")
    text = f"{head}\r\n{first.decode()}{last}{tail}".replace("\r\n", "\n").replace("\n", "\r\n")
    pages.post("/save", {**draft, "text": text})
    assert (project / "schedules/a.yml").read_bytes() == whole(wanted)


def test_errors_are_reported_and_nothing_is_written_or_lost(project: Path) -> None:
    pages = Pages(project)
    before = files_of(project)
    typed = EXTRACT_LOAD + "ownr: </textarea><script>alert(1)</script>\n"
    page = pages.post("/save", {"file": "b.yml", "text": typed, "base": ""}, status=422)
    assert "did you mean owner" in text_of(page, ".diagnostics")
    assert form_of(page)["text"] == typed.replace("\n", "\r\n")
    assert not page.select("script:not([src]):not([type=importmap])")
    assert files_of(project) == before


def test_an_error_in_another_schedule_is_shown_and_the_dag_file_is_written(project: Path) -> None:
    """Unless it is in a dependency."""
    write(project, {"schedules/broken.yml": "extractor: [\n"})
    pages = Pages(project)
    page = pages.post("/save", _draft(project, _HOURLY))
    assert "schedules/broken.yml" in text_of(page, ".diagnostics")
    assert "were not generated" not in text_of(page, "main")
    generated = (project / "generated_dags/a.py").read_text()
    assert "every hour" in generated
    waiting = f"{EXTRACT_LOAD.replace('interval', '# interval')}after: broken\n"
    page = pages.post("/save", _draft(project, waiting))
    assert "were not generated" in text_of(page, "main")
    assert (project / "schedules/a.yml").read_text() == waiting
    assert (project / "generated_dags/a.py").read_text() == generated


def test_an_error_of_a_schedule_in_the_same_file_blocks_the_write(tmp_path: Path) -> None:
    """The preview and the page for deleting report it; the preview still shows the block."""
    files = {f"schedules/x/{name}.yml": EXTRACT_LOAD for name in "ab"}
    project = write(tmp_path, {"dagpress.toml": 'layout = "folder"\n', **files})
    dagpress(project, "generate")
    before = (project / "generated_dags/x.py").read_text()
    write(project, {"schedules/x/a.yml": "extractor: [\n"})
    pages = Pages(project)
    draft = _draft(project, _HOURLY, "x/b.yml")
    page = pages.post("/preview", draft)
    assert "other pipelines in the same file have 1 error" in text_of(page, "#preview .warning")
    assert "schedules/x/a.yml:2:1" in text_of(page, "#preview .warning")
    changes = [" ".join(line.get_text().split()) for line in page.select("#changes .patch > *")]
    assert '- schedule="@daily",' in changes
    assert re.match(r"@@ -(\d+),\d+ \+\1,\d+ @@", changes[0])
    assert "DAG files were not generated" in text_of(pages.post("/save", draft), "main")
    assert (project / "schedules/x/b.yml").read_text() == _HOURLY
    assert "stays unchanged until" in text_of(pages.get("/delete/x/b.yml"), "main p.warning")
    assert (project / "generated_dags/x.py").read_text() == before


def test_a_commit_of_a_shared_file_names_the_uncommitted_schedules(project: Path) -> None:
    files = {f"schedules/x/{name}.yml": EXTRACT_LOAD for name in "bc"}
    write(project, {"dagpress.toml": 'layout = "folder"\n', **files})
    dagpress(project, "generate")
    repository_of(project)
    pages = Pages(project)
    for name in "bc":
        page = pages.post("/save", _draft(project, _HOURLY, f"x/{name}.yml"))
    assert [item.text for item in page.select("form .files code")] == ["generated_dags/x.py", "schedules/x/c.yml"]
    assert "It contains the DAGs of schedules/x/b.yml but not that file" in text_of(page, "form .warning")
    assert not pages.get("/commit").select("form .warning")


def test_concurrent_changes_of_pipelines_in_one_file_are_all_saved(tmp_path: Path) -> None:
    project = write(tmp_path, {"dagpress.toml": 'layout = "folder"\n', "schedules/x/a.yml": EXTRACT_LOAD})
    dagpress(project, "generate")
    pages = Pages(project)
    forms = [{"csrf": pages.token, "file": f"x/b{number}.yml", "base": "", "text": _HOURLY} for number in range(3)]
    with futures.ThreadPoolExecutor(len(forms)) as pool:
        answers = list(pool.map(lambda form: pages.client.post("/save", data=form), forms))
    assert [answer.status_code for answer in answers] == [200] * len(forms)
    assert dagpress(project, "check")[0] == 0
    for name in ("a", "b0", "b1", "b2"):
        page = pages.post(f"/delete/x/{name}.yml", form_of(pages.get(f"/delete/x/{name}.yml")))
        assert text_of(page, ".generated .change:last-of-type h3") == (
            f"generated_dags/x.py {'deleted' if name == 'b2' else 'changed'}"
        )
    assert not (project / "generated_dags/x.py").exists()


def test_a_concurrently_changed_file_is_not_overwritten(project: Path) -> None:
    pages = Pages(project)
    draft = _draft(project, EXTRACT_LOAD + "owner: mine\n")
    write(project, {"schedules/a.yml": EXTRACT_LOAD + "owner: theirs\n"})
    before = files_of(project)
    page = pages.post("/save", draft, status=409)
    assert files_of(project) == before
    assert "owner: theirs" in text_of(page, ".on-disk")
    assert (text_of(page, "del"), text_of(page, "ins")) == ("-owner: theirs", "+owner: mine")
    assert "owner: mine" in form_of(page)["text"]
    # Saving again is a decision of the user.
    pages.post("/save", form_of(page))
    assert (project / "schedules/a.yml").read_text() == EXTRACT_LOAD + "owner: mine\n"


def test_a_concurrently_deleted_file_is_written_only_after_confirmation(project: Path) -> None:
    pages = Pages(project)
    draft = _draft(project, EXTRACT_LOAD)
    dagpress(project, "schedule", "remove", "a")
    page = pages.post("/save", draft, status=409)
    assert not (project / "schedules/a.yml").exists()
    assert text_of(page, "main h2") == "The file was removed"
    pages.post("/save", form_of(page))
    assert (project / "schedules/a.yml").read_text() == EXTRACT_LOAD


def test_texts_that_are_too_long_to_compare_are_still_shown(project: Path) -> None:
    pages = Pages(project)
    draft = _draft(project, "# mine\n# again\n" * 3_000)
    write(project, {"schedules/a.yml": "# theirs\n# again\n" * 3_000})
    page = pages.post("/save", draft, status=409)
    assert text_of(page, ".patch") == "\\ 6,000 lines are too many to compare here"
    assert text_of(page, ".on-disk").startswith("# theirs # again")
    assert form_of(page)["text"].startswith("# mine")


def test_a_new_file_does_not_replace_an_existing_one(project: Path) -> None:
    before = files_of(project)
    page = Pages(project).post("/save", {"file": "a.yml", "text": _HOURLY, "base": ""}, status=409)
    assert files_of(project) == before
    assert text_of(page, "main h2") == "A file with this name already exists"


def test_an_equal_concurrent_change_is_not_a_conflict(project: Path) -> None:
    pages = Pages(project)
    draft = _draft(project, _HOURLY)
    write(project, {"schedules/a.yml": _HOURLY})
    page = pages.post("/save", draft)
    # The other change did not generate.
    assert [text_of(part, "h3 code") for part in page.select(".change")] == ["generated_dags/a.py"]
    assert text_of(pages.post("/save", draft), "h1") == "a.yml is already up to date"


def test_one_of_several_concurrent_saves_wins_and_the_others_see_both(project: Path) -> None:
    pages = Pages(project)
    forms = [{"csrf": pages.token, **_draft(project, f"{EXTRACT_LOAD}owner: tab{number}\n")} for number in range(5)]
    with futures.ThreadPoolExecutor(len(forms)) as pool:
        answers = list(pool.map(lambda form: pages.client.post("/save", data=form), forms))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * (len(forms) - 1)
    winner = next(form for form, answer in zip(forms, answers, strict=True) if answer.status_code == 200)
    assert (project / "schedules/a.yml").read_text() == winner["text"]
    assert dagpress(project, "check")[0] == 0
    for form, answer in zip(forms, answers, strict=True):
        if answer.status_code == 409:
            own, won = form["text"].split()[-1], winner["text"].split()[-1]
            assert f"+owner: {own}" in answer.text
            assert f"-owner: {won}" in answer.text


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("", "The pipeline needs a name"),
        ("../a.yml", "below the schedules folder"),
        ("x/../../a.yml", "below the schedules folder"),
        ("/etc/a.yml", "below the schedules folder"),
        ("x//a.yml", "empty or start with `.` or `_`"),
        ("x/./a.yml", "empty or start with `.` or `_`"),
        (".hidden/a.yml", "empty or start with `.` or `_`"),
        (".a.yml", "empty or start with `.` or `_`"),
        ("x\\a.yml", "backslash"),
        ("a.py", "must end in"),
        ("a.yml/", "empty or start with `.` or `_`"),
        ("team/_defaults.yaml", "start with `.` or `_`"),
        ("a\x00.yml", "invisible characters"),
        ("a\n.yml", "invisible characters"),
        ("a\u202e.yml", "invisible characters"),
        ("x" * 240 + ".yml", "too long"),
        ("x/" * 600 + "a.yml", "too long"),
        ("a.yml/b.yml", "is a file"),
        ("folder.yml", "is not a regular file"),
        ("out/b.yml", "leads out of the project"),
        ("link.yml", "leads out of the project"),
    ],
)
def test_other_files_cannot_be_opened(untouched: Path, file: str, expected: str) -> None:
    assert expected in problem_of(project_of(untouched), file)


@pytest.mark.parametrize(("file", "expected"), [("../a.yml", "below the schedules folder"), ("link.yml", "leads out")])
def test_other_files_cannot_be_written(untouched_pages: Pages, file: str, expected: str) -> None:
    page = untouched_pages.post("/save", {"file": file, "text": _HOURLY, "base": ""}, status=422)
    assert expected in text_of(page, "[role=alert]")
    assert form_of(page)["text"] == _HOURLY.replace("\n", "\r\n")


def test_a_symlink_loop_is_reported(project: Path) -> None:
    (project / "schedules/loop").symlink_to("loop")
    page = Pages(project).post("/save", {"file": "loop/b.yml", "text": _HOURLY, "base": ""}, status=422)
    assert "cannot be read" in text_of(page, "[role=alert]")


@pytest.mark.parametrize(
    "file", sample(["team/new folder/b.YAML", "con.yml", "a b.yml", "'\"<b>.yml", "100% #1?.yml", "ü.yml"], 3)
)
def test_unusual_names_are_saved_edited_and_deleted(project: Path, file: str) -> None:
    pages = Pages(project)
    text = _HOURLY + "name: odd\n"
    page = pages.post("/save", {"file": file, "text": text, "base": ""})
    assert text_of(page, "h1") == f"Added {file}"
    assert (project / "schedules" / file).read_text() == text
    link = page.select_one("form .button")
    assert link
    address = str(link["href"]).removeprefix("/pipelines")
    assert form_of(pages.get(f"/edit{address}"))["file"] == file
    page = pages.post(f"/delete{address}", form_of(pages.get(f"/delete{address}")))
    assert text_of(page, "h1") == f"Deleted {file}"
    assert not (project / "schedules" / file).exists()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: " + "[" * 20_000, "nested deeper"),
        ("# " + "x" * 1_000_001, "larger than 1000000 bytes"),
        ("", "empty"),
    ],
)
def test_hostile_yaml_is_an_error(untouched_pages: Pages, text: str, expected: str) -> None:
    page = untouched_pages.post("/save", {"file": "b.yml", "text": text, "base": ""}, status=422)
    assert expected in text_of(page, ".diagnostics")


def test_a_file_that_is_not_utf_8_is_not_overwritten_silently(project: Path) -> None:
    data = b"# \xff\n" + EXTRACT_LOAD.encode()
    (project / "schedules/a.yml").write_bytes(data)
    pages = Pages(project)
    pages.get("/edit/a.yml", status=409)
    shown = data.decode("utf-8", "replace")
    draft = {"file": "a.yml", "text": shown, "base": version_of(shown)}
    page = pages.post("/save", draft, status=422)
    assert "not UTF-8" in text_of(page, "[role=alert]")
    assert (project / "schedules/a.yml").read_bytes().startswith(b"# \xff\n")
    pages.post("/save", {**draft, "text": draft["text"].replace("\ufffd", "ÿ")})
    assert (project / "schedules/a.yml").read_text() == "# ÿ\n" + EXTRACT_LOAD


def test_input_is_kept_with_a_broken_configuration(project: Path) -> None:
    pages = Pages(project)
    form = {"csrf": pages.token, "file": "a.yml", "text": "\n" + _HOURLY, "base": "x"}
    write(project, {"dagpress.toml": "airflow = 3\n"})
    answer = pages.client.post("/save", data=form)
    assert answer.status_code == 500
    output = text_of(pages.get("/", status=500), ".diagnostics")
    assert "dagpress.toml:1:11 expected text in quotes, got a number" in output
    assert f"\n\n{_HOURLY}".replace('"', "&#34;") in answer.text


def test_a_full_disk_is_reported_and_no_file_is_incomplete(project: Path) -> None:
    """Simulated by a limit on the file size: the write fails in the middle."""
    pages = Pages(project)
    typed = _HOURLY + "# " + "x" * 3000 + "\n"
    before = files_of(project)
    bounds = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, bounds[1]))
    try:
        page = pages.post("/save", _draft(project, typed), status=500)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, bounds)
    output = text_of(page, "[role=alert]")
    assert os.strerror(errno.EFBIG) in output
    assert "No files written" in output
    assert form_of(page)["text"] == typed.replace("\n", "\r\n")
    assert files_of(project) == before
    pages.post("/save", form_of(page))
    assert dagpress(project, "check")[0] == 0


def test_files_written_before_a_failure_are_reported(project: Path) -> None:
    """A mount point cannot be replaced by a file."""
    pages = Pages(project)
    draft = _draft(project, _HOURLY)
    generated = project / "generated_dags/a.py"
    if subprocess.run(["mount", "--bind", generated, generated], check=False, capture_output=True).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        page = pages.post("/save", draft, status=500)
    finally:
        subprocess.run(["umount", generated], check=True)
    output = text_of(page, "[role=alert]")
    assert output.startswith(f"generated_dags/a.py : this file cannot be written: {os.strerror(errno.EBUSY)}. ")
    assert "Files written before the error: schedules/a.yml" in output
    assert (project / "schedules/a.yml").read_text() == _HOURLY
    assert dagpress(project, "check")[0] == 1
    pages.post("/save", form_of(page))
    assert dagpress(project, "check")[0] == 0


def test_a_refused_deletion_names_the_pipelines_that_depend_on_it(project: Path) -> None:
    write(project, {"schedules/x/b.yml": EXTRACT_LOAD.replace('interval: "@daily"', "after: a")})
    page = Pages(project).get("/delete/a.yml")
    assert "while other pipelines depend on it: b . Change them first." in text_of(page, "main p")
    assert [link["href"] for link in page.select("main p a[href^='/edit']")] == ["/edit/x/b.yml"]
    assert not page.select("button.danger")


def test_deleting_shows_the_files_and_asks_for_confirmation(project: Path) -> None:
    pages = Pages(project)
    before = files_of(project)
    page = pages.get("/delete/a.yml")
    assert [text_of(part, "h3") for part in page.select(".change")] == [
        "schedules/a.yml deleted",
        "generated_dags/a.py deleted",
    ]
    assert text_of(page, ".effects li").startswith("Removed: loads tap-gitlab into target-postgres")
    assert files_of(project) == before
    page = pages.post("/delete/a.yml", form_of(page))
    assert text_of(page, "h1") == "Deleted a.yml"
    assert before.keys() - files_of(project).keys() == {"schedules/a.yml", "generated_dags/a.py"}
    pages.get("/delete/a.yml", status=404)
    pages.post("/delete/a.yml", {"base": ""}, status=404)


def test_a_pipeline_with_dependents_cannot_be_deleted(project: Path) -> None:
    write(project, {"schedules/b.yml": 'extractor: tap-a\nloader: target-a\nafter: a\ninterval: "@manual"\n'})
    pages = Pages(project)
    page = pages.get("/delete/a.yml")
    assert "schedules/b.yml" in text_of(page, ".diagnostics")
    assert not page.select("form")
    pages.post("/delete/a.yml", {"base": version_of(EXTRACT_LOAD)}, status=422)
    assert (project / "schedules/a.yml").exists()


def test_a_concurrently_changed_file_is_not_deleted(project: Path) -> None:
    pages = Pages(project)
    form = form_of(pages.get("/delete/a.yml"))
    write(project, {"schedules/a.yml": _HOURLY})
    page = pages.post("/delete/a.yml", form, status=409)
    assert "@hourly" in text_of(page, ".change")
    assert (project / "schedules/a.yml").read_text() == _HOURLY
    pages.post("/delete/a.yml", form_of(page))
    assert not (project / "schedules/a.yml").exists()


def test_a_commit_contains_only_the_pipeline(project: Path) -> None:
    write(project, {"schedules/c.yml": EXTRACT_LOAD, "README": "staged\n"})
    git(project, "add", "README")
    pages = Pages(project)
    page = pages.post("/save", {"file": "team/b.yml", "text": _HOURLY, "base": ""})
    form = form_of(page)
    assert (form["branch"], form["message"]) == ("dagpress/b", "Add pipeline b")
    assert "schedules/c.yml" in text_of(page, "details")
    page = pages.post("/commit", form)
    head = git(project, "rev-parse", "HEAD")
    assert [text_of(page, "dd:nth-of-type(1)"), text_of(page, "dd:nth-of-type(2)")] == [head, "dagpress/b"]
    files = git(project, "show", "--format=%s", "--name-only", "HEAD").split()
    assert files == ["Add", "pipeline", "b", "generated_dags/team/b.py", "schedules/team/b.yml"]
    assert git(project, "status", "--porcelain").split("\n") == ["A  README", "?? schedules/c.yml"]
    # The next commit is on the same branch by default.
    assert form_of(pages.post("/save", _draft(project, _HOURLY)))["branch"] == "dagpress/b"


def test_a_commit_of_everything_contains_only_schedules_and_generated_files(project: Path) -> None:
    """Also deleted ones, but no other files in their folders."""
    others = {
        "generated_dags/__pycache__/a.cpython-311.pyc": "\0",
        "generated_dags/own.py": "",
        "schedules/notes.md": "",
    }
    write(project, {"schedules/c.yml": EXTRACT_LOAD, **others})
    (project / "generated_dags/a.py").unlink()
    pages = Pages(project)
    pages.post("/commit", form_of(pages.get("/commit")))
    shown = git(project, "show", "--format=", "--name-status", "HEAD").splitlines()
    assert shown == ["D\tgenerated_dags/a.py", "A\tschedules/c.yml"]


@pytest.mark.parametrize("branch", ["x;$(touch${IFS}y)", "+main"])
def test_the_push_command_pushes_only_the_branch(project: Path, tmp_path: Path, branch: str) -> None:
    """A branch name with a leading `+` would force the push."""
    git(project, "branch", "-M", "main")
    git(project, "init", "--quiet", "--bare", str(tmp_path / "remote"))
    git(project, "remote", "add", "origin", str(tmp_path / "remote"))
    git(project, "push", "--quiet", "origin", "HEAD:main")
    git(project, "commit", "--quiet", "--amend", "--message", "other")
    pages = Pages(project)
    form = form_of(pages.post("/save", {"file": "b.yml", "text": _HOURLY, "base": ""}))
    command = text_of(pages.post("/commit", {**form, "branch": branch}), ".command")
    before = git(tmp_path / "remote", "rev-parse", "main")
    subprocess.run(["bash", "-c", command], cwd=project, capture_output=True, check=True)
    assert git(tmp_path / "remote", "rev-parse", f"refs/heads/{branch}") == git(project, "rev-parse", "HEAD")
    assert git(tmp_path / "remote", "rev-parse", "refs/heads/main") == before
    assert not (project / "y").exists()


def test_a_commit_contains_earlier_saves_of_the_pipeline(project: Path) -> None:
    pages = Pages(project)
    pages.post("/save", {"file": "b.yml", "text": _HOURLY, "base": ""})
    draft = _draft(project, "# a comment\n" + _HOURLY, "b.yml")
    pages.post("/commit", form_of(pages.post("/save", draft)))
    assert git(project, "show", "--format=", "--name-only", "HEAD").split() == [
        "generated_dags/b.py",
        "schedules/b.yml",
    ]


def test_a_deletion_is_committed(project: Path) -> None:
    pages = Pages(project)
    page = pages.post("/delete/a.yml", form_of(pages.get("/delete/a.yml")))
    pages.post("/commit", form_of(page))
    shown = git(project, "show", "--format=%s", "--name-status", "--no-renames", "HEAD")
    assert shown.split("\n") == ["Delete pipeline a", "", "D\tgenerated_dags/a.py", "D\tschedules/a.yml"]


def test_a_failing_hook_is_reported_and_changes_nothing(project: Path) -> None:
    hook(project, "pre-commit", "echo 'no <b>commits</b> today' >&2; exit 1")
    pages = Pages(project)
    page = pages.post("/save", {"file": "b.yml", "text": _HOURLY, "base": ""})
    before = git(project, "status", "--porcelain", "--untracked-files=all")
    page = pages.post("/commit", {**form_of(page), "message": "Mine\r\n\r\nBody"}, status=422)
    assert "no <b>commits</b> today" in text_of(page, ".said")
    assert form_of(page)["message"] == "Mine\r\n\r\nBody"
    assert git(project, "status", "--porcelain", "--untracked-files=all") == before
    assert git(project, "branch", "--format=%(refname:short)") == "main"


def test_changes_since_the_page_was_shown_are_shown_and_not_committed(project: Path) -> None:
    pages = Pages(project)
    page = pages.post("/save", {"file": "b.yml", "text": _HOURLY, "base": ""})
    write(project, {"schedules/b.yml": _HOURLY + "owner: other\n"})
    page = pages.post("/commit", form_of(page), status=409)
    assert "Changed since they were saved: schedules/b.yml" in text_of(page, ".said")
    page = pages.get("/commit")
    assert "+owner: other" in text_of(page, ".change:last-of-type")
    pages.post("/commit", form_of(page))
    assert git(project, "status", "--porcelain") == ""
    assert text_of(pages.get("/commit"), "h2") == "Nothing to commit"


def test_a_project_in_a_subfolder_of_its_repository_is_committed(project: Path) -> None:
    write(project / "sub", {"schedules/x.yml": EXTRACT_LOAD})
    pages = Pages(project / "sub")
    page = pages.post("/save", {"file": "b.yml", "text": _HOURLY, "base": ""})
    assert "schedules/x.yml" in text_of(page, "details")
    pages.post("/commit", form_of(page))
    assert git(project, "show", "--format=", "--name-only", "HEAD").split() == [
        "sub/generated_dags/b.py",
        "sub/schedules/b.yml",
        "sub/schedules/schedule.schema.json",
    ]


def test_the_target_of_a_symlink_is_changed_and_committed(project: Path) -> None:
    write(project, {"shared/b.yml": EXTRACT_LOAD})
    (project / "schedules/b.yml").symlink_to("../shared/b.yml")
    dagpress(project, "generate")
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message=Link")
    pages = Pages(project)
    pages.post("/commit", form_of(pages.post("/save", _draft(project, _HOURLY, "b.yml"))))
    assert (project / "schedules/b.yml").is_symlink()
    assert git(project, "show", "--format=", "--name-only", "HEAD").split() == ["generated_dags/b.py", "shared/b.yml"]


def test_without_a_repository_files_are_saved(tmp_path: Path) -> None:
    project = write(tmp_path, {"schedules/a.yml": EXTRACT_LOAD})
    pages = Pages(project)
    page = pages.post("/save", {"file": "b.yml", "text": _HOURLY, "base": ""})
    assert "not in a git repository" in text_of(page, "section")
    assert not page.select("form")
    assert "not in a git repository" in text_of(pages.get("/commit"), "section")


def test_only_commits_have_a_page(project: Path) -> None:
    for commit in ("no", "HEAD", "--help", "0" * 40):
        Pages(project).get(f"/commits/{commit}", status=404)
