"""Runs commands, page requests and git hooks that write into one project concurrently, in separate processes.

`make races` runs 60 rounds. After each, every DAG file must be current, and every failure must have a message.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx2
from git_repository import CONFIGURATION, git, hook, repository_of
from pages import form_of, soup_of, text_of
from project_builder import EXTRACT_LOAD, write
from serving import serving

_DAGPRESS = Path(sys.executable).with_name("dagpress")
PLUGINS = "plugins:\n  extractors: [{name: tap-gitlab}]\n  loaders: [{name: target-postgres}]\n"
MOVED = """\
schedules:
- {name: moved, extractor: tap-gitlab, loader: target-postgres, transform: skip, interval: '@daily'}
"""
# Commands in a hook wait for each other, too.
_HOOK = f"""\
{_DAGPRESS} generate &
{_DAGPRESS} schedule set hooked --interval "$(cat .git/interval)" && wait $! && {_DAGPRESS} generate
"""
_COMMANDS = (
    ("generate",),
    ("generate",),
    ("schedule", "set", "s", "--interval", "{} 1 * * *"),
    ("schedule", "set", "s", "--start-date", "2024-01-31"),
    ("schedule", "remove", "late"),
    ("import",),
    ("import", "--move"),
    ("export",),
)


@dataclass(frozen=True)
class Outcome:
    """The outcome of one writer in a round; `is_reported` if it succeeded, or failed with a message."""

    name: str
    is_reported: bool
    output: str


def race(folder: Path, rounds: int) -> Iterator[list[str]]:
    """Run rounds, and yield the problems of each."""
    start = {"meltano.yml": PLUGINS + MOVED}
    start |= {f"schedules/{name}.yml": EXTRACT_LOAD for name in ("s", "late", "hooked", "paged")}
    project = repository_of(write(folder / "project", start))
    hook(project, "pre-commit", _HOOK)
    with serving(project) as server, ThreadPoolExecutor(10) as pool:
        for number in range(rounds):
            write(project, start)
            (project / "schedules/moved.yml").unlink(missing_ok=True)
            (project / ".git/interval").write_text(f"{number % 60} 2 * * *")
            work = [pool.submit(_command, project, [word.format(number % 60) for word in words]) for words in _COMMANDS]
            work.append(pool.submit(_save_and_commit, server.url, f"{number % 60} 3 * * *"))
            work.append(pool.submit(_generate_on_the_page, server.url))
            outcomes = [each.result() for each in work]
            git(project, "add", "--all")
            outcomes.append(_command(project, ["check"]))
            problems = [f"{each.name}: {each.output}" for each in outcomes if not each.is_reported]
            problems += [f"lost: {what}" for what in _lost(project, number % 60)]
            yield problems


def _command(project: Path, words: list[str]) -> Outcome:
    command = [str(_DAGPRESS), "--project", str(project), *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    return Outcome(" ".join(words), done.returncode == 0, f"exit {done.returncode}\n{done.stdout}{done.stderr}")


def _save_and_commit(url: str, interval: str) -> Outcome:
    """Save a schedule in the editor, and commit it; a hook that changes files must not cause a refusal."""
    with httpx2.Client(base_url=url, follow_redirects=True, timeout=300) as client:
        form = form_of(soup_of(client.get("edit/paged.yml").text))
        form |= {"text": EXTRACT_LOAD.replace("@daily", interval)}
        saved = client.post("save", data=form)
        if saved.status_code != 200:
            return Outcome("save", is_reported=False, output=text_of(soup_of(saved.text), "main"))
        sent = form_of(soup_of(saved.text)) | {"branch": "main"}
        page = client.post("commit", data=sent)
        while page.url.path.startswith("/operations/"):
            time.sleep(0.5)
            page = client.get(page.url)
        return Outcome("commit", page.url.path.startswith("/commits/"), text_of(soup_of(page.text), "main"))


def _generate_on_the_page(url: str) -> Outcome:
    with httpx2.Client(base_url=url, timeout=300) as client:
        form = form_of(soup_of(client.get("").text))
        page = client.post("generate", data={"csrf": form["csrf"]})
        return Outcome("Generate", page.status_code in {200, 503}, text_of(soup_of(page.text), "main"))


def _lost(project: Path, number: int) -> Iterator[str]:
    wanted = {
        "s": (f"{number} 1 * * *", "2024-01-31"),
        "hooked": (f"{number} 2 * * *",),
        "paged": (f"{number} 3 * * *",),
        "moved": ("tap-gitlab",),
    }
    for name, texts in wanted.items():
        for path in (f"schedules/{name}.yml", f"generated_dags/{name}.py"):
            text = (project / path).read_text() if (project / path).exists() else ""
            yield from (
                f"{each} in {path}"
                for each in texts
                if each not in text and not (each[:4] == "2024" and path.endswith(".py"))
            )
    yield from (f"{path} was left" for path in project.rglob("*.tmp") if ".git" not in path.parts)


def main() -> int:
    """Run the rounds, and print their problems."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    rounds = parser.parse_args().rounds
    failed = 0
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "gitconfig").write_text(CONFIGURATION)
        os.environ |= {"GIT_CONFIG_GLOBAL": f"{name}/gitconfig", "GIT_CONFIG_SYSTEM": os.devnull}
        for number, problems in enumerate(race(Path(name), rounds), 1):
            failed += bool(problems)
            print(f"round {number}: {'; '.join(problems) or 'all current'}", flush=True)
    print(f"{rounds - failed} of {rounds} rounds")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
