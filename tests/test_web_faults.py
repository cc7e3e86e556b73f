"""The Pipelines page with a hostile or broken project or Airflow."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from examples import sample
from git_repository import isolate_git, repository_of
from loopback_servers import Reply, replying
from pages import Pages, text_of
from project_builder import EXTRACT_LOAD, dagpress, write

from codegen.airflow import http_client
from codegen.web.parts import code

_SECRET = "outside-of-the-project"  # noqa: S105  # not a real secret
_SECONDS = 1.0


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    isolate_git(monkeypatch, tmp_path)
    root = write(tmp_path / "project", {"schedules/a.yml": EXTRACT_LOAD})
    assert dagpress(root, "generate")[0] == 0
    return repository_of(root)


def test_the_target_of_a_symlink_to_the_outside_is_not_shown(project: Path) -> None:
    write(project.parent, {"there.yml": f"# {_SECRET}\n{EXTRACT_LOAD}", "there.py": f"# {_SECRET}\n"})
    (project / "schedules/link.yml").symlink_to(project.parent / "there.yml")
    (project / "generated_dags/a.py").unlink()
    (project / "generated_dags/a.py").symlink_to(project.parent / "there.py")
    pages = Pages(project)
    assert "this symlink points outside the git work tree" in pages.text("/")
    absent = ("/pipelines/link.yml", "/edit/link.yml", "/delete/link.yml")
    for address, status in (*((each, 404) for each in absent), ("/commit", 200), ("/edit/a.yml", 200)):
        assert _SECRET not in pages.text(address, status)
    for address, form, status in (
        ("/delete/link.yml", {"base": ""}, 404),
        ("/preview", {"file": "link.yml", "text": EXTRACT_LOAD}, 200),
        ("/preview", {"file": "a.yml", "text": EXTRACT_LOAD, "base": "x"}, 200),
    ):
        assert _SECRET not in str(pages.post(address, form, status))


@pytest.mark.parametrize("kind", sample(["nowhere", "odd.yml", "pipe", "large"], 2))
def test_a_schedule_that_is_not_a_regular_file_has_pages(project: Path, kind: str) -> None:
    path = project / "schedules/odd.yml"
    pages = Pages(project)
    pages.get("/")
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "large":
        path.touch()
        os.truncate(path, 10**11)
    else:
        path.symlink_to(kind)
    assert "odd.yml" in pages.text("/")
    pages.get("/pipelines/odd.yml")
    pages.get("/edit/odd.yml", 409)
    pages.get("/commit")
    pages.post("/preview", {"file": "odd.yml", "text": EXTRACT_LOAD})


def test_a_file_name_that_is_not_utf_8_is_in_the_list(project: Path) -> None:
    left = os.fsencode(project) + b"/generated_dags/\xff.py"
    with open(left, "wb") as file:  # noqa: PTH123  # the name is bytes
        file.write((project / "generated_dags/a.py").read_bytes())
    pages = Pages(project)
    pages.get("/")
    assert r"\udcff.py" in str(pages.post("/generate", {}))
    assert not os.path.exists(left)  # noqa: PTH110  # likewise


def test_a_moved_project_is_not_created_again(project: Path) -> None:
    pages = Pages(project)
    token = pages.token
    project.rename(project.with_name("moved"))
    for address in ("/", "/commit"):
        assert "was removed" in pages.text(address, 500)
    typed = {"csrf": token, "file": "b.yml", "text": EXTRACT_LOAD}
    answer = pages.client.post("/save", data=typed)
    assert answer.status_code == 500
    assert "tap-gitlab" in answer.text
    assert not project.exists()


def test_a_changed_file_with_the_same_size_and_mtime_is_read_again(project: Path) -> None:
    """As after `rsync --times` and `touch --reference`."""
    path = project / "schedules/a.yml"
    path.write_text(EXTRACT_LOAD + "owner: one\n")
    pages, before = Pages(project), path.stat()
    assert "one" in pages.text("/")
    path.write_text(EXTRACT_LOAD + "owner: two\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert "owner=two" in pages.text("/")


@pytest.mark.parametrize("text", ["%" * 60_000, "@" * 60_000])
def test_syntax_highlighting_is_fast_and_loses_no_text(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code, "_TIMEOUT", 0.1)
    start = time.process_time()
    lines = code.lines_of(f"a: b\n{text}\nc: d", "yaml")
    assert time.process_time() - start < _SECONDS
    assert ["".join(piece.text for piece in line) for line in lines] == ["a: b", text, "c: d"]


def test_a_response_that_arrives_byte_by_byte_times_out(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_client, "_SESSION_TIMEOUT", 0.2)
    ended, whole = threading.Event(), threading.Event()

    def drip(server: socket.socket) -> None:
        with suppress(OSError):
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
                for _ in range(600):
                    connection.sendall(b"x")
                    if ended.wait(0.1):
                        return
                # Reached only if the client reads to the end: otherwise, sending fails before.
                whole.set()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=drip, args=(server,), daemon=True).start()
        pages = Pages(project, DAGPRESS_AIRFLOW_URL=f"http://127.0.0.1:{server.getsockname()[1]}")
        page = pages.get("/airflow/a.yml")
        ended.set()
    assert not whole.is_set()
    assert "Airflow" in text_of(page, ".error")


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_a_date_at_the_end_of_the_calendar_is_reported(project: Path, moment: str) -> None:
    dag = {"dag_id": "meltano_a", "is_paused": False, "is_stale": False, "has_import_errors": False}
    run = {"dag_id": "meltano_a", "dag_run_id": "r", "state": "success", "start_date": moment, "end_date": moment}
    answers = {
        "/api/v2/version": Reply(b'{"version": "3.3.2"}'),
        "/auth": Reply(b'{"access_token": "t"}', status=201),
        "/api/v2/dags/~": Reply(json.dumps({"dag_runs": [run], "total_entries": 1}).encode()),
        "/api/v2/dags/": Reply(json.dumps(dag).encode()),
        "": Reply(b'{"content": ""}'),
    }
    with replying(answers) as server:
        pages = Pages(project, DAGPRESS_AIRFLOW_URL=f"http://127.0.0.1:{server.port}")
        for zone in ("America/Los_Angeles", "Pacific/Kiritimati"):
            pages.client.cookies.set("timezone", zone)
            assert "not one of Airflow's REST API" in text_of(pages.get("/airflow/a.yml"), ".error")
