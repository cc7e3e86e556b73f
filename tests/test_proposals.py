"""Proposals: each change of a schedule on its own branch, pushed to a real bare repository."""

from __future__ import annotations

import shutil

import pytest
from git_repository import git, hook
from pages import Pages, form_of, text_of
from project_builder import EXTRACT_LOAD, dagpress, files_of, write
from team_repository import Team

from codegen.proposals import ProposalError, Proposals, State

_HOURLY = EXTRACT_LOAD.replace("@daily", "@hourly")
_WEEKLY = EXTRACT_LOAD.replace("@daily", "@weekly")


def _change(pages: Pages, file: str, text: str, status: int = 200, **fields: str) -> str:
    """Save another text of a schedule, and return the heading of the next page."""
    name = fields.get("proposal", "")
    draft = form_of(pages.get(f"/edit/{file}" + (f"?proposal={name}" if name else "")))
    return text_of(pages.post("/save", {**draft, "text": text, **fields}, status), "h1")


def _send(pages: Pages, name: str, title: str = "Hourly", *, status: int = 200) -> str:
    """Propose a draft, and return the text of the next page."""
    form = {"title": title, "description": "As the shop needs it."}
    return text_of(pages.post(f"/proposals/{name}/send", form, status), "main")


def _states(proposals: Proposals) -> dict[str, tuple[State, bool]]:
    """Return the state of each proposal, and whether it has unsent changes."""
    return {each.name: (each.state, each.is_unsent) for each in proposals.all()}


def test_a_proposal_is_a_commit_of_its_author_on_a_branch_that_passes_check(team: Team) -> None:
    proposals = team.proposals()
    pages = team.pages(proposals)
    before = files_of(team.checkout)
    assert _change(pages, "a.yml", _HOURLY) == "Change a draft"
    assert _states(proposals) == {"a": (State.DRAFT, True)}
    assert "dagpress/a" not in git(team.remote, "branch")
    page = _send(pages, "a")
    assert "Waiting for review" in page
    assert "Schedule: every day at 00:00 (UTC) → every hour (UTC)" in page
    shown = git(team.remote, "log", "-1", "--format=%an <%ae> %cn%n%B", "--name-only", "dagpress/a").split("\n")
    assert [line for line in shown if line] == [
        "Ada <ada@example.com> Server", "Hourly", "As the shop needs it.", "generated_dags/a.py", "schedules/a.yml",
    ]  # fmt: skip
    assert _states(proposals) == {"a": (State.PROPOSED, False)}
    assert files_of(team.checkout) == before
    assert git(team.checkout, "status", "--porcelain", "--branch") == "## main...origin/main"
    clone = team.clone("reviewer")
    git(clone, "switch", "--quiet", "dagpress/a")
    assert dagpress(clone, "check")[0] == 0


@pytest.mark.slow
def test_a_failed_save_creates_no_proposal_and_keeps_the_draft(team: Team) -> None:
    proposals = team.proposals()
    pages = team.pages(proposals)
    draft = form_of(pages.get("/edit/a.yml"))
    page = pages.post("/save", {**draft, "text": "loader: target-a\n"}, 422)
    assert form_of(page)["text"].replace("\r\n", "\n") == "loader: target-a\n"
    assert proposals.all() == []
    assert "dagpress/" not in git(team.checkout, "branch")


def test_a_proposal_without_an_author_is_not_created_and_keeps_the_draft(team: Team) -> None:
    pages = Pages(team.checkout, team.proposals())
    assert pages.client.get("/new", follow_redirects=False).headers["location"] == "/identity?next=%2Fnew"
    page = pages.post("/save", {"file": "b.yml", "text": _HOURLY, "base": ""}, 503)
    assert "author" in text_of(page, "[role=alert]")
    assert form_of(page)["text"].replace("\r\n", "\n") == _HOURLY


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("away", "cannot be reached"),
        ("declines", "rejected the push"),
        ("hook", "no more changes today"),
    ],
)
def test_a_failed_push_is_kept_and_repeated(team: Team, fault: str, expected: str) -> None:
    proposals = team.proposals()
    pages = team.pages(proposals)
    _change(pages, "a.yml", _HOURLY)
    away = team.folder / "away"
    if fault == "away":
        team.remote.rename(away)
    elif fault == "declines":
        (team.remote / "hooks").mkdir(exist_ok=True)
        (team.remote / "hooks/pre-receive").write_text("#!/bin/sh\nexit 1\n")
        (team.remote / "hooks/pre-receive").chmod(0o755)
    else:
        hook(team.checkout, "pre-commit", "echo no more changes today; exit 1")
    assert expected in _send(pages, "a")
    assert _states(proposals) == {"a": (State.DRAFT, True)}
    if fault == "away":
        away.rename(team.remote)
    elif fault == "declines":
        (team.remote / "hooks/pre-receive").unlink()
    else:
        (team.checkout / ".git/hooks/pre-commit").unlink()
    assert "Waiting for review" in _send(pages, "a")
    assert _states(proposals) == {"a": (State.PROPOSED, False)}


@pytest.mark.slow
def test_the_hooks_of_the_checkout_run(team: Team) -> None:
    """A relative `core.hooksPath` would name a folder in each working tree, also in a foreign proposal."""
    git(team.checkout, "config", "core.hooksPath", "schedules/hooks")
    hooks = write(team.folder / "one", {"run": "#!/bin/sh\necho ours >> ../../hooks-run\n"})
    other = team.clone("elsewhere")
    git(other, "switch", "--quiet", "--create", "dagpress/evil")
    path = other / "schedules/hooks/pre-commit"
    path.parent.mkdir()
    path.write_text(f"#!/bin/sh\ntouch {team.folder}/stolen\n")
    path.chmod(0o755)
    git(other, "add", "--all")
    git(other, "commit", "--quiet", "--message=A hook")
    git(other, "push", "--quiet", "origin", "dagpress/evil")
    (team.checkout / "schedules/hooks").mkdir()
    shutil.copy(hooks / "run", team.checkout / "schedules/hooks/pre-commit")
    (team.checkout / "schedules/hooks/pre-commit").write_text(f"#!/bin/sh\necho ours >> {team.folder}/run\n")
    (team.checkout / "schedules/hooks/pre-commit").chmod(0o755)
    pages = team.pages(team.proposals())
    _change(pages, "a.yml", _HOURLY, proposal="evil")
    _send(pages, "evil")
    assert (team.folder / "run").read_text() == "ours\n"
    assert not (team.folder / "stolen").exists()


@pytest.mark.slow
def test_a_proposal_is_renamed_if_its_branch_already_exists(team: Team) -> None:
    proposals = team.proposals()
    pages = team.pages(proposals)
    _change(pages, "a.yml", _HOURLY)
    other = team.clone("elsewhere")
    git(other, "push", "--quiet", "origin", "main:refs/heads/dagpress/a")
    team.change_main(b=_WEEKLY)
    git(team.remote, "update-ref", "refs/heads/dagpress/a", "main")
    assert "Waiting for review" in _send(pages, "a")
    assert proposals.get("a-2")
    assert git(team.remote, "show", "dagpress/a-2:schedules/a.yml") == _HOURLY.rstrip("\n")


@pytest.mark.slow
@pytest.mark.parametrize("side", ["proposal", "current"])
def test_an_updated_default_branch_is_merged_and_a_conflict_resolved(team: Team, side: str) -> None:
    """For a pipeline changed on both sides, and for one removed on the default branch."""
    proposals = team.proposals()
    pages = team.pages(proposals)
    _change(pages, "a.yml", _HOURLY)
    _change(pages, "b.yml", _HOURLY, proposal="a")
    _send(pages, "a")
    team.change_main("b", a=_WEEKLY, c=EXTRACT_LOAD)
    proposals.fetch()
    assert "cannot be merged yet" in text_of(pages.get("/proposals/a"), "main")
    page = pages.post("/proposals/a/update", {})
    assert "Which version do you want to keep?" in text_of(page, "main")
    assert [text_of(page, "ins"), text_of(page, "del")] == ['+interval: "@hourly"', '-interval: "@weekly"']
    pages.post("/proposals/a/update", {f"side:schedules/{name}.yml": side for name in "ab"})
    clone = team.clone("reviewer")
    git(clone, "switch", "--quiet", "dagpress/a")
    assert (clone / "schedules/a.yml").read_text() == (_HOURLY if side == "proposal" else _WEEKLY)
    assert (clone / "schedules/b.yml").exists() == (side == "proposal")
    assert (clone / "schedules/c.yml").exists()
    assert dagpress(clone, "check")[0] == 0


@pytest.mark.slow
def test_generated_files_never_conflict(team: Team) -> None:
    """Also if both sides change the same lines of the file of a folder."""
    write(team.checkout, {"dagpress.toml": 'airflow = "3.3"\nlayout = "folder"\n'})
    for name in ("x", "y"):
        write(team.checkout, {f"schedules/team/{name}.yml": EXTRACT_LOAD})
    dagpress(team.checkout, "generate")
    git(team.checkout, "add", "--all")
    git(team.checkout, "commit", "--quiet", "--message=Folders")
    git(team.checkout, "push", "--quiet", "origin", "main")
    proposals = team.proposals()
    pages = team.pages(proposals)
    _change(pages, "team/x.yml", _HOURLY + "owner: ada\n")
    team.change_main(**{"team/y": _WEEKLY + "owner: bob\n"})
    proposals.fetch()
    # The merge follows a commit for which others have to wait.
    hook(team.checkout, "pre-commit", "sleep 1.1")
    pages.post("/proposals/x/update", {})
    _send(pages, "x")
    clone = team.clone("reviewer")
    git(clone, "switch", "--quiet", "dagpress/x")
    assert dagpress(clone, "check")[0] == 0
    assert not git(clone, "merge-base", "--is-ancestor", "origin/main", "HEAD")


@pytest.mark.slow
def test_two_users_in_one_proposal_overwrite_nothing(team: Team) -> None:
    proposals = team.proposals()
    ada, bob = team.pages(proposals), team.pages(proposals, "Bob")
    _change(ada, "a.yml", _HOURLY)
    draft = form_of(bob.get("/edit/a.yml?proposal=a"))
    _change(ada, "a.yml", _WEEKLY, proposal="a")
    page = bob.post("/save", {**draft, "text": _HOURLY + "owner: bob\n"}, 409)
    assert text_of(page, "#conflict") == "The file has changed since you opened it"
    assert bob.post("/save", form_of(page)).select_one("h1")
    _send(bob, "a")
    assert next(iter(proposals.all())).authors == ["Ada", "Bob"]
    # Another user pushes to the branch from a clone.
    clone = team.clone("elsewhere")
    git(clone, "switch", "--quiet", "dagpress/a")
    write(clone, {"schedules/b.yml": _WEEKLY})
    dagpress(clone, "generate")
    git(clone, "commit", "--quiet", "--all", "--message=And weekly")
    _change(ada, "a.yml", _WEEKLY, proposal="a")
    git(clone, "push", "--quiet", "origin", "dagpress/a")
    assert "has commits that are not in this repository" in _send(ada, "a")
    output = text_of(ada.post("/proposals/a/update", {}), "main")
    assert "Waiting for review" in output
    assert "schedules/b.yml" in output


@pytest.mark.slow
def test_a_proposal_contains_several_pipelines_and_can_be_withdrawn(team: Team) -> None:
    proposals = team.proposals()
    pages = team.pages(proposals)
    _change(pages, "a.yml", _HOURLY)
    _change(pages, "b.yml", _HOURLY, proposal="a")
    pages.post("/save", {**form_of(pages.get("/new?proposal=a")), "new": "c", "text": _WEEKLY})
    assert next(iter(proposals.all())).files == [f"schedules/{name}.yml" for name in "abc"]
    _send(pages, "a")
    assert "Ada proposes a change to this pipeline" in text_of(pages.get("/edit/b.yml"), "main")
    assert "Ada proposes a change to this pipeline" in text_of(pages.get("/pipelines/b.yml"), "main")
    assert "Hourly" in text_of(pages.get("/?proposed=any"), "#list")
    page = pages.post("/proposals/a/withdraw", {})
    assert "No open proposals" in text_of(page, "main")
    for folder in (team.checkout, team.remote):
        assert "dagpress/" not in git(folder, "branch", "--all")
    assert len(git(team.checkout, "worktree", "list").splitlines()) == 1


@pytest.mark.slow
@pytest.mark.parametrize("way", ["--no-ff", "--squash", "closed"])
def test_an_ended_proposal_is_shown_as_ended(team: Team, way: str) -> None:
    proposals = team.proposals()
    pages = team.pages(proposals)
    _change(pages, "a.yml", _HOURLY)
    _send(pages, "a")
    if way == "closed":
        git(team.remote, "branch", "-D", "dagpress/a")
    else:
        team.merge("dagpress/a", way)
    proposals.fetch()
    state = State.CLOSED if way == "closed" else State.MERGED
    assert _states(proposals) == {"a": (state, False)}
    assert len(git(team.checkout, "worktree", "list").splitlines()) == 1
    assert text_of(pages.get("/proposals/a"), "h1") == f"Hourly {state.value}"
    assert (team.checkout / "schedules/a.yml").read_text() == (EXTRACT_LOAD if way == "closed" else _HOURLY)
    pages.get("/edit/a.yml?proposal=a", 404)


@pytest.mark.slow
@pytest.mark.parametrize("state", ["dirty", "another branch"])
def test_a_checkout_in_use_is_not_changed(team: Team, state: str) -> None:
    proposals = team.proposals()
    if state == "dirty":
        write(team.checkout, {"dagpress.toml": 'airflow = "3.3"\n# Mine.\n'})
    else:
        git(team.checkout, "switch", "--quiet", "--create", "work")
    before = git(team.checkout, "rev-parse", "HEAD")
    team.change_main(a=_HOURLY)
    pages = team.pages(proposals)
    _change(pages, "b.yml", _HOURLY)
    assert git(team.checkout, "rev-parse", "HEAD") == before
    assert proposals.lags
    # The proposal still starts from the up-to-date branch.
    assert (proposals.worktree("b") / "schedules/a.yml").read_text() == _HOURLY


@pytest.mark.slow
def test_a_proposal_with_other_files_cannot_be_changed_here(team: Team) -> None:
    clone = team.clone("elsewhere")
    git(clone, "switch", "--quiet", "--create", "dagpress/make")
    write(clone, {"Makefile": "all:\n", "schedules/a.yml": _HOURLY})
    git(clone, "add", "--all")
    git(clone, "commit", "--quiet", "--message=Make")
    git(clone, "push", "--quiet", "origin", "dagpress/make")
    proposals = team.proposals()
    pages = team.pages(proposals)
    assert "Continue on its branch in a clone" in text_of(pages.get("/proposals/make"), "main")
    assert "not pipelines" in text_of(pages.get("/edit/a.yml?proposal=make", 404), "main")
    with pytest.raises(ProposalError, match="not pipelines"):
        proposals.worktree("make")


@pytest.mark.slow
def test_a_draft_survives_a_restart_of_the_server(team: Team) -> None:
    _change(team.pages(team.proposals()), "a.yml", _HOURLY)
    proposals = team.proposals()
    assert [(each.name, each.authors, each.state) for each in proposals.all()] == [("a", ["Ada"], State.DRAFT)]
    assert _send(team.pages(proposals, "Bob"), "a")
