"""The detection of secrets, and harmless values that it must not report."""

from __future__ import annotations

import random
import string
import time
from pathlib import Path

import pytest
from examples import sample
from pages import Pages
from project_builder import EXTRACT_LOAD, dagpress, write
from secret_table import HARMLESS, POSSIBLE, RANDOM, SECRETS

from codegen.secrets.detection import is_secret, is_sensitive
from codegen.secrets.masking import masked


def test_a_secret_is_detected() -> None:
    assert [pair for pair in SECRETS if not is_secret(*pair)] == []


def test_a_harmless_value_is_not_reported() -> None:
    assert [pair for pair in HARMLESS if is_sensitive(*pair)] == []


def test_a_random_value_is_only_a_possible_secret() -> None:
    """It is a warning, and is masked like a secret."""
    assert [pair for pair in POSSIBLE if is_secret(*pair) or not is_sensitive(*pair)] == []


def test_most_random_keys_are_detected() -> None:
    """A rule that detects all of them would also report names."""
    drawn, alphabet = random.Random(4), string.ascii_letters + string.digits  # noqa: S311  # not a real secret
    keys = ["".join(drawn.choices(alphabet, k=40)) for _ in range(1000)]
    assert sum(is_sensitive("A", key) for key in keys) > 930


_UNITS = ["a", "TOKEN", "sk-", "a_", "Token: ", "--token ", "config set a ", "-", "- ", "{{", "{%", "[", "docker "]
_UNITS += ['curl "\\\n', "token=$A ", "token: |\n", "- &a [*a, PASSWORD: *a]\n", "password: 'x\n", "# token: x\n"]


@pytest.mark.parametrize("unit", sample(_UNITS, 3))
def test_detection_takes_linear_time(unit: str) -> None:
    """A rule that scans the whole text from each of its characters would take much longer."""
    text = unit * (10_000 // len(unit))
    started = time.process_time()
    is_sensitive("A", text)
    for name in ("a.yml", "a.py", "a"):
        masked(text, name)
    assert time.process_time() - started < 3


def test_a_secret_on_the_command_line_is_rejected_and_masked(tmp_path: Path) -> None:
    """`schedule add` and `schedule set` write nothing."""
    root = write(tmp_path, {"schedules/a.yml": EXTRACT_LOAD})
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    secret = "glpat-" + string.ascii_lowercase
    pair = ("--loader", "target-postgres")
    for arguments in (
        ("add", "new", "--extractor", secret, *pair, "--interval", "@daily"),
        ("set", "a", "--extractor", secret),
        ("set", "a", "--interval", secret),
    ):
        code, out, err = dagpress(root, "schedule", *arguments)
        assert code == 2
        assert "looks like a secret" in err
        assert secret not in out + err
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before


def test_messages_mask_secrets(tmp_path: Path) -> None:
    """Messages about YAML, defaults and unknown names quote the value, unless it is a secret."""
    text = """\
extractor: tap-a
loader: target-b
interval: "@daily"
params: {password: {type: integer, default: hunter2}}
env: {TAP_A_PASSWORD: 0123456, TAP_B_TOKEN: [hunter2]}
timezone: ghp_0123456789abcdefghijABCDEFGHIJ012345
"""
    code, _, err = dagpress(write(tmp_path, {"schedules/a.yml": text}), "validate")
    assert code == 2
    assert err.count("looks like a secret") == 4
    assert not any(secret in err for secret in ("hunter2", "0123456", "ghp_"))


def test_a_possible_secret_is_a_warning_and_masked_in_other_messages(tmp_path: Path) -> None:
    """Other errors of the value are reported; a comment silences the warning."""
    text = f"{EXTRACT_LOAD}timezone: {RANDOM}  # dagpress: ignore[possible-secret] a test\nenv: {{A: {RANDOM}}}\n"
    code, _, err = dagpress(write(tmp_path, {"schedules/a.yml": text}), "validate")
    assert code == 2
    assert RANDOM not in err
    assert [line.split(": ")[1] for line in err.splitlines()[:-2]] == ["unknown-timezone", "possible-secret"]


_MELTANO = """\
plugins: {extractors: [{name: tap-a, config: {password: hunter2secret}}], loaders: [{name: target-b}]}
jobs:
- {name: j, tasks: ["tap-a --password=hunter2secret target-b"]}
schedules:
- {name: a, extractor: tap-a, loader: target-b, env: {A_PASSWORD: hunter2secret}}  # token=hunter2secret
- {name: b, interval: "@daily", job: j}
- {name: c, interval: "@daily", job: "tap-a --password=hunter2secret target-b"}
- {name: d, extractor: tap-a, loader: target-b, interval: "postgres://u:hunter2secret@db"}
"""


def test_an_import_and_an_export_show_no_secret(tmp_path: Path) -> None:
    """In their messages, patches and written files."""
    root = write(tmp_path, {"meltano.yml": _MELTANO})
    for command in (("import", "--dry-run", "--move"), ("import",), ("export", "--dry-run")):
        _, out, err = dagpress(root, *command)
        assert "hunter2" not in out + err
    assert not [path for path in root.rglob("*/*.*") if "hunter2" in path.read_text()]


def test_no_page_shows_a_secret_of_a_schedule(tmp_path: Path) -> None:
    """Its description is also in lists."""
    text = """\
interval: "@daily"
description: "the password: 'hunter2secret'"
owner: https://robot:hunter2secret@example.com
tags: [token=hunter2secret, sales]
tasks:
- {id: one, command: mysql -phunter2secret}
"""
    pages = Pages(write(tmp_path, {"schedules/a.yml": text}))
    shown = [pages.text(address) for address in ("/", "/pipelines/a.yml", "/calendar")]
    assert "sales" in shown[0]
    assert not [each for each in shown if "hunter2" in each]
