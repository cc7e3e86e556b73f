"""Secrets, and only secrets, are masked wherever a file is shown, in every notation."""

from __future__ import annotations

from pathlib import Path

import pytest
from git_repository import git, repository_of
from pages import Pages
from project_builder import EXTRACT_LOAD, dagpress, write

from codegen.secrets.masking import HIDDEN, masked
from codegen.web.parts.patch import patch_between

# `§` is the secret.
_YAML = {
    "plain": "env:\n  DB_PASSWORD: §\n",
    "plain on the next line": "env:\n  DB_PASSWORD:\n    §\n",
    "plain of several lines": "env:\n  DB_PASSWORD: §\n    and §\n",
    "with a comment": "env:\n  DB_PASSWORD: §  # about it\n",
    "single quotes": "env:\n  DB_PASSWORD: '§'\n",
    "double quotes": 'env:\n  DB_PASSWORD: "§"\n',
    "quotes of several lines": 'env:\n  DB_PASSWORD: "§\n    and §\n\n    §"\n',
    "quotes on the next line": "env:\n  DB_PASSWORD:\n    '§'\n",
    "literal block": "env:\n  DB_PASSWORD: |\n    §\n    §\n",
    "block without its line end": "env:\n  DB_PASSWORD: |-\n    §\n\n    §\n",
    "block with its line ends": "env:\n  DB_PASSWORD: |+\n    §\n\n",
    "block with an indentation": "env:\n  DB_PASSWORD: |2\n    §\n",
    "block with a comment": "env:\n  DB_PASSWORD: | # of the database\n    §\n",
    "folded block": "env:\n  DB_PASSWORD: >\n    §\n    §\n",
    "folded block without its line end": "env:\n  DB_PASSWORD: >-\n    §\n",
    "with a tag": "env:\n  DB_PASSWORD: !!str §\n",
    "with an anchor": "env:\n  DB_PASSWORD: &p §\n",
    "by an alias": "env:\n  A: &p §\n  DB_PASSWORD: *p\n",
    "by an alias of a list": "a: &p [§, §]\nenv:\n  DB_PASSWORD: *p\n",
    "by a merge": "a: &p {DB_PASSWORD: §}\nenv:\n  <<: *p\n",
    "name in quotes": 'env:\n  "DB_PASSWORD": §\n',
    "name in escapes": 'env:\n  "DB_PASS\\x57ORD": §\n',
    "name as a complex key": "env:\n  ? DB_PASSWORD\n  : §\n",
    "flow map": "env: {A: x, DB_PASSWORD: §, B: y}\n",
    "flow map of several lines": "env: {A: x,\n  DB_PASSWORD:\n  §,\n  B: y}\n",
    "JSON": 'env: {"A":"x","DB_PASSWORD":"§"}\n',
    "list": "op_kwargs:\n  tokens:\n  - §\n  - §\n",
    "flow list": "op_kwargs: {tokens: [§, §]}\n",
    "default of a parameter": "params:\n  password: {type: string, default: §}\n",
    "default below a parameter": "params:\n  password:\n    type: string\n    default: |\n      §\n",
    "choices of a parameter": "params:\n  password: {enum: [§, §], examples:\n    [§]}\n",
    "argument of an operator": "with:\n  password: {$const: §}\n",
    "header": "headers: {X-Api-Key: §, dd-api-key: '§'}\n",
    "address": "env:\n  URL: postgres://loader:§@db/warehouse\n",
    "command": "command: mysql -p§ warehouse\n",
    "command of several lines": "command: |\n  curl \\\n    -u loader:§\n",
    "command as words": "tasks:\n- [x, --token, §]\n",
    "command as words below": "run:\n- x\n- --token\n- §\n",
    "setting": "before_run: ['config set tap-x password §']\n",
    "prose": "doc_md: |\n  The password: '§'\n",
    "comment": "a: b\n# DB_PASSWORD: §\n",
    "comments": "# env:\n#   DB_PASSWORD: |\n#     §\n#     §\na: b\n",
    "comment after a value": "a: b  # token=§\n",
    "private key": "a: |\n  -----BEGIN PRIVATE KEY-----\n  §\n  §\n  -----END PRIVATE KEY-----\n",
    "private key in a comment": "# -----BEGIN PRIVATE KEY-----\n# §\n# -----END PRIVATE KEY-----\na: b\n",
    "environment": "environments:\n  prod:\n    env: {DB_PASSWORD: §}\n",
    "byte order mark": "\ufeffenv: {DB_PASSWORD: §}\n",
    "CRLF": "env:\r\n  DB_PASSWORD: |\r\n    §\r\n    §\r\n",
    "second document": "a: b\n---\nenv: {DB_PASSWORD: §}\n",
}
_BROKEN = {
    "open quote": "env:\n  DB_PASSWORD: '§\n  §\n",
    "open map": "env: {A: x, DB_PASSWORD: §\n",
    "open map and the next line": "env: {A: x, DB_PASSWORD:\n§\n",
    "tab": "env:\n\tDB_PASSWORD: §\n",
    "block": "env:\n  DB_PASSWORD: |\n    §\n\n    §\n  A: [\n",
    "next line": "env:\n  DB_PASSWORD:\n    §\n  A: [\n",
    "list of it": "op_kwargs:\n  tokens:\n  - §\n  - §\n  A: [\n",
    "words": "run:\n- x\n- --token\n- §\nA: [\n",
    "option at the end of a line": "command: |\n  x --token \\\n    §\nA: [\n",
    "default": "params:\n  password:\n    default: §\nA: [\n",
    "private key without an end": "a: |\n  -----BEGIN PRIVATE KEY-----\n  §\n§\nA: [\n",
    "conflict": "env:\n<<<<<<< HEAD\n  DB_PASSWORD: §\n=======\n  DB_PASSWORD: '§'\n>>>>>>> x\n",
}
_PYTHON = {
    "dictionary": 'env={"A": "x", "DB_PASSWORD": "§"}\n',
    "dictionary of several lines": 'env = {\n    "DB_PASSWORD": (\n        "§"\n        "§"\n    ),\n    "A": "x"}\n',
    "argument": 'f(a="x", password="§", token=["§"])\n',
    "assignment": 'DB_PASSWORD = "§"\nconfig["token"] = """\n§\n§\n"""\n',
    "setdefault": 'os.environ.setdefault("DB_PASSWORD", "§")\n',
    "f-string": 'password = f"§{x}"\n',
    "bytes": 'password = b"§"\n',
    "command": 'BashOperator(bash_command=M + "x --token §")\n',
    "words": 'run(["x", "--token", "§"])\n',
    "docstring": '"""The password: \'§\'"""\n',
    "comment": "x = 1  # token=§\n",
    "invalid": 'env = {"DB_PASSWORD": "§"\nconfig["token"] = "§"\n',
}
# Other values are shown, unless the YAML is invalid.
_OTHERS = ("A: x", "B: y", "a: b", "type: string", '"A": "x"', '"A":"x"', "# about it", "DB_PASSWORD: |")
_SECRETS = ("hunter2hunter2", "tr0ub4dor+3", "correct-horse-battery")


@pytest.mark.parametrize("way", [*_YAML, *_BROKEN, *_PYTHON])
def test_a_secret_is_hidden_in_a_file_and_in_its_patches(way: str) -> None:
    """A change of only a secret remains visible."""
    name = "a.py" if way in _PYTHON else "a.yml"
    text = {**_YAML, **_BROKEN, **_PYTHON}[way]
    old, new = (text.replace("§", secret) for secret in _SECRETS[:2])
    shown = masked(old, name)
    assert HIDDEN in shown
    assert shown.count("\n") == old.count("\n")
    assert way not in _YAML or [each for each in _OTHERS if each in text and each not in shown] == []
    patches = [patch_between(name, *texts) for texts in ((old, new), ("", new), (old, ""))]
    assert min(patches[0].added, patches[0].removed) > 0
    assert not [each for each in _SECRETS if each in f"{shown}{patches}"]


def test_a_secret_is_hidden_on_every_page_and_on_the_terminal(tmp_path: Path) -> None:
    """On the pages of a pipeline, its history and the commits of others, and in the patches of `diff`."""
    texts = {
        "schedules/all.yml": "".join(_YAML.values()).replace("\ufeff", ""),
        "schedules/broken.yml": "".join(_BROKEN.values()),
        "schedules/c.yml": EXTRACT_LOAD,
    }
    root = write(tmp_path, {name: text.replace("§", _SECRETS[0]) for name, text in texts.items()})
    (root / "schedules/all.yml").rename(root / "all.yml")
    (root / "schedules/broken.yml").rename(root / "broken.yml")
    assert dagpress(root, "generate")[0] == 0
    by_hand = "".join(_PYTHON.values()).replace("§", _SECRETS[0])
    dag = root / "generated_dags/c.py"
    dag.write_text(dag.read_text() + by_hand)
    code, out, err = dagpress(root, "diff")
    assert (code, out.count(HIDDEN) >= len(_PYTHON) - 1, err) == (1, True, "")
    for name in ("all.yml", "broken.yml"):
        (root / name).rename(root / "schedules" / name)
    repository_of(root)
    write(root, {name: text.replace("§", _SECRETS[1]) for name, text in texts.items()})
    git(root, "commit", "--quiet", "--all", f"--message=Set token={_SECRETS[1]}")
    write(root, {name: text.replace("§", _SECRETS[2]) for name, text in texts.items()})
    pages, commit, shown = Pages(root), git(root, "rev-parse", "HEAD"), out
    for name in ("all.yml", "broken.yml"):
        for address in (f"pipelines/{name}", f"history/{name}", f"history/{name}?commit={commit}"):
            page = pages.text(f"/{address}")
            assert page.count(HIDDEN) > 10, address
            shown += page
    shown += "".join(pages.text(f"/{name}") for name in ("pipelines/c.yml", "commit", f"commits/{commit}"))
    assert not [each for each in _SECRETS if each in shown]
