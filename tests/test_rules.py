"""The rules: silencing comments, severities, and their pages."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import click
import pytest
from examples import sample
from git_repository import git
from project_builder import EXTRACT_LOAD, dagpress, project_of, write
from pytest_regressions.file_regression import FileRegressionFixture

from codegen import pipeline, rules
from codegen.cli.formats import as_text
from codegen.cli.rule import rule as rule_command
from codegen.diagnostics import has_errors
from codegen.meltano.generator import failure
from codegen.rules import RULES

# The image is a warning; a comment after it does not change its line and column.
_MOVING = f"{EXTRACT_LOAD}runner: docker\ndocker: {{image: elt}}"


def _codes(root: Path, lint: dict[str, str]) -> list[tuple[str, str]]:
    reading = pipeline.read(replace(project_of(root), lint=lint))
    return [(diagnostic.code, diagnostic.severity.value) for diagnostic in reading.diagnostics]


@pytest.mark.parametrize(
    ("level", "found"),
    [("off", []), ("warning", [("moving-image", "warning")]), ("error", [("moving-image", "error")])],
)
def test_the_configuration_sets_the_severity_of_a_warning(
    level: str, found: list[tuple[str, str]], tmp_path: Path
) -> None:
    """It is turned off, is unchanged, or blocks the write."""
    root = write(tmp_path, {"schedules/a.yml": f"{_MOVING}\n"})
    assert _codes(root, {"moving-image": level}) == found
    generation = pipeline.generate(replace(project_of(root), lint={"moving-image": level}))
    assert bool(generation.files) != has_errors(generation.diagnostics)


@pytest.mark.parametrize("level", ["off", "error"])
def test_a_silencing_comment_takes_precedence_over_the_configuration(level: str, tmp_path: Path) -> None:
    """A silenced warning is not an error, and a comment for a disabled warning counts as used."""
    root = write(tmp_path, {"schedules/a.yml": f"{_MOVING}  # dagpress: ignore[moving-image] a sandbox\n"})
    assert _codes(root, {"moving-image": level}) == []


def test_the_warning_about_an_unused_comment_can_be_turned_off(tmp_path: Path) -> None:
    text = f"{EXTRACT_LOAD}pool: a  # dagpress: ignore[moving-image] a sandbox\n"
    root = write(tmp_path, {"schedules/a.yml": text})
    assert _codes(root, {}) == [("unused-ignore", "warning")]
    assert _codes(root, {"unused-ignore": "off"}) == []


def test_a_comment_in_a_schedule_with_errors_does_not_count_as_unused(tmp_path: Path) -> None:
    """The errors can prevent the warning."""
    text = f"{EXTRACT_LOAD}pool: a  # dagpress: ignore[moving-image] a sandbox\nno_key: 1\n"
    assert _codes(write(tmp_path, {"schedules/a.yml": text}), {}) == [("unknown-key", "error")]


def test_a_comment_that_one_environment_needs_counts_as_used(tmp_path: Path) -> None:
    """Environments without the warning do not report it as unused."""
    text = (
        f"{EXTRACT_LOAD}environments:\n  dev:\n    runner: docker\n"
        "    docker: {image: elt}  # dagpress: ignore[moving-image] a sandbox\n"
    )
    configuration = 'environments = ["dev", "prod"]\nseparate_system_databases = true\n'
    assert _codes(write(tmp_path, {"schedules/a.yml": text, "dagpress.toml": configuration}), {}) == []


# The rules without a project in the example of their page; another golden raises them.
_WITHOUT_A_PROJECT = {
    "alias-bomb",
    "binary-file",
    "by-defaults",
    "changed",
    "control-character",
    "dags-not-loaded",
    "deprecated",
    "differs-in-meltano",
    "file-name",
    "kept",
    "large-dag-file",
    "missing",
    "nested-too-deep",
    "no-producer",
    "no-schedules",
    "not-exported",
    "not-in-git",
    "not-moved",
    "not-ours",
    "not-utf-8",
    "not-written",
    "other-meltano-project",
    "renamed",
    "stale",
    "symlink",
    "template-error",
    "unreadable",
}
# The other codes that the example of a page raises.
_TOGETHER = {"invalid-ignore": {"moving-image"}}
_PLUGINS = "plugins: {extractors: [{name: tap-gitlab}], loaders: [{name: target-postgres}]}\n"
_BLOCK = re.compile(r"```(?:yaml|toml) ?(?P<name>\S*)\n(?P<text>.*?)```\n", re.DOTALL)
_OUTPUT_BLOCK = re.compile(r"(```text\n)(.*?)(?=```\n)", re.DOTALL)


def _page_path(code: str) -> Path:
    return Path(rules.__file__).parent / "pages" / f"{code}.md"


def _output_of(text: str, root: Path) -> list[str]:
    """Return every error and warning of the project in the code blocks of a page."""
    files = {match["name"] or "schedules/example.yml": match["text"] for match in _BLOCK.finditer(text)}
    if "meltano.yml" in files and not re.match("- |.*^plugins:", files["meltano.yml"], re.DOTALL | re.MULTILINE):
        files["meltano.yml"] += _PLUGINS
    is_import = not any("/" in name for name in files)
    if not is_import:
        files.setdefault("dagpress.toml", "")
    _, _, err = dagpress(write(root, files), "import" if is_import else "generate")
    err = err.replace(f"{version('dagpress')} is installed", "0.1.0 is installed")  # the same page for each release
    return [f"{line}\n" for line in err.splitlines() if re.match(r"\S+:\d+:\d+: ", line)]


@pytest.mark.parametrize("code", sample(sorted(RULES.keys() - _WITHOUT_A_PROJECT), 2))
def test_the_example_of_a_page_raises_only_its_rule(code: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """With the shown message. The fixed example raises nothing."""
    page = _page_path(code).read_text(encoding="utf-8")
    example, instead = page.split("\n## Use instead\n")
    output = _output_of(example, tmp_path / "example")
    if request.config.getoption("regen_all"):
        example = _OUTPUT_BLOCK.sub(lambda match: match[1] + "".join(output), example)
        _page_path(code).write_text(f"{example}\n## Use instead\n{instead}", encoding="utf-8")
    assert _OUTPUT_BLOCK.findall(example) == [("```text\n", "".join(output))]
    assert {line.split(": ")[1] for line in output} == {code, *_TOGETHER.get(code, ())}
    assert _output_of(instead, tmp_path / "instead") == []


def test_each_rule_has_a_page_with_a_reason_an_example_and_a_fix() -> None:
    pages = {path.stem: path.read_text(encoding="utf-8") for path in _page_path("any").parent.iterdir()}
    assert set(pages) == set(RULES)
    for code, page in pages.items():
        reason, *titles_and_texts = re.split(r"^## (.*)$", page, flags=re.MULTILINE)
        assert (code, titles_and_texts[::2]) == (code, ["Example", "Use instead"])
        assert (code, all(part.strip() for part in (reason, *titles_and_texts))) == (code, True)
        assert RULES[code].summary not in page
        assert RULES[code].summary.endswith(".")


# The codes that cannot be another word, such as the name of a key.
_UNMISTAKABLE = {code for code in RULES if "-" in code}
_NAME = "generated_dags/gitlab.py"


def _has_a_new_name(root: Path) -> list[str]:
    (root / "schedules/gitlab.yml").rename(root / "schedules/issues.yml")
    return ["generate"]


def _is_hand_written(root: Path) -> list[str]:
    write(root, {_NAME: "print()\n"})
    return ["generate"]


def _is_large(root: Path) -> list[str]:
    files = {f"schedules/sales/s{number}.yml": EXTRACT_LOAD for number in range(250)}
    write(root, {"dagpress.toml": 'layout = "folder"\n', **files})
    return ["validate"]


def _has_an_unusual_name(root: Path) -> list[str]:
    write(root, {"schedules/a\u202eb.yml": EXTRACT_LOAD})
    return ["validate"]


def _has_a_loop(root: Path) -> list[str]:
    (root / "schedules/sub").mkdir()
    (root / "schedules/sub/loop").symlink_to("..")
    (root / "schedules/sub/out").symlink_to("/")
    return ["validate"]


def _is_still_called(root: Path) -> list[str]:
    items = "\n".join(
        "\n  ".join([f"- name: {name}", "transform: skip", *EXTRACT_LOAD.splitlines()]) for name in ("gitlab", "orders")
    )
    calls = 'meltano schedule run gitlab --force\nmeltano schedule run "$NAME"\n'
    dag = 'run(["meltano", "schedule", "run", "--dry-run", "gitlab"])\n'
    files = {"meltano.yml": f"{_PLUGINS}schedules:\n{items}\n", "scripts/nightly.sh": calls, "dags/own.py": dag}
    write(root, {**files, "README.md": "`meltano schedule run gitlab`\n"})
    git(root, "init", "--quiet", "--template=")
    return ["import", "--move"]


_CHANGES = {
    "not-moved": _is_still_called,
    "renamed": _has_a_new_name,
    "not-ours": _is_hand_written,
    "large-dag-file": _is_large,
    "file-name": _has_an_unusual_name,
    "symlink": _has_a_loop,
}
_GOLDENS = Path(__file__).parent / "rules"


@pytest.mark.parametrize("code", _CHANGES)
def test_a_change_is_reported(code: str, tmp_path: Path, file_regression: FileRegressionFixture) -> None:
    """The change of a generated project, which is not possible in a test case."""
    schedules = {"schedules/gitlab.yml": EXTRACT_LOAD, "schedules/orders.yml": EXTRACT_LOAD}
    assert dagpress(write(tmp_path, schedules), "generate")[0] == 0
    command = _CHANGES[code](tmp_path)
    file_regression.check(dagpress(tmp_path, *command)[2], fullpath=_GOLDENS / f"{code}.txt")


def test_a_generator_that_fails_is_reported(file_regression: FileRegressionFixture) -> None:
    """With the failing line of the traceback."""
    path = Path("/project/orchestrate/dags/meltano.py")
    traceback = (
        f'Traceback (most recent call last):\n  File "{path}", line 43, in <module>\n    run()\n'
        "FileNotFoundError: [Errno 2] No such file or directory: 'meltano'\n"
    )
    output = as_text(failure(path, "orchestrate/dags/meltano.py", traceback, "")) + "\n"
    file_regression.check(output, fullpath=_GOLDENS / "dags-not-loaded.txt")


def test_every_rule_is_raised_by_a_golden() -> None:
    """So no rule is unused."""
    tests = Path(__file__).parent
    goldens = [*tests.glob("cases/*/stderr*.txt"), *tests.glob("imports/*/report.txt"), *_GOLDENS.iterdir()]
    goldens += tests.glob("verified/*.txt")
    goldens += [_page_path(code) for code in RULES if code not in _WITHOUT_A_PROJECT]
    line = re.compile(r"^\S+:\d+:\d+: ([a-z0-9-]+): ", re.MULTILINE)
    assert {code for path in goldens for code in line.findall(path.read_text(encoding="utf-8"))} == set(RULES)


def test_codes_are_used_only_as_constants() -> None:
    """Of `codegen.rules`: mypy rejects a string instead of a `Rule`."""
    listed = Path(rules.__file__)
    for path in listed.parents[1].rglob("*.py"):
        texts = set(re.findall(r'"([a-z0-9-]+)"', path.read_text(encoding="utf-8")))
        assert path == listed or not texts & _UNMISTAKABLE, path


def test_the_rules_are_listed(tmp_path: Path) -> None:
    """In columns or as JSON."""
    code, out, _ = dagpress(tmp_path, "rule")
    head, *lines = out.splitlines()
    assert code == 0
    assert head.split() == ["CODE", "SEVERITY", "SUMMARY"]
    start = head.index("SUMMARY")
    assert [line[start:] for line in lines] == [rule.summary for rule in RULES.values()]
    listed = json.loads(dagpress(tmp_path, "rule", "--format", "json")[1])
    assert [each["code"] for each in listed] == list(RULES)
    assert listed[0].keys() == {"code", "severity", "summary"}


def test_a_rule_is_explained(tmp_path: Path) -> None:
    """Its page is printed with a heading that the file does not have."""
    rule = RULES["moving-image"]
    code, out, _ = dagpress(tmp_path, "rule", rule.code)
    assert (code, out) == (0, rule.page())
    assert out.startswith(f"# moving-image (warning)\n\n{rule.summary}\n\n")
    assert json.loads(dagpress(tmp_path, "rule", rule.code, "--format", "json")[1])[0]["page"] == rule.page()


@pytest.mark.parametrize(
    ("code", "hint"), [("moving-images", "did you mean `moving-image`?"), ("x", "run `dagpress rule` to see the codes")]
)
def test_an_unknown_rule_is_an_error_with_a_suggestion(code: str, hint: str, tmp_path: Path) -> None:
    with pytest.raises(click.ClickException, match=re.escape(f"unknown rule `{code}` ({hint})")):
        dagpress(tmp_path, "rule", code)


def test_the_codes_are_completed() -> None:
    """In the shell."""
    (argument,) = (each for each in rule_command.params if each.name == "codes")
    found = argument.shell_complete(click.Context(rule_command), "unknown-e")
    assert [each.value for each in found] == ["unknown-extractor", "unknown-environment"]
