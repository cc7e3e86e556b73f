"""A team's repository for tests: a bare remote, the checkout of a server, and clones of users."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest
from git_repository import copy_of, git, isolate_git, repository_of
from pages import Pages
from project_builder import EXTRACT_LOAD, dagpress, write

from codegen.project import read_project
from codegen.proposals import Proposals

SERVER = "[user]\n\tname = Server\n\temail = server@example.com\n[init]\n\tdefaultBranch = main\n"


class Team(NamedTuple):
    """A remote, and the checkout of a server with proposals."""

    folder: Path

    @property
    def remote(self) -> Path:
        """The bare repository."""
        return self.folder / "remote.git"

    @property
    def checkout(self) -> Path:
        """The server's checkout."""
        return self.folder / "project"

    def proposals(self) -> Proposals:
        """Return the proposals, as after a restart of the server."""
        project, problems = read_project(self.checkout)
        assert project, problems
        return Proposals(project, self.folder / "state")

    def pages(self, proposals: Proposals, person: str = "Ada") -> Pages:
        """Return the pages in the browser of a user."""
        pages = Pages(self.checkout, proposals)
        pages.post("/identity", {"name": person, "email": f"{person.lower()}@example.com", "next": "/"})
        return pages

    def merge(self, branch: str, *options: str) -> None:
        """Merge a branch as a reviewer does on the git host."""
        with_merge = self.clone("reviewer")
        git(with_merge, "merge", "--quiet", *(options or ("--no-ff",)), f"origin/{branch}")
        if "--squash" in options:
            git(with_merge, "commit", "--quiet", "--message=Squashed (#1)")
        git(with_merge, "push", "--quiet", "origin", "main")

    def change_main(self, *removed: str, **files: str) -> None:
        """Push a commit with these schedules, and without the removed ones, to the default branch."""
        clone = self.clone("colleague")
        write(clone, {f"schedules/{name}.yml": text for name, text in files.items()})
        for name in removed:
            (clone / f"schedules/{name}.yml").unlink()
        assert dagpress(clone, "generate")[0] == 0
        git(clone, "add", "--all")
        git(clone, "commit", "--quiet", "--message=A colleague's change")
        git(clone, "push", "--quiet", "origin", "main")

    def clone(self, name: str) -> Path:
        """Return an up-to-date clone."""
        clone = self.folder / name
        if not clone.exists():
            git(self.folder, "clone", "--quiet", str(self.remote), name)
        git(clone, "pull", "--quiet", "--ff-only", "origin", "main")
        git(clone, "fetch", "--quiet", "--prune")
        return clone


def team_of(folder: Path) -> Team:
    """Make the repository, with the pipelines `a` and `b`."""
    team = Team(folder)
    root = write(team.checkout, {"schedules/a.yml": EXTRACT_LOAD, "schedules/b.yml": EXTRACT_LOAD})
    assert dagpress(root, "generate")[0] == 0
    repository_of(root)
    git(folder, "clone", "--quiet", "--bare", "project", "remote.git")
    git(root, "remote", "add", "origin", "../remote.git")
    git(root, "fetch", "--quiet")
    git(root, "branch", "--quiet", "--set-upstream-to=origin/main")
    return team


@pytest.fixture(scope="session")
def _original_team(tmp_path_factory: pytest.TempPathFactory) -> Team:
    folder = tmp_path_factory.mktemp("team")
    with pytest.MonkeyPatch.context() as monkeypatch:
        isolate_git(monkeypatch, folder, SERVER)
        return team_of(folder)


@pytest.fixture
def team(_original_team: Team, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Team:
    """A team's repository with the pipelines `a` and `b`."""
    isolate_git(monkeypatch, tmp_path, SERVER)
    return Team(copy_of(_original_team.folder, tmp_path / "team"))
