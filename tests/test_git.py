"""Commits with a real git: their content, and that a failed commit does not change the repository."""

from __future__ import annotations

from pathlib import Path

import pytest
from examples import sample
from git_repository import copy_of, git, hook, isolate_git, repository_of
from project_builder import write

from codegen.git import GitError, Head, Person, commit, committed_text, head_of, uncommitted


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with three files, to copy."""
    folder = tmp_path_factory.mktemp("original")
    with pytest.MonkeyPatch.context() as monkeypatch:
        isolate_git(monkeypatch, folder)
        return repository_of(write(folder / "repository", {"a.yml": "a\n", "b.yml": "b\n", "gone.yml": "gone\n"}))


@pytest.fixture
def repository(original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with three files."""
    isolate_git(monkeypatch, tmp_path)
    return copy_of(original, tmp_path / "repository")


def _state(repository: Path) -> tuple[str, ...]:
    """Return the state that a commit can change: HEAD, the index, changed files, and branches."""
    return git(repository, "status", "--porcelain=2", "--branch"), git(repository, "for-each-ref")


def test_only_the_named_files_are_committed(repository: Path) -> None:
    write(repository, {"a.yml": "A\n", "b.yml": "B\n", "sub/new.yml": "new\n", "other.yml": "other\n", "staged": ""})
    (repository / "gone.yml").unlink()
    git(repository, "add", "b.yml", "staged")
    head = commit(repository, ["a.yml", "sub/new.yml", "gone.yml"], "# Change three\n\nWith a body.\n")
    assert head == Head("main", git(repository, "rev-parse", "HEAD"))
    assert git(repository, "show", "--no-renames", "--name-status", "--format=%B%an", "HEAD").split("\n") == [
        "# Change three",
        "",
        "With a body.",
        "Ada",
        "",
        "M\ta.yml",
        "D\tgone.yml",
        "A\tsub/new.yml",
    ]
    assert git(repository, "status", "--porcelain").split("\n") == ["M  b.yml", "A  staged", "?? other.yml"]


@pytest.mark.parametrize("name", sample(["Ada Lovelace", "Ünal Çelik", "'\"$(x)", "a.b", "-o", "@ada"], 2))
def test_the_author_can_differ_from_the_committer(repository: Path, name: str) -> None:
    write(repository, {"a.yml": "A\n"})
    person = Person(name, "bob+x@example.com")
    assert not person.problems
    commit(repository, ["a.yml"], "Change a", variables=person.variables)
    shown = git(repository, "show", "--no-patch", "--format=%an <%ae>, %cn", "HEAD")
    # Git strips quotes from the ends of a name.
    assert shown == f"{name.lstrip(chr(39) + chr(34))} <bob+x@example.com>, Ada"


def test_a_new_branch_starts_at_head_and_is_checked_out(repository: Path) -> None:
    first = git(repository, "rev-parse", "main")
    write(repository, {"a.yml": "A\n", "b.yml": "B\n"})
    assert commit(repository, ["a.yml"], "Change a", "dagpress/a").branch == "dagpress/a"
    assert git(repository, "rev-parse", "--abbrev-ref", "HEAD") == "dagpress/a"
    assert git(repository, "rev-parse", "main", "HEAD^").split() == [first, first]
    assert uncommitted(repository, ["."]) == {"b.yml": True}


def test_an_existing_branch_is_checked_out_unless_changes_would_be_lost(repository: Path) -> None:
    git(repository, "branch", "fine")
    git(repository, "switch", "--quiet", "--create", "clashes")
    write(repository, {"a.yml": "theirs\n"})
    git(repository, "commit", "--quiet", "--all", "--message=Theirs")
    git(repository, "switch", "--quiet", "main")
    write(repository, {"a.yml": "mine\n"})
    before = _state(repository)
    with pytest.raises(GitError, match="would be overwritten"):
        commit(repository, ["a.yml"], "Change a", "clashes")
    assert _state(repository) == before
    assert (repository / "a.yml").read_text() == "mine\n"
    assert commit(repository, ["a.yml"], "Change a", "fine").branch == "fine"
    assert git(repository, "show", "fine:a.yml") == "mine"


@pytest.mark.parametrize("branch", sample(["new", "", "other"], 2))
@pytest.mark.parametrize("name", ["pre-commit", "commit-msg"])
def test_a_failing_hook_changes_nothing(repository: Path, branch: str, name: str) -> None:
    git(repository, "branch", "other")
    write(repository, {"a.yml": "A\n", "b.yml": "B\n", "new.yml": "new\n"})
    git(repository, "add", "b.yml")
    hook(repository, name, "echo 'a.yml: not like this'; exit 1")
    before = _state(repository)
    with pytest.raises(GitError, match=r"a\.yml: not like this"):
        commit(repository, ["a.yml", "new.yml"], "Change a", branch)
    assert _state(repository) == before
    assert (repository / "new.yml").read_text() == "new\n"


def test_hooks_see_only_the_committed_files(repository: Path) -> None:
    write(repository, {"a.yml": "A\n", "b.yml": "B\n", "new.yml": "new\n"})
    git(repository, "add", "b.yml")
    hook(repository, "pre-commit", 'git diff --cached --name-only > "$(git rev-parse --git-dir)/seen"')
    commit(repository, ["a.yml", "new.yml"], "Change a", "new")
    assert (repository / ".git/seen").read_text() == "a.yml\nnew.yml\n"


def test_a_failing_post_checkout_hook_changes_nothing(repository: Path) -> None:
    write(repository, {"a.yml": "A\n"})
    hook(repository, "post-checkout", "exit 1")
    before = _state(repository)
    with pytest.raises(GitError):
        commit(repository, ["a.yml"], "Change a", "new")
    assert _state(repository) == before


def test_an_invalid_branch_name_is_an_error(repository: Path) -> None:
    write(repository, {"a.yml": "A\n"})
    before = _state(repository)
    for branch in ("-d", "a..b", "a b", "@{-1}", "HEAD", "x.lock", "a~1", "/a", "a/", "\x07", "a\0b"):
        with pytest.raises(GitError, match="is not a valid branch name"):
            commit(repository, ["a.yml"], "Change a", branch)
    assert _state(repository) == before


def test_a_branch_below_another_is_an_error(repository: Path) -> None:
    write(repository, {"a.yml": "A\n"})
    before = _state(repository)
    with pytest.raises(GitError, match="main/a"):
        commit(repository, ["a.yml"], "Change a", "main/a")
    assert _state(repository) == before


def test_the_first_commit_of_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate_git(monkeypatch, tmp_path)
    folder = write(tmp_path / "new", {"a.yml": "a\n", "b.yml": "b\n"})
    git(folder, "init", "--quiet")
    assert head_of(folder) == Head("main", "")
    hook(folder, "pre-commit", "exit 1")
    for branch in ("", "other"):
        with pytest.raises(GitError):
            commit(folder, ["a.yml"], "First", branch)
        assert head_of(folder) == Head("main", "")
        assert git(folder, "status", "--porcelain").split("\n") == ["?? a.yml", "?? b.yml"]
    hook(folder, "pre-commit", "exit 0")
    assert committed_text(folder, "a.yml") is None
    assert commit(folder, ["a.yml"], "First", "other").branch == "other"
    assert git(folder, "ls-tree", "--name-only", "HEAD") == "a.yml"
    assert committed_text(folder, "a.yml") == "a\n"


def test_a_detached_head_requires_a_new_branch(repository: Path) -> None:
    git(repository, "switch", "--quiet", "--detach")
    first = head_of(repository)
    write(repository, {"a.yml": "A\n"})
    with pytest.raises(GitError, match="no branch is checked out"):
        commit(repository, ["a.yml"], "Change a")
    hook(repository, "pre-commit", "exit 1")
    with pytest.raises(GitError):
        commit(repository, ["a.yml"], "Change a", "new")
    assert head_of(repository) == first
    hook(repository, "pre-commit", "exit 0")
    assert commit(repository, ["a.yml"], "Change a", "new").branch == "new"


@pytest.mark.parametrize("what", ["merge", "rebase", "cherry-pick", "revert"])
def test_an_operation_in_progress_is_reported_with_the_fix(repository: Path, what: str) -> None:
    git(repository, "switch", "--quiet", "--create", "theirs")
    for text in ("theirs\n", "theirs again\n"):
        write(repository, {"b.yml": text})
        git(repository, "commit", "--quiet", "--all", f"--message={text}")
    git(repository, "switch", "--quiet", "main")
    write(repository, {"b.yml": "mine\n"})
    git(repository, "commit", "--quiet", "--all", "--message=Mine")
    with pytest.raises(Exception, match=what):
        git(repository, what, "theirs^" if what == "revert" else "theirs")
    write(repository, {"a.yml": "A\n"})
    before = git(repository, "status", "--porcelain"), git(repository, "for-each-ref")
    for branch in ("", "new"):
        with pytest.raises(GitError, match=rf"a {what} is in progress .*`git {what} --abort`"):
            commit(repository, ["a.yml"], "Change a", branch)
    assert (git(repository, "status", "--porcelain"), git(repository, "for-each-ref")) == before
    git(repository, what, "--abort")
    write(repository, {"a.yml": "A\n"})
    commit(repository, ["a.yml"], "Change a", "new")


@pytest.mark.parametrize("branch", ["", "new"])
def test_a_lock_of_another_git_process_is_reported(repository: Path, branch: str) -> None:
    write(repository, {"a.yml": "A\n"})
    before = _state(repository)
    (repository / ".git/index.lock").touch()
    with pytest.raises(GitError, match=r"index\.lock"):
        commit(repository, ["a.yml"], "Change a", branch)
    (repository / ".git/index.lock").unlink()
    assert _state(repository) == before


@pytest.mark.parametrize(
    ("configuration", "expected"),
    [
        ("[user]\n\tuseConfigOnly = true\n", "tell me who you are"),
        ("[user]\n\tname = A\n\temail = a@b\n[commit]\n\tgpgSign = true\n[gpg]\n\tprogram = /bin/false\n", "sign"),
    ],
)
def test_a_configuration_that_prevents_commits_is_reported(
    repository: Path, monkeypatch: pytest.MonkeyPatch, configuration: str, expected: str
) -> None:
    write(repository, {"a.yml": "A\n", "new.yml": ""})
    before = _state(repository)
    isolate_git(monkeypatch, repository.parent, configuration)
    with pytest.raises(GitError, match=expected):
        commit(repository, ["a.yml", "new.yml"], "Change a", "new")
    assert _state(repository) == before


def test_a_commit_needs_changes_and_a_message(repository: Path) -> None:
    write(repository, {".gitignore": "*.py\n", "a.py": "", "b.yml": "B\n"})
    for names in ([], ["a.yml"], ["a.py"], ["no.yml"]):
        with pytest.raises(GitError, match="nothing to commit"):
            commit(repository, names, "Change a", "new")
    with pytest.raises(GitError, match="needs a message"):
        commit(repository, ["b.yml"], " \n", "new")
    assert git(repository, "branch", "--format=%(refname:short)") == "main"


def test_a_project_in_a_subfolder_and_unusual_names_work(repository: Path) -> None:
    odd = ["a b.yml", "-x.yml", "*.yml", "ü.yml", ":(top)a.yml", '"q".yml']
    write(repository / "team/project", dict.fromkeys((*odd, "c.yml"), ""))
    write(repository, {"a.yml": "A\n", "ü.yml": ""})
    project = repository / "team/project"
    assert uncommitted(project, ["."]) == dict.fromkeys((*odd, "c.yml"), False)
    commit(project, odd, "Add odd names")
    committed = git(repository, "-c", "core.quotePath=false", "show", "-z", "--format=", "--name-only", "HEAD")
    assert sorted(committed.removesuffix("\0").split("\0")) == sorted(f"team/project/{name}" for name in odd)
    assert uncommitted(project, ["."]) == {"c.yml": False}


def test_a_worktree_has_its_own_branch(repository: Path) -> None:
    other = repository.parent / "other"
    git(repository, "worktree", "add", "--quiet", "-b", "other", str(other))
    write(other, {"a.yml": "A\n"})
    with pytest.raises(GitError, match="already"):
        commit(other, ["a.yml"], "Change a", "main")
    assert commit(other, ["a.yml"], "Change a", "new").branch == "new"
    assert head_of(repository).branch == "main"


def test_a_folder_outside_a_repository_is_reported(tmp_path: Path) -> None:
    with pytest.raises(GitError, match="not a git repository"):
        head_of(tmp_path)
