"""The steps after a commit on the Pipelines page: the push, the pull request, and switching back."""

from __future__ import annotations

from pathlib import Path

import pytest
from bs4 import Tag
from git_repository import copy_of, git, hook, isolate_git, repository_of
from pages import Pages, form_of, text_of
from project_builder import EXTRACT_LOAD, dagpress, write

_URL = "https://github.com/acme/lake.git"
_PRINTED = "https://github.com/acme/lake/pull/new/dagpress/b"


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a committed project and its remote, with a GitHub URL."""
    folder = tmp_path_factory.mktemp("original") / "both"
    root = write(folder / "project", {"schedules/a.yml": EXTRACT_LOAD})
    assert dagpress(root, "generate")[0] == 0
    with pytest.MonkeyPatch.context() as monkeypatch:
        isolate_git(monkeypatch, folder.parent)
        git(folder, "init", "--quiet", "--bare", "--template=", "remote")
        repository_of(root)
        git(root, "remote", "add", "origin", "../remote")
        git(root, "push", "--quiet", "origin", "main")
        git(root, "remote", "set-url", "origin", _URL)
        git(root, "config", "url.../remote.insteadOf", _URL)
    return folder


@pytest.fixture
def project(original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that project."""
    isolate_git(monkeypatch, tmp_path)
    return copy_of(original, tmp_path / "both") / "project"


def _commit(pages: Pages, **values: str) -> Tag:
    page = pages.post("/save", {"file": "b.yml", "text": EXTRACT_LOAD, "base": ""})
    return pages.post("/commit", form_of(page) | values)


def _press(pages: Pages, page: Tag, label: str, status: int = 200) -> Tag:
    """Submit the form of a button."""
    form = next(form for form in page.select("main form") if text_of(form, "button") == label)
    sent = {str(each["name"]): str(each["value"]) for each in form.select("input")}
    return pages.post(str(form["action"]), sent, status)


def _links(page: Tag) -> dict[str, str]:
    return {link.text: str(link["href"]) for link in page.select("main a")}


def test_a_commit_leads_to_the_pull_request_and_back(project: Path) -> None:
    remote, pages = project.parent / "remote", Pages(project)
    page = _commit(pages)
    assert "only on this machine. Pushing sends it to https://github.com/acme/lake.git" in text_of(page, ".panel")
    assert git(remote, "branch", "--format=%(refname:short)") == "main"
    page = _press(pages, page, "Push")
    assert git(remote, "rev-parse", "dagpress/b") == git(project, "rev-parse", "HEAD")
    assert text_of(page, "h2") == "Next: open the pull request"
    assert _links(page) == {
        "Open the pull request": "https://github.com/acme/lake/compare/main...dagpress/b?quick_pull=1",
        "Existing pull requests": "https://github.com/acme/lake/pulls?q=is%3Apr%20head%3Adagpress%2Fb",
        "All pipelines": "/",
    }
    write(project, {"schedules/a.yml": EXTRACT_LOAD + "owner: mine\n", "notes": "mine"})
    page = _press(pages, page, "Back to main")
    assert git(project, "status", "--porcelain", "--branch").splitlines() == [
        "## main", " M schedules/a.yml", "?? notes",
    ]  # fmt: skip
    # The pull request is still linked.
    assert "Open the pull request" in _links(page)
    assert "Back to" not in text_of(page, "main")


@pytest.mark.slow
def test_the_url_that_the_host_prints_takes_precedence(project: Path) -> None:
    hooks = project.parent / "remote/hooks"
    hooks.mkdir()
    (hooks / "post-receive").write_text(f"#!/bin/sh\necho 'Create a pull request:'\necho '  {_PRINTED}'\n")
    (hooks / "post-receive").chmod(0o755)
    pages = Pages(project)
    assert _links(_press(pages, _commit(pages), "Push"))["Open the pull request"] == _PRINTED


@pytest.mark.slow
def test_a_rejected_push_has_a_fix_and_can_be_repeated(project: Path) -> None:
    hook(project, "pre-push", "echo 'no <b>pushes</b> today' >&2; exit 1")
    pages = Pages(project)
    page = _press(pages, _commit(pages), "Push", 422)
    output = text_of(page, "[role=alert]")
    assert output == (
        "Nothing was pushed: a Git hook of this project rejected the push. no <b>pushes</b> today "
        "Fix what it reports, and push again."
    )
    (project / ".git/hooks/pre-push").unlink()
    git(project, "config", "url.../nothing.insteadOf", "../remote")
    git(project, "config", "url.../nothing.insteadOf", _URL)
    git(project, "config", "--remove-section", "url.../remote")
    assert "cannot be reached" in text_of(_press(pages, page, "Push", 422), "[role=alert]")
    git(project, "config", "--remove-section", "url.../nothing")
    git(project, "config", "url.../remote.insteadOf", _URL)
    assert text_of(_press(pages, page, "Push"), "h2") == "Next: open the pull request"


@pytest.mark.slow
def test_switching_back_loses_no_changes(project: Path) -> None:
    pages = Pages(project)
    page = _commit(pages)
    git(project, "switch", "--quiet", "main")
    write(project, {"schedules/a.yml": EXTRACT_LOAD + "owner: theirs\n"})
    git(project, "commit", "--quiet", "--all", "--message=Theirs")
    git(project, "switch", "--quiet", "dagpress/b")
    write(project, {"schedules/a.yml": EXTRACT_LOAD + "owner: mine\n"})
    refused = _press(pages, page, "Back to main", 422)
    assert text_of(refused, "[role=alert]") == (
        "The project stays on dagpress/b. switching to `main` would overwrite uncommitted changes of "
        "`schedules/a.yml` Commit or discard them first."
    )
    assert git(project, "rev-parse", "--abbrev-ref", "HEAD") == "dagpress/b"
    git(project, "checkout", "--quiet", "schedules/a.yml")
    pages.post(f"/back/{git(project, 'rev-parse', 'HEAD')}", {"back": "dagpress/b"}, 409)
    _press(pages, refused, "Back to main")
    _press(pages, refused, "Back to main", 409)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("prepare", "branch", "heading", "buttons"),
    [
        (("remote", "remove", "origin"), "", "It exists only on this machine", ["Back to main"]),
        (("remote", "remove", "origin"), "main", "It exists only on this machine", []),
        (("switch", "--create", "feature"), "dagpress/b", "Next: send it to your team", ["Push", "Back to feature"]),
        (("switch", "--create", "dagpress/a"), "dagpress/b", "Next: send it to your team", ["Push", "Back to main"]),
        (("switch", "--create", "feature"), "main", "Next: send it to your team", ["Push"]),
    ],
)
def test_the_next_steps_depend_on_the_repository(
    project: Path, prepare: tuple[str, ...], branch: str, heading: str, buttons: list[str]
) -> None:
    git(project, *prepare, *(["--quiet"] if prepare[0] == "switch" else []))
    pages = Pages(project)
    page = _commit(pages, **({"branch": branch} if branch else {}))
    assert text_of(page, "h2") == heading
    assert [button.text for button in page.select("main form button")] == buttons


def test_a_push_to_the_default_branch_is_the_last_step(project: Path) -> None:
    pages = Pages(project)
    page = _press(pages, _commit(pages, branch="main"), "Push")
    assert (text_of(page, "h2"), _links(page)) == ("Pushed", {"All pipelines": "/"})


def test_an_unknown_commit_is_not_found(project: Path) -> None:
    pages = Pages(project)
    for address in ("main", "--help", "0" * 40):
        pages.get(f"/commits/{address}", 404)
        pages.get(f"/operations/{address}", 404)
        pages.post(f"/push/{address}", {}, 404)
