"""A git repository for tests, whose git knows nothing of this machine's configuration."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

CONFIGURATION = "[user]\n\tname = Ada\n\temail = ada@example.com\n[init]\n\tdefaultBranch = main\n"


def isolate_git(monkeypatch: pytest.MonkeyPatch, folder: Path, configuration: str = CONFIGURATION) -> None:
    """Let git read that configuration alone, here and in every process that is begun from here."""
    file = folder / "gitconfig"
    file.write_text(configuration)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(file))
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    for who in ("AUTHOR", "COMMITTER"):
        for what in ("NAME", "EMAIL"):
            monkeypatch.delenv(f"GIT_{who}_{what}", raising=False)


def git(folder: Path, *arguments: str) -> str:
    """Call git, which must succeed; gives what it printed."""
    return subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout.rstrip(
        "\n"
    )


def repository_of(folder: Path) -> Path:
    """Make a repository of a folder, commit all that is in there, and give the folder back."""
    folder.mkdir(exist_ok=True)
    # The samples of hooks that git has would be a dozen files.
    git(folder, "init", "--quiet", "--template=")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message=First")
    return folder


def clone_of_this(folder: Path) -> Path:
    """Make a repository of this project in a new folder: the working tree as it would be committed."""
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
    """Copy a repository, which takes no process, and give the copy back."""
    return Path(shutil.copytree(repository, folder, symlinks=True))


def hook(folder: Path, name: str, script: str) -> None:
    """Give the repository a hook."""
    path = folder / ".git" / "hooks" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
