"""Makes git repositories for tests, without the git configuration of this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

CONFIGURATION = "[user]\n\tname = Ada\n\temail = ada@example.com\n[init]\n\tdefaultBranch = main\n"


def isolate_git(monkeypatch: pytest.MonkeyPatch, folder: Path, configuration: str = CONFIGURATION) -> None:
    """Make git read only this configuration, in this process and its children."""
    file = folder / "gitconfig"
    file.write_text(configuration)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(file))
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    for who in ("AUTHOR", "COMMITTER"):
        for what in ("NAME", "EMAIL"):
            monkeypatch.delenv(f"GIT_{who}_{what}", raising=False)


def git(folder: Path, *arguments: str) -> str:
    """Call git, which must succeed, and return its output."""
    return subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout.rstrip(
        "\n"
    )


def repository_of(folder: Path) -> Path:
    """Make a folder a repository, commit its content, and return the folder."""
    folder.mkdir(exist_ok=True)
    # Git's sample hooks are a dozen files.
    git(folder, "init", "--quiet", "--template=")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message=First")
    return folder


def clone_of_this(folder: Path) -> Path:
    """Copy the working tree of Dagpress, as it would be committed, into a new repository."""
    root = Path(__file__).parent.parent
    if not (root / ".git").exists():
        pytest.skip("this project is no git repository here")
    for name in git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0"):
        if name and os.path.lexists(root / name):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, folder / name, follow_symlinks=False)
    git(folder, "init", "--quiet", "--template=")
    git(folder, "add", "--all")
    git(folder, "-c", "user.name=Ada", "-c", "user.email=ada@example.com", "commit", "--quiet", "--message=Clone")
    return folder


def copy_of(repository: Path, folder: Path) -> Path:
    """Copy a repository without starting git, and return the copy."""
    return Path(shutil.copytree(repository, folder, symlinks=True))


def hook(folder: Path, name: str, script: str) -> None:
    """Add a hook to the repository."""
    path = folder / ".git" / "hooks" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
