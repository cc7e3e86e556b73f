"""Proposals with hostile branches, worktrees of users, and crashes: no foreign code runs, and no change is lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from git_repository import git, hook
from pages import Pages, form_of, text_of
from project_builder import EXTRACT_LOAD, files_of, write
from team_repository import Team

from codegen.git import run
from codegen.project import read_project
from codegen.proposals import Proposals, State

_HOURLY = EXTRACT_LOAD.replace("@daily", "@hourly")
_WEEKLY = EXTRACT_LOAD.replace("@daily", "@weekly")


def _change(pages: Pages, file: str, text: str, **fields: str) -> str:
    """Save another text of a schedule, and return the heading of the next page."""
    name = fields.get("proposal", "")
    draft = form_of(pages.get(f"/edit/{file}" + (f"?proposal={name}" if name else "")))
    return text_of(pages.post("/save", {**draft, "text": text, **fields}), "h1")


def _send(pages: Pages, name: str, status: int = 200) -> str:
    return text_of(pages.post(f"/proposals/{name}/send", {"title": "Hourly"}, status), "main")


def _push(team: Team, branch: str, files: dict[str, str], *options: str) -> Path:
    """Push a commit with these files from another clone, and return it."""
    clone = team.clone("elsewhere")
    is_there = f"origin/{branch}" in git(clone, "branch", "--all")
    git(clone, "switch", "--quiet", *([] if is_there else ["--create"]), branch)
    if is_there:
        git(clone, "pull", "--quiet", "--ff-only", "origin", branch)
    write(clone, files)
    git(clone, "add", "--all")
    git(clone, "commit", "--quiet", "--message=<script>alert(1)</script>", *options)
    git(clone, "push", "--quiet", "origin", branch)
    return clone


def _of(root: Path, state: Path) -> tuple[Proposals, Pages]:
    """Return the proposals and the pages of a new server."""
    project, problems = read_project(root)
    assert project, problems
    proposals = Proposals(project, state)
    pages = Pages(root, proposals)
    pages.post("/identity", {"name": "-x", "email": "ada@example.com", "next": "/"})
    return proposals, pages


@pytest.mark.slow
def test_proposals_never_write_into_the_checkout(team: Team) -> None:
    """Also if a proposal cannot be changed here or anymore."""
    _push(team, "dagpress/make", {"Makefile": "all:\n"})
    proposals = team.proposals()
    pages = team.pages(proposals)
    before = files_of(team.checkout)
    draft = form_of(pages.get("/edit/a.yml"))
    assert text_of(pages.post("/save", {**draft, "text": _HOURLY, "proposal": "make"}), "h1").endswith("a draft")
    _send(pages, "a")
    team.merge("dagpress/a")
    proposals.fetch()
    write(team.checkout, {"schedules/b.yml": _WEEKLY})
    commit = git(team.checkout, "rev-parse", "HEAD")
    for action in ("send", "update"):
        assert "merged" in text_of(pages.post(f"/proposals/a/{action}", {"title": "Again"}, 409), "[role=alert]")
    assert text_of(pages.get("/proposals/a/withdraw"), "title").startswith("Remove ")
    assert git(team.checkout, "rev-parse", "HEAD") == commit
    assert files_of(team.checkout)["schedules/b.yml"] == _WEEKLY.encode() != before["schedules/b.yml"]


@pytest.mark.slow
def test_no_code_of_a_proposal_runs(team: Team) -> None:
    """Neither its hooks in a relative `core.hooksPath`, nor files of it that the hooks of the checkout run."""
    stolen = team.folder / "stolen"
    git(team.checkout, "config", "core.hooksPath", "schedules/hooks")
    hooks = ("post-index-change", "reference-transaction", "post-checkout", "post-merge", "post-commit", "pre-push")
    script = f"#!/bin/sh\necho $0 >> {stolen}\n"
    clone = write(team.clone("elsewhere"), {f"schedules/hooks/{name}": script for name in hooks})
    for name in hooks:
        (clone / "schedules/hooks" / name).chmod(0o755)
    _push(team, "dagpress/a", {"schedules/a.yml": _HOURLY})
    proposals = team.proposals()
    pages = team.pages(proposals)
    pages.post("/save", {**form_of(pages.get("/new?proposal=a")), "new": "c", "text": _WEEKLY})
    assert "Waiting for review" in _send(pages, "a")
    team.change_main(a=_WEEKLY)
    pages.post("/proposals/a/update", {"side:schedules/a.yml": "current"})
    assert not stolen.exists(), stolen.read_text()
    # A hook of the checkout that runs a file of the working tree, as pre-commit does with its configuration.
    write(team.checkout, {"schedules/hooks/pre-commit": "#!/bin/sh\nif test -e run.sh; then sh run.sh; fi\n"})
    (team.checkout / "schedules/hooks/pre-commit").chmod(0o755)
    git(clone, "switch", "--quiet", "main")
    _push(team, "dagpress/a", {"run.sh": f"touch {stolen}\n"})
    _change(pages, "b.yml", _WEEKLY, proposal="a")
    assert "in a clone of the repository" in text_of(pages.post("/proposals/a/update", {}), "main")
    assert "not pipelines" in _send(pages, "a", 409)
    pages.get("/edit/b.yml?proposal=a", 404)
    assert (team.folder / "state").exists()
    assert not stolen.exists()


@pytest.mark.slow
def test_an_unusual_branch_breaks_no_page(team: Team) -> None:
    clone = _push(team, f"dagpress/{'x' * 200}", {"schedules/a.yml": _HOURLY})
    git(clone, "switch", "--quiet", "main")
    _push(team, "dagpress/future", {"schedules/a.yml": _HOURLY}, "--date=@99999999999999 +0000")
    unrelated = git(clone, "commit-tree", "HEAD^{tree}", "-m", "<script>alert(1)</script>")
    git(clone, "push", "--quiet", "origin", f"{unrelated}:refs/heads/dagpress/unrelated")
    git(clone, "switch", "--quiet", "main")
    git(clone, "switch", "--quiet", "--create", "dagpress/links")
    for name, target in (("out", "/etc/passwd"), ("git", "../.git"), ("loop", "loop.yml"), ("up", "../dagpress.toml")):
        (clone / f"schedules/{name}.yml").symlink_to(target)
    git(clone, "update-index", "--add", "--cacheinfo", f"160000,{git(clone, 'rev-parse', 'HEAD')},schedules/sub")
    git(clone, "add", "schedules/*.yml")
    git(clone, "commit", "--quiet", "--message=Submodule")
    git(clone, "push", "--quiet", "origin", "dagpress/links")
    proposals = team.proposals()
    pages = team.pages(proposals)
    names = [each.name for each in proposals.all()]
    assert len(names) == 4
    for address in ("/", "/proposals", "/edit/a.yml", *(f"/proposals/{name}" for name in names)):
        assert "<script>alert" not in pages.text(address)
    assert "in a clone of the repository" in text_of(pages.get("/proposals/unrelated"), "main")
    for file in ("out", "git", "loop"):
        assert "root:" not in pages.client.get(f"/edit/{file}.yml?proposal=links").text
    for name in names:
        pages.post(f"/proposals/{name}/withdraw", {})
    assert proposals.all() == []
    assert git(team.remote, "branch") == "* main"


@pytest.mark.slow
def test_worktrees_of_users_are_unchanged(team: Team) -> None:
    """Also if their branch is merged or withdrawn."""
    proposals = team.proposals()
    pages = team.pages(proposals)
    own = team.folder / "mine"
    git(team.checkout, "worktree", "add", "--quiet", "-b", "dagpress/mine", str(own))
    write(own, {"schedules/a.yml": _HOURLY})
    git(own, "commit", "--quiet", "--all", "--message=Mine")
    assert "cannot be changed here" in text_of(pages.get("/proposals/mine"), "main")
    pages.post("/proposals/mine/withdraw", {}, 409)
    git(own, "push", "--quiet", str(team.remote), "dagpress/mine")
    write(own, {"notes.txt": "precious"})
    team.merge("dagpress/mine")
    proposals.fetch()
    assert proposals.all()[0].state is State.MERGED
    assert (own / "notes.txt").exists()


@pytest.mark.slow
def test_a_merged_proposal_with_unsent_changes_stays_open(team: Team) -> None:
    proposals = team.proposals()
    pages = team.pages(proposals)
    _change(pages, "a.yml", _HOURLY)
    _send(pages, "a")
    _change(pages, "b.yml", _WEEKLY, proposal="a")
    team.merge("dagpress/a")
    git(team.remote, "branch", "-D", "dagpress/a")
    # The default branch is renamed, too.
    git(team.remote, "branch", "-m", "main", "trunk")
    proposals.fetch()
    assert proposals.default_branch == "trunk"
    assert proposals.all()[0].is_open
    _send(pages, "a")
    assert git(team.remote, "show", "dagpress/a:schedules/b.yml") == _WEEKLY.strip()


@pytest.mark.slow
@pytest.mark.parametrize("has_unsent", [False, True])
def test_a_rebased_branch_is_followed_unless_there_are_unsent_changes(team: Team, *, has_unsent: bool) -> None:
    proposals = team.proposals()
    pages = team.pages(proposals)
    _change(pages, "a.yml", _HOURLY)
    _send(pages, "a")
    if has_unsent:
        _change(pages, "a.yml", _WEEKLY, proposal="a")
    team.change_main(b=_WEEKLY)
    clone = team.clone("elsewhere")
    git(clone, "switch", "--quiet", "dagpress/a")
    git(clone, "rebase", "--quiet", "main")
    git(clone, "push", "--quiet", "--force", "origin", "dagpress/a")
    proposals.fetch()
    path = proposals.worktree("a")
    assert (git(path, "rev-parse", "HEAD") == git(clone, "rev-parse", "HEAD")) is not has_unsent
    assert (path / "schedules/a.yml").read_text() == (_WEEKLY if has_unsent else _HOURLY)
    assert ("Someone else has sent changes" in text_of(pages.get("/proposals/a"), "main")) is has_unsent


@pytest.mark.slow
@pytest.mark.parametrize("what", ["lock", "merge", "checkout", "moved"])
def test_a_killed_server_continues_after_a_restart(team: Team, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    proposals = team.proposals()
    pages = team.pages(proposals)
    _change(pages, "a.yml", _HOURLY)
    path, root = proposals.worktree("a"), team.checkout
    if what == "lock":
        Path(git(path, "rev-parse", "--git-path", "index.lock")).write_text("")
    elif what == "merge":
        _send(pages, "a")
        team.change_main(b=_WEEKLY)
        git(path, "fetch", "--quiet", str(team.remote), "main")
        git(path, "merge", "--quiet", "--no-commit", "FETCH_HEAD")
    elif what == "checkout":
        # The time of its creation has a resolution of one second, so it can be the next one.
        monkeypatch.setattr("codegen.proposals.repository._UNUSED", timedelta(seconds=-2))
        half = proposals.worktree(proposals.begin("b", "Ada <ada@example.com>"))
        Path(git(half, "rev-parse", "--git-path", "index")).unlink()
        Path(git(half, "rev-parse", "--git-path", "locked")).write_text("initializing")
    else:
        root = team.folder / "moved to ü/project"
        root.parent.mkdir()
        team.checkout.rename(root)
        git(root, "remote", "set-url", "origin", str(team.remote))
    proposals, pages = _of(root, team.folder / "state")
    assert [each.name for each in proposals.all()] == ["a"]
    _change(pages, "a.yml", _HOURLY + "owner: ada\n", proposal="a")
    assert "Waiting for review" in _send(pages, "a")
    assert git(team.remote, "show", "dagpress/a:schedules/a.yml") == _HOURLY + "owner: ada"


@pytest.mark.slow
@pytest.mark.parametrize("place", ["linked", "shallow", "subfolder"])
def test_any_kind_of_checkout_works(team: Team, place: str) -> None:
    root, state = team.checkout, team.folder / "st ate ü"
    if place == "linked":
        root = team.folder / "linked"
        git(team.checkout, "switch", "--quiet", "--detach")
        git(team.checkout, "worktree", "add", "--quiet", str(root), "main")
    elif place == "shallow":
        # It fetches a single branch.
        root = team.folder / "shallow"
        git(team.folder, "clone", "--quiet", "--depth=1", f"file://{team.remote}", "shallow")
    else:
        (root / "sub").mkdir()
        for name in ("schedules", "generated_dags", "dagpress.toml"):
            git(root, "mv", name, f"sub/{name}")
        git(root, "commit", "--quiet", "--all", "--message=Sub")
        git(root, "push", "--quiet", "origin", "main")
        root /= "sub"
    proposals, pages = _of(root, state)
    _change(pages, "a.yml", _HOURLY)
    assert "Waiting for review" in _send(pages, "a")
    team.merge("dagpress/a")
    proposals.fetch()
    assert not proposals.lags
    assert [(each.state, each.files) for each in proposals.all()] == [(State.MERGED, ["schedules/a.yml"])]
    assert not [*state.rglob("dagpress.toml")]


@pytest.mark.slow
def test_ten_users_propose_at_once(team: Team) -> None:
    proposals = team.proposals()
    people = [team.pages(proposals, f"P{number}") for number in range(10)]

    def work(number: int) -> str:
        pages = people[number]
        pages.post("/save", {**form_of(pages.get("/new")), "new": f"new-{number % 7}", "text": _WEEKLY})
        name = next(each.name for each in proposals.all() if f"P{number}" in each.authors)
        return _send(pages, name)

    with ThreadPoolExecutor(10) as executor:
        assert all("Waiting for review" in page for page in executor.map(work, range(10)))
    assert [(each.state, each.is_unsent) for each in proposals.all()] == [(State.PROPOSED, False)] * 10


@pytest.mark.slow
def test_a_proposal_cannot_be_withdrawn_while_it_is_sent(team: Team) -> None:
    proposals = team.proposals()
    ada, bob = team.pages(proposals), team.pages(proposals, "Bob")
    _change(ada, "a.yml", _HOURLY)
    draft = form_of(bob.get("/edit/a.yml?proposal=a"))
    begun, go_on = team.folder / "begun", team.folder / "go-on"
    hook(team.checkout, "pre-push", f"touch {begun}; while ! test -e {go_on}; do sleep 0.1; done")
    with ThreadPoolExecutor(1) as executor:
        sent = executor.submit(_send, ada, "a")
        while not begun.exists():
            assert not sent.done()
        try:
            assert "being sent" in text_of(bob.post("/proposals/a/withdraw", {}, 409), "main")
        finally:
            go_on.touch()
        assert "Waiting for review" in sent.result()
    bob.post("/proposals/a/withdraw", {})
    # The concurrent change of another user is kept, and becomes another proposal.
    page = bob.post("/save", {**draft, "text": _WEEKLY}, 409)
    assert text_of(bob.post("/save", form_of(page)), "h1").endswith("a draft")


@pytest.mark.slow
def test_existing_folders_are_not_overwritten(team: Team) -> None:
    proposals = team.proposals()
    pages = team.pages(proposals)
    _change(pages, "a.yml", _HOURLY)
    _push(team, "dagpress/a", {"schedules/b.yml": _WEEKLY})
    # The proposal is renamed, but its folder is not.
    _send(pages, "a")
    assert {each.name for each in proposals.all()} == {"a", "a-2"}
    assert "b.yml" in text_of(pages.get("/proposals/a"), "main")
    proposals, pages = _of(team.checkout, team.checkout / "dagpress.toml")
    page = pages.post("/save", {**form_of(pages.get("/edit/a.yml")), "text": _HOURLY}, 503)
    assert form_of(page)["text"].replace("\r\n", "\n") == _HOURLY
    assert {each.name for each in proposals.all()} == {"a", "a-2"}


@pytest.mark.slow
def test_no_message_shows_the_credentials_of_a_remote(team: Team) -> None:
    git(team.checkout, "remote", "set-url", "origin", "https://sekret:token@127.0.0.1:1/team/shop.git")
    proposals = team.proposals()
    pages = team.pages(proposals)
    _change(pages, "a.yml", _HOURLY)
    shown = _send(pages, "a") + "".join(pages.text(address) for address in ("/", "/proposals", "/proposals/a"))
    assert "cannot be reached" in shown
    assert not any(word in shown for word in ("sekret", "token@"))
    with pytest.raises(Exception, match="could not read from https://host/") as raised:
        run(team.checkout, "-c", "alias.ask=!echo could not read from https://sekret:token@host/x >&2; false", "ask")
    assert "sekret" not in str(raised.value)
