"""Fetches and pushes with real bare repositories as remotes, and their failures."""

from __future__ import annotations

import subprocess
from functools import partial
from pathlib import Path

import pytest
from git_repository import copy_of, git, hook, isolate_git, repository_of
from project_builder import write

from codegen.git import Failure, GitError, RemoteError, default_branch, fast_forward, fetch, push, remote_of, url_of


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a repository and its remote, to copy."""
    folder = tmp_path_factory.mktemp("original") / "both"
    folder.mkdir()
    with pytest.MonkeyPatch.context() as monkeypatch:
        isolate_git(monkeypatch, folder.parent)
        git(folder, "init", "--quiet", "--bare", "--template=", "remote")
        repository = repository_of(write(folder / "repository", {"a.yml": "a\n", "b.yml": "b\n"}))
        git(repository, "remote", "add", "origin", "../remote")
        git(repository, "push", "--quiet", "origin", "main")
    return folder


@pytest.fixture
def repository(original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository on `main`, with the bare repository `../remote` as its remote."""
    isolate_git(monkeypatch, tmp_path)
    return copy_of(original, tmp_path / "both") / "repository"


def _commit(repository: Path, text: str, name: str = "a.yml") -> str:
    write(repository, {name: text})
    git(repository, "add", name)
    git(repository, "commit", "--quiet", f"--message={text}")
    return git(repository, "rev-parse", "HEAD")


def _push_from_another_clone(repository: Path, text: str = "theirs\n") -> str:
    other = repository.parent / "other"
    git(repository.parent, "clone", "--quiet", "remote", "other")
    commit = _commit(other, text)
    git(other, "push", "--quiet")
    return commit


def _declines(remote: Path, name: str, says: str) -> None:
    path = remote / "hooks" / name
    path.parent.mkdir()
    path.write_text(f"#!/bin/sh\necho '{says}' >&2\nexit 1\n")
    path.chmod(0o755)


def test_a_branch_is_pushed_again_and_never_by_force(repository: Path) -> None:
    remote = repository.parent / "remote"
    for text in ("one\n", "two\n"):
        commit = _commit(repository, text)
        git(repository, "branch", "--force", "+new")
        push(repository, "origin", "+new")
        assert git(remote, "rev-parse", "refs/heads/+new") == commit
    assert remote_of(repository, "+new") == "origin"
    git(repository, "branch", "--force", "+new", "HEAD~2")
    with pytest.raises(RemoteError, match="has commits that are not in this repository") as refusal:
        push(repository, "origin", "+new")
    assert refusal.value.failure is Failure.MOVED
    assert git(remote, "rev-parse", "refs/heads/+new") == commit


@pytest.mark.parametrize(
    ("url", "failure", "expected"),
    [
        ("../nothing", Failure.UNREACHABLE, "`../nothing` cannot be reached: '../nothing' does not appear to be"),
        ("http://ada:secret@127.0.0.1:1/x.git", Failure.UNREACHABLE, "`http://127.0.0.1:1/x.git` cannot be reached"),
        ("https://nowhere.invalid/x.git", Failure.UNREACHABLE, "`https://nowhere.invalid/x.git` cannot be reached"),
    ],
)
def test_an_unreachable_remote_is_reported(
    repository: Path, monkeypatch: pytest.MonkeyPatch, url: str, failure: Failure, expected: str
) -> None:
    """Git's messages are in English in any locale."""
    monkeypatch.setenv("LANGUAGE", "de")
    git(repository, "remote", "set-url", "origin", url)
    for call in (partial(push, repository, "origin", "main"), partial(fetch, repository, "origin")):
        with pytest.raises(RemoteError) as refusal:
            call()
        assert refusal.value.failure is failure
        assert str(refusal.value).startswith(expected)
        assert "secret" not in str(refusal.value)
        assert "try again" in refusal.value.hint


@pytest.mark.parametrize("name", ["pre-receive", "update"])
def test_the_message_of_a_rejecting_host_is_reported(repository: Path, name: str) -> None:
    _declines(repository.parent / "remote", name, "GH006: Protected branch update failed for refs/heads/main.")
    _commit(repository, "one\n")
    with pytest.raises(RemoteError, match=r"`\.\./remote` rejected the push to the branch `main`: GH006") as refusal:
        push(repository, "origin", "main")
    assert refusal.value.failure is Failure.DECLINED
    assert "open a pull request" in refusal.value.hint


def test_a_read_only_remote_is_reported(repository: Path) -> None:
    """With a read-only mount, since root ignores permissions."""
    remote = repository.parent / "remote"
    _commit(repository, "one\n")
    commands = (("--bind", remote, remote), ("-o", "remount,bind,ro", remote))
    if any(subprocess.run(["mount", *each], check=False, capture_output=True).returncode for each in commands):
        pytest.skip("nothing can be mounted here")
    try:
        with pytest.raises(RemoteError, match="denies access") as refusal:
            push(repository, "origin", "main")
    finally:
        subprocess.run(["umount", remote], check=True)
    assert refusal.value.failure is Failure.FORBIDDEN


def test_the_message_of_a_failing_pre_push_hook_is_reported(repository: Path) -> None:
    hook(repository, "pre-push", "echo 'ruff: permission denied'; exit 1")
    with pytest.raises(
        RemoteError, match="a Git hook of this project rejected the push: ruff: permission denied"
    ) as refusal:
        push(repository, "origin", "main")
    assert refusal.value.failure is Failure.HOOK


def test_other_failures_show_the_message_of_git(repository: Path) -> None:
    with pytest.raises(GitError, match="src refspec refs/heads/none does not match any") as refusal:
        push(repository, "origin", "none")
    assert not isinstance(refusal.value, RemoteError)


def test_a_fetch_adds_new_branches_and_removes_deleted_ones(repository: Path) -> None:
    theirs = _push_from_another_clone(repository)
    git(repository.parent / "other", "tag", "v1")
    git(repository.parent / "other", "push", "--quiet", "--tags")
    git(repository, "update-ref", "refs/remotes/origin/old", "HEAD")
    fetch(repository, "origin")
    assert git(repository, "for-each-ref", "--format=%(refname)", "refs/remotes", "refs/tags") == (
        "refs/remotes/origin/main"
    )
    assert git(repository, "rev-parse", "origin/main") == theirs


def test_the_target_branch_of_pull_requests(repository: Path) -> None:
    """From git, else from the remote, else by its usual name."""
    remote = repository.parent / "remote"
    git(remote, "branch", "trunk", "main")
    assert default_branch(repository, "origin") == "main"
    git(remote, "symbolic-ref", "HEAD", "refs/heads/trunk")
    assert default_branch(repository, "origin") == "trunk"
    git(repository, "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
    assert default_branch(repository, "origin") == "main"
    git(repository, "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/removed")
    assert default_branch(repository, "origin") == "trunk"
    git(repository, "remote", "set-url", "origin", "../nothing")
    assert default_branch(repository, "origin") == "main"
    git(repository, "update-ref", "-d", "refs/remotes/origin/main")
    git(repository, "branch", "--move", "main", "mine")
    assert default_branch(repository, "origin") == ""


def test_only_a_clean_branch_is_fast_forwarded(repository: Path) -> None:
    before, theirs = git(repository, "rev-parse", "HEAD"), _push_from_another_clone(repository)
    fetch(repository, "origin")
    hook(repository, "post-merge", "touch ran")
    git(repository, "switch", "--quiet", "--create", "other")
    assert not fast_forward(repository, "main", "origin/main")
    git(repository, "switch", "--quiet", "main")
    # Git itself would refuse only if the incoming commits change the same file.
    write(repository, {"b.yml": "mine\n"})
    assert not fast_forward(repository, "main", "origin/main")
    assert ((repository / "b.yml").read_text(), git(repository, "rev-parse", "HEAD")) == ("mine\n", before)
    git(repository, "checkout", "--quiet", "b.yml")
    write(repository, {"untracked": ""})
    assert fast_forward(repository, "main", "origin/main")
    assert ((repository / "a.yml").read_text(), git(repository, "rev-parse", "HEAD")) == ("theirs\n", theirs)
    assert fast_forward(repository, "main", "origin/main")
    mine = _commit(repository, "mine\n")
    git(repository, "update-ref", "refs/remotes/origin/main", git(repository, "commit-tree", "-m", "x", "HEAD^{tree}"))
    assert not fast_forward(repository, "main", "origin/main")
    assert git(repository, "rev-parse", "HEAD") == mine
    assert not (repository / "ran").exists()


def test_the_remote_of_a_branch(repository: Path) -> None:
    git(repository, "remote", "rename", "origin", "backup")
    assert remote_of(repository, "main") == "backup"
    git(repository, "remote", "add", "origin", "https://example.com/origin.git")
    assert remote_of(repository, "main") == "origin"
    git(repository, "config", "branch.main.remote", "backup")
    assert remote_of(repository, "main") == "backup"
    for name in ("origin", "backup"):
        git(repository, "remote", "remove", name)
    assert remote_of(repository, "main") == ""


def test_the_url_of_a_remote_has_its_real_host(repository: Path) -> None:
    """`insteadOf` of git's configuration is applied."""
    git(repository, "config", "url.git@github.com:.insteadOf", "gh:")
    git(repository, "config", "url.../remote.insteadOf", "https://gitlab.com/acme/lake.git")
    for url, found in (
        ("gh:acme/lake.git", "git@github.com:acme/lake.git"),
        ("https://gitlab.com/acme/lake.git", "https://gitlab.com/acme/lake.git"),
        ("../remote", "../remote"),
    ):
        git(repository, "config", "remote.origin.url", url)
        assert url_of(repository, "origin") == found
