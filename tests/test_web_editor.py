"""The editor: its form is a view of the text, and its preview shows the result of saving."""

from __future__ import annotations

from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from examples import sample
from pages import Pages, form_of, soup_of, text_of
from project_builder import EXTRACT_LOAD, dagpress, write
from versions import NEWEST

from codegen.airflow_facts import VERSIONS
from codegen.keys.table import Key, keys_of
from codegen.schema import Schedule
from codegen.schema.table import schedule_table
from codegen.source import edit
from codegen.source.nodes import MapNode
from codegen.source.read import read_yaml
from codegen.web.editing.alerts import ALERT_KINDS
from codegen.web.editing.changes import edited
from codegen.web.editing.controls import Shape, control_of, example_in
from codegen.web.editing.drafts import version_of, with_line_ends_of
from codegen.web.editing.kinds import JOB, PAIR_KIND, is_of
from codegen.web.editing.when import with_choices

MELTANO = """\
plugins:
  extractors: [{name: tap-gitlab}, {name: tap-github}]
  loaders: [{name: target-postgres}]
jobs: [{name: refresh, tasks: [tap-gitlab target-postgres]}]
"""
COMMENTED = """\
# yaml-language-server: $schema=schedule.schema.json
extractor: tap-gitlab   # ours
loader: 'target-postgres'

# after the backup
interval: "@daily"  # at night
tags:
- one
# the second
- two
env:  # for the tap
  # inside
  A: 1.10   # a version
# the end
"""


_FILES = {"meltano.yml": MELTANO, "schedules/a.yml": COMMENTED}
# The pages of a project, and the fields of the editor of its schedule.
_Editor = tuple[Pages, dict[str, str]]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write(tmp_path, _FILES)


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> _Editor:
    """The editor of that project, for tests that do not change it."""
    return _editor_of(write(tmp_path_factory.mktemp("editor"), _FILES))


def _editor_of(project: Path) -> _Editor:
    pages = Pages(project)
    return pages, form_of(pages.get("/edit/a.yml"))


def _sent(pages: Pages, form: dict[str, str]) -> BeautifulSoup:
    """Send the form, and return the response: the parts of the page that change."""
    answer = pages.client.post("/preview", data={"csrf": pages.token, **form}, headers={"HX-Request": "true"})
    assert answer.status_code == 200, answer.text
    return soup_of(answer.text)


def _after(pages: Pages, address: str, **changes: str) -> BeautifulSoup:
    """Change controls in the form by their keys, and return the changed parts of the editor."""
    return _changed(pages, form_of(pages.get(address)), changes)


def _changed(pages: Pages, sent: dict[str, str], changes: dict[str, str]) -> BeautifulSoup:
    return _sent(pages, _form_with(sent, changes))


def _edited(editor: _Editor, changes: dict[str, str]) -> str:
    """Return the text after changes in the form of an editor, without a page."""
    _, form = editor
    sent, problems = with_choices(_form_with(form, changes))
    done = edited(form["text"].replace("\r\n", "\n"), sent, NEWEST)
    assert not {**problems, **done.problems}
    return done.text


def _form_with(sent: dict[str, str], changes: dict[str, str]) -> dict[str, str]:
    if "interval" in changes:
        changes = {**changes, "when:starts": "cron", "when:cron": changes["interval"]}
        del changes["interval"]
    names = {name.partition(":")[2]: name for name in sent if name.partition(":")[0] in {each.value for each in Shape}}
    return {**sent, **{name if name in sent else names.get(name, name): value for name, value in changes.items()}}


def _text(page: BeautifulSoup) -> str:
    area = page.select_one("textarea[name=text]")
    assert area
    return area.text.removeprefix("\n")


def _source(page: BeautifulSoup, selector: str) -> str:
    found = page.select_one(f"{selector} .patch, {selector} .lines")
    assert found
    return found.text


def _read(text: str, key: str) -> object:
    """Return the value of a key, which must have no errors."""
    node, diagnostics = read_yaml(Path("a.yml"), "a.yml", text=text)
    assert isinstance(node, MapNode)
    assert not diagnostics
    value = keys_of(Schedule)[key].type.read(node.entries[key].value, diagnostics.append)
    assert not diagnostics, diagnostics
    return value


SHORT = "# the first\nparams: {a: 1} # the last\n"


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> _Editor:
    """The editor of a short schedule."""
    return _editor_of(write(tmp_path_factory.mktemp("short"), {"schedules/a.yml": SHORT, "meltano.yml": ""}))


def _has_one_value(row: Key) -> bool:
    """Return whether a key has a control for its whole value."""
    return row.name != "tasks" and control_of(row.type).shape is not Shape.ALERTS


@pytest.mark.parametrize("key", sample((key for key, row in keys_of(Schedule).items() if _has_one_value(row)), 30))
def test_each_key_can_be_set_and_cleared_by_its_control(short: _Editor, key: str) -> None:
    """Setting the example of the reference in the form results in a text with the same value."""
    pages, form = short
    row = keys_of(Schedule)[key]
    kind = {} if is_of(PAIR_KIND, key) else {"runs": JOB}
    page = _changed(pages, form, {key: example_in(control_of(row.type).shape, row.example), **kind})
    example = f"{key}: {row.example}\n"
    assert _read(_text(page), key) == _read(example, key)
    assert _text(page).startswith("# the first\n")
    assert not page.select(".refused")
    if key != "params":
        assert _text(_changed(pages, {**form, **form_of(page)}, {key: ""})) == SHORT


@pytest.mark.parametrize("airflow", VERSIONS)
def test_every_shown_example_can_be_typed(airflow: str) -> None:
    """The example under each field is valid in its control, for every Airflow, and can be cleared."""
    for key, row in schedule_table(airflow).rows.items():
        shape = control_of(row.type).shape
        if shape is Shape.ALERTS:
            continue
        example = example_in(shape, row.example)
        text = "" if key == "params" else SHORT
        done = edited(text, {f"was:{key}": "", f"{shape.value}:{key}": example}, airflow)
        cleared = edited(done.text, {f"was:{key}": example, f"{shape.value}:{key}": ""}, airflow)
        assert cleared.text == text or key == "params"
        node, diagnostics = read_yaml(Path("a.yml"), "a.yml", text=done.text)
        assert isinstance(node, MapNode), (key, done)
        row.type.read(node.entries[key].value, diagnostics.append)
        assert not diagnostics, (key, shape, done.text, diagnostics)


def test_each_control_has_a_label_and_a_description(editor: _Editor) -> None:
    page = editor[0].get("/edit/a.yml")
    controls = page.select("#fields [id^=control-]")
    labelled = {str(each["for"]) for each in page.select("label[for]")}
    labelled |= {str(each.parent["id"]) for each in page.select("[id] > legend") if each.parent}
    assert {str(each["id"]) for each in controls} - labelled == set()
    assert {str(each["id"]) for each in controls} == {
        f"control-{key}" for key in schedule_table(NEWEST).rows if key != "tasks"
    }
    described = {str(name) for each in controls for name in str(each["aria-describedby"]).split()}
    assert described == {str(each["id"]) for each in page.select("#fields .hint[id^=doc]")}


@pytest.mark.parametrize(
    ("changes", "gone", "come"),
    [
        ({"interval": "0 6 * * *"}, 'interval: "@daily"  # at night', 'interval: "0 6 * * *"  # at night'),
        ({"extractor": "tap-github"}, "extractor: tap-gitlab   # ours", "extractor: tap-github   # ours"),
        ({"tags": "two"}, "- one\n", ""),
        ({"add:tags": "three"}, "- two\n", "- two\n- three\n"),
        ({"env": "A: 1.20"}, "  A: 1.10", "  A: 1.20"),
        ({"retries": "0"}, "# the end\n", "retries: 0\n# the end\n"),
        ({"start_date": "2024-01-31"}, "# the end\n", "start_date: 2024-01-31\n# the end\n"),
        ({"owner": "123"}, "# the end\n", 'owner: "123"\n# the end\n'),
        ({"doc": "a\nb"}, "# the end\n", "doc: |-\n  a\n  b\n# the end\n"),
        ({"retries": "many"}, "# the end\n", "retries: many\n# the end\n"),
        ({"description": " # no comment"}, "# the end\n", "description: '# no comment'\n# the end\n"),
    ],
)
def test_a_change_in_the_form_keeps_the_rest_of_the_text(
    editor: _Editor, changes: dict[str, str], gone: str, come: str
) -> None:
    text = _edited(editor, changes)
    assert text.replace('"# no comment"', "'# no comment'") == COMMENTED.replace(gone, come, 1)


def test_concurrent_changes_in_text_and_form_are_merged(editor: _Editor) -> None:
    page = _changed(*editor, {"text": COMMENTED + "owner: me\n", "retries": "3"})
    assert _text(page) == COMMENTED + "owner: me\nretries: 3\n"
    assert form_of(page)["line:owner"] == "me"


def test_a_value_that_cannot_be_edited_in_place_is_reported_at_its_field(project: Path) -> None:
    text = EXTRACT_LOAD + "env: &e {A: 1}\nparams: *e\n"
    page = _after(Pages(write(project, {"schedules/a.yml": text})), "/edit/a.yml", env="{A: 2}")
    assert _text(page) == text
    # The input can be incomplete.
    assert not page.select("#field-env .refused")
    page = _sent(Pages(project), {**form_of(page), "touched": "env"})
    assert "Not applied" in text_of(page, "#field-env .refused")
    assert form_of(page)["yaml:env"] == "{A: 2}"
    assert form_of(page)["was:env"] != "{A: 2}"


def test_invalid_yaml_locks_the_form_with_the_reason(editor: _Editor) -> None:
    page = _changed(*editor, {"text": "interval: @daily\n", "retries": "3"})
    assert _text(page) == "interval: @daily\n"
    assert "line 1: an unquoted value cannot start with `@`" in text_of(page, "#unreadable")
    assert not page.select("#fields [id^=control-]")


@pytest.mark.parametrize(
    "data",
    [
        b"\n\ninterval: '@daily'",
        b"a: </textarea><script>alert(1)</script>\n\n\n",
        b"\xef\xbb\xbfinterval: '@daily'\r\n# two\r\n",
        b"a: 1\r\nb: 2\nc: 3\rd: 4",
        b"a: \x0c\x1b\xc2\x85 \xe2\x80\xa8 &amp;\n",
        b"",
    ],
)
def test_a_text_survives_the_form_of_a_browser(project: Path, data: bytes) -> None:
    (project / "schedules/a.yml").write_bytes(data)
    pages = Pages(project)
    page = pages.get("/edit/a.yml")
    assert not page.select("script:not([src]):not([type=importmap])")
    assert with_line_ends_of(data.decode(), form_of(page)["text"]) == data.decode()


def test_a_change_in_the_form_keeps_line_ends(project: Path) -> None:
    (project / "schedules/a.yml").write_bytes(COMMENTED.replace("\n", "\r\n").encode())
    answer = Pages(project)
    page = _after(answer, "/edit/a.yml", owner="me")
    assert _text(page).replace("\r\n", "") == COMMENTED.replace("# the end", "owner: me# the end").replace("\n", "")


def test_a_huge_text_gets_a_response(editor: _Editor) -> None:
    text = "# " + "x" * 900_000 + "\n" + "# ä\n" * 1000 + EXTRACT_LOAD
    assert _text(_changed(*editor, {"text": text, "owner": "me"})) == text + "owner: me\n"


def test_a_binary_file_cannot_be_edited(project: Path) -> None:
    (project / "schedules/a.yml").write_bytes(b"a: \xff\n")
    assert "UTF-8" in text_of(Pages(project).get("/edit/a.yml", status=409), "main")


def _stamps(root: Path) -> dict[str, tuple[int, bytes]]:
    return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in root.rglob("*") if path.is_file()}


def test_the_editor_writes_no_files(project: Path) -> None:
    before = _stamps(project)
    pages = Pages(project)
    _after(pages, "/edit/a.yml", owner="me")
    _after(pages, "/new", new="other one", extractor="tap-github")
    assert _stamps(project) == before


@pytest.mark.parametrize("file", ["../a.yml", "/etc/passwd.yml", "x/../../a.yml", "a.txt", ".hidden.yml", "..\\a.yml"])
def test_files_outside_the_schedules_cannot_be_edited(editor: _Editor, file: str) -> None:
    pages, _ = editor
    pages.get(f"/edit/{file}", status=404)
    page = _sent(pages, {"file": file, "text": EXTRACT_LOAD, "base": version_of("x")})
    assert not page.select("#dag")


def test_the_preview_shows_the_next_runs_and_the_changes(project: Path) -> None:
    write(project, {"generated_dags/a.py": "# old\n"})
    pages = Pages(project)
    pages.client.cookies.set("timezone", "Asia/Kolkata")
    page = _after(pages, "/edit/a.yml", interval="30 6 * * *", timezone="Europe/Berlin")
    assert "Schedule: every day at 06:30 (Europe/Berlin)" in text_of(page, "#status")
    rows = [[cell.text for cell in row.select("td")[1:]] for row in page.select("#when-runs tbody tr:not(.change)")]
    assert len(rows) == 5
    assert all("06:30 CE" in own and ("10:00 IST" in yours or "11:00 IST" in yours) for own, yours in rows)
    assert "-# old\n" in _source(page, "#changes")
    assert 'schedule="30 6 * * *"' in _source(page, "#dag")


def test_an_error_is_shown_at_its_line_and_field_without_a_dag(editor: _Editor) -> None:
    page = _changed(*editor, {"retries": "many"})
    item = page.select_one("#own [data-line]")
    assert item
    assert item["data-line"] == "14"
    assert "whole number" in text_of(page, "#field-retries .message")
    assert not page.select("#dag")


def test_a_message_about_a_secret_does_not_show_it(project: Path) -> None:
    secret = "ghp_" + "a1B2" * 10
    write(project, {"schedules/_defaults.yml": f"env: {{TOKEN: {secret}}}\n"})
    page = _after(Pages(project), "/edit/a.yml", env="")
    assert secret not in str(page)
    assert not page.select("#dag")


def test_errors_in_other_schedules_caused_by_a_change_are_reported(project: Path) -> None:
    write(project, {"schedules/b.yml": EXTRACT_LOAD.replace("interval", "after: a\ninterval")})
    page = _after(Pages(project), "/edit/a.yml", name="other")
    assert "schedules/b.yml" in text_of(page, "#preview")
    assert "1 error" in text_of(page, "#status")


@pytest.mark.parametrize("layout", ["schedule", "folder"])
def test_an_unrelated_error_does_not_hide_the_dag(project: Path, layout: str) -> None:
    write(project, {"dagpress.toml": f'layout = "{layout}"\n', "schedules/x/d.yml": EXTRACT_LOAD})
    write(project, {"schedules/x/b.yml": "interval: nonsense\n"})
    write(project, {"schedules/x/c.yml": EXTRACT_LOAD.replace("interval:", "after: b #")})
    page = Pages(project).get("/edit/x/d.yml")
    assert page.select("#dag")
    assert "schedules/x/b.yml:1:1" in text_of(page, "#preview")
    write(project, {"schedules/x/d.yml": EXTRACT_LOAD + "after: b\n"})
    assert not Pages(project).get("/edit/x/d.yml").select("#dag")


def test_the_preview_of_a_pipeline_in_a_shared_file_shows_its_block(project: Path) -> None:
    """With its future line number, also if the blocks of others are outdated."""
    files = {f"schedules/x/{name}.yml": EXTRACT_LOAD for name in "df"}
    write(project, {"dagpress.toml": 'layout = "folder"\n', **files})
    dagpress(project, "generate")
    write(project, {"schedules/x/f.yml": EXTRACT_LOAD + "owner: others\n"})
    pages = Pages(project)
    page = _after(pages, "/edit/x/d.yml", owner="ada")
    assert text_of(page, "#changes summary").endswith("1 line added, 1 removed")
    new = _after(pages, "/new", new="e", folder="x", extractor="tap-github")
    assert text_of(new, "#dag > summary") == "New code in generated_dags/x.py"
    lines = (project / "generated_dags/x.py").read_text().splitlines()
    assert new.select("#dag-lines")[0]["start"] == str(lines.index("# schedules/x/f.yml") + 1)
    assert _source(new, "#dag > .source").lstrip().startswith("# schedules/x/e.yml")


def test_the_form_shows_inherited_values_and_their_source(project: Path) -> None:
    random = "env: {A: q7Gd93kLmZxPw2VbNcR8sTfYhJ4u6AaE1}  # dagpress: ignore[possible-secret] a test"
    defaults = f"retries: 3\nowner: them\ntimezone: Asia/Tokyo\n{random}\n"
    write(project, {"schedules/_defaults.yml": defaults})
    write(project, {"schedules/a.yml": EXTRACT_LOAD + "owner: us\ntimezone: null\n"})
    page = Pages(project).get("/edit/a.yml")
    retries, owner = page.select_one("#control-retries"), page.select_one("#control-owner")
    assert retries
    assert retries["placeholder"] == "3, from schedules/_defaults.yml"
    assert owner
    assert (owner["value"], owner["placeholder"]) == ("us", "them, from schedules/_defaults.yml")
    assert "q7Gd93" not in str(page)
    # A null that removes an inherited value has an effect, and can be removed.
    assert form_of(page)["yaml:timezone"] == "null"


def test_plugins_and_jobs_come_from_meltano(editor: _Editor) -> None:
    page = editor[0].get("/new")
    assert [each.text for each in page.select("#control-extractor option")][1:] == ["tap-github", "tap-gitlab"]
    assert [each.text for each in page.select("#control-job option")][1:] == ["refresh"]
    assert [each["value"] for each in page.select("#known-after option")] == ["a"]


def test_each_environment_can_be_selected(project: Path) -> None:
    write(project, {"dagpress.toml": 'environments = ["dev", "prod", "test"]\n'})
    overlay = "environments: {prod: {interval: '@hourly'}}\nonly: [dev, prod]\n"
    pages = Pages(write(project, {"schedules/a.yml": EXTRACT_LOAD + overlay}))
    assert "every day" in text_of(pages.get("/edit/a.yml"), "#status")
    assert "every hour" in text_of(_after(pages, "/edit/a.yml", environment="prod"), "#status")
    page = _after(pages, "/edit/a.yml", environment="test")
    assert "does not run in the environment" in text_of(page, "#preview")


def test_a_new_schedule_gets_its_file_from_its_name(project: Path) -> None:
    write(project, {"schedules/team x/b.yml": EXTRACT_LOAD})
    pages = Pages(project)
    page = _after(pages, "/new", new="Our orders", folder="team x", extractor="tap-github")
    assert form_of(page)["file"] == "team x/Our_orders.yml"
    lines = ["loader: target-postgres", 'interval: "@daily"', "extractor: tap-github", "name: Our orders"]
    assert _text(page).splitlines() == ["# yaml-language-server: $schema=../schedule.schema.json", *lines]
    assert 'dag_id="meltano_Our_orders"' in _source(page, "#dag")
    page = _sent(pages, {**form_of(page), "folder": "*", "new-folder": "../a new/./one"})
    assert form_of(page)["file"] == "a_new/one/Our_orders.yml"
    page = _sent(pages, {**form_of(page), "new": "orders", "folder": ""})
    assert form_of(page)["file"] == "orders.yml"
    assert _text(page).splitlines() == ["# yaml-language-server: $schema=schedule.schema.json", *lines[:-1]]


def test_an_existing_name_is_reported(editor: _Editor) -> None:
    page = _after(editor[0], "/new", new="a")
    assert "schedules/a.yml already exists" in text_of(page, "#wrong-new")


def test_without_javascript_the_response_is_the_whole_page(editor: _Editor) -> None:
    pages, form = editor
    page = pages.post("/preview", {**form, "line:owner": "me"})
    assert _text(page) == COMMENTED.replace("# the end", "owner: me\n# the end")
    assert page.select("datalist#known-timezone option")


STEPS = """\
# ours
tasks:
# first
- tap-a target-b  # one
- id: check   # id
  command: ./check.sh
  retries: 3

# third
- python: quality.rows.count
  op_kwargs: {a: 1}   # kw
# the end
interval: "@daily"
"""
_FIRST, _SECOND = "# first\n- tap-a target-b  # one\n", "- id: check   # id\n  command: ./check.sh\n  retries: 3\n"
_THIRD = "# third\n- python: quality.rows.count\n  op_kwargs: {a: 1}   # kw\n"


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> _Editor:
    """The editor of a schedule with steps, two of which the form can show."""
    return _editor_of(write(tmp_path_factory.mktemp("steps"), {"meltano.yml": MELTANO, "schedules/a.yml": STEPS}))


@pytest.mark.parametrize(
    ("changes", "gone", "come"),
    [
        ({"do": "down:0"}, _FIRST + _SECOND, _SECOND + _FIRST),
        ({"do": "up:2"}, f"{_SECOND}\n{_THIRD}", f"{_THIRD}\n{_SECOND}"),
        ({"do": "remove:2"}, f"\n{_THIRD}", ""),
        ({"do": "add"}, "# the end", '- run: ""\n# the end'),
        ({"step:0:text": "tap-c target-b"}, "tap-a target-b  #", "tap-c target-b #"),
        ({"step:0:kind": "command"}, "- tap-a target-b  # one\n", "- command: tap-a target-b # one\n  id: tap-a\n"),
        ({"step:1:id": "proof"}, "id: check ", "id: proof "),
        (
            {"step:2:after:tap-a_target-b": "on"},
            "# kw\n",
            "# kw\n  after: [check, tap-a_target-b]\n",
        ),
    ],
)
def test_changing_and_moving_a_step_keeps_the_others(
    steps: _Editor, changes: dict[str, str], gone: str, come: str
) -> None:
    text = _edited(steps, changes)
    if "after" in come:
        # With one `after`, the other steps need one, too.
        text = text.replace("  retries: 3\n  after: [tap-a_target-b]\n", "  retries: 3\n")
    assert text == STEPS.replace(gone, come, 1)


def test_a_step_is_changed_in_the_yaml(steps: _Editor) -> None:
    page = _changed(*steps, {"text": STEPS.replace("tap-a", "tap-z")})
    assert _text(page) == STEPS.replace("tap-a", "tap-z")
    assert not page.select(".refused")
    assert form_of(page)["step:0:text"] == "tap-z target-b"


def test_a_step_that_the_form_cannot_show_is_shown_as_yaml(steps: _Editor) -> None:
    page = steps[0].get("/edit/a.yml")
    assert [each.text for each in page.select(".as-written")] == [_THIRD]
    assert "step:2:kind" not in steps[1]


_ALERTS = """\
on_failure:  # the run
# first
- slack: "#data"   # one
- email: [a@b.c, d@e.f]
# second
- slack: {channel: '#x', text: "late"}  # two

- slack: "#{{ params.x }}"
- slack: {slack_webhook_conn_id: hook}
# the end
interval: "@daily"
"""
_ONE, _BLOCK = "on_failure: {slack: '#data'}  # one\n", "on_failure:\n  slack: '#data'  # one\n"


@pytest.mark.parametrize(
    ("text", "sent", "gone", "come"),
    [
        (_ALERTS, {}, "", ""),
        (_ALERTS, {"alert:on_failure:0": "#new"}, '"#data"   #', '"#new"   #'),
        (_ALERTS, {"alert:on_failure:1": "d@e.f, x@y.z"}, "[a@b.c, d@e.f]", "[d@e.f, x@y.z]"),
        (_ALERTS, {"alert:on_failure:2": "#y"}, "'#x'", "'#y'"),
        (_ALERTS, {"alert:on_failure:3": "no control"}, "", ""),
        (_ALERTS, {"alerts": "on_failure:remove:1"}, "- email: [a@b.c, d@e.f]\n", ""),
        (_ALERTS, {"alerts": "on_failure:remove:4"}, "- slack: {slack_webhook_conn_id: hook}\n", ""),
        (_ALERTS, {"alerts": "on_failure:remove:9"}, "", ""),
        (_ALERTS, {"alerts": "on_failure:add:webhook"}, "", ""),
        (_ALERTS, {"alerts": "retries:none"}, "", ""),
        (_ALERTS, {"alert:on_failure:0": "#new", "was:on_failure": "- slack: other"}, "", ""),
        (_ALERTS, {"alert:on_failure:0": "other", "was:on_failure": "- slack: other"}, "", ""),
        (_ONE, {"alert:on_failure:0": "#new"}, "#data", "#new"),
        (_ONE, {"alerts": "on_failure:remove:0"}, _ONE, ""),
        (_ONE, {"alerts": "on_failure:none"}, "{slack: '#data'}", "null"),
        ("on_failure: null\n", {"alerts": "on_failure:inherit"}, "on_failure: null\n", ""),
        ("on_failure: '#data'\n", {"alerts": "on_failure:remove:0"}, "", ""),
        ("on_failure: []\n", {"alerts": "on_failure:remove:0"}, "", ""),
        ("a: &a {slack: '#data'}\non_failure: *a\n", {"alert:on_failure:0": "#new"}, "", ""),
        (_BLOCK, {"alert:on_failure:0": "#new"}, "#data", "#new"),
    ],
)  # fmt: skip
def test_alerts_are_changed_in_place(text: str, sent: dict[str, str], gone: str, come: str) -> None:
    """With the fields of their rows and with buttons. Other alerts are unchanged."""
    text += "retries: 1\n"
    done = edited(text, {"was:on_failure": edit.written_at(text, ("on_failure",)), **sent}, NEWEST)
    assert done.text == text.replace(gone, come, 1)
    assert bool(done.problems) == ("was:on_failure" in sent and sent["alert:on_failure:0"] == "#new")


@pytest.mark.parametrize("kind", ALERT_KINDS)
@pytest.mark.parametrize("before", ["", "on_failure: null\n", _ONE, _BLOCK, "on_failure: [email: a@b.c]\n"])
def test_an_alert_of_each_kind_is_added_with_its_example(kind: str, before: str) -> None:
    for key, row in schedule_table(NEWEST).rows.items():
        if control_of(row.type).shape is not Shape.ALERTS:
            continue
        text, count = before.replace("on_failure", key), int(":" in before and "null" not in before)
        was = edit.written_at(text, (key,)) if text else ""
        new = {f"alert:{key}:new": f"{count}:{kind}", f"alert:{key}:{count}": ALERT_KINDS[kind].example}
        done = edited(text, {f"was:{key}": was, **new}, NEWEST)
        node, diagnostics = read_yaml(Path("a.yml"), "a.yml", text=done.text)
        assert isinstance(node, MapNode)
        found = row.type.read(node.entries[key].value, diagnostics.append)
        assert not diagnostics, (done.text, diagnostics)
        assert [bool(getattr(each, kind)) for each in found or ()][count:] == [True]


def test_inherited_alerts_can_be_replaced_turned_off_and_restored(project: Path) -> None:
    """A new row is not written until it has an address."""
    write(project, {"schedules/_defaults.yml": "on_failure: {slack: '#data'}\n", "schedules/a.yml": EXTRACT_LOAD})
    pages = Pages(project)
    page = pages.get("/edit/a.yml")
    inherited = "Slack #data, from schedules/_defaults.yml"
    assert f"Inherited: {inherited}" in text_of(page, "#alert .inherited")
    assert not page.select("#others #field-on_failure")
    page = _sent(pages, {**form_of(page), "alerts": "on_failure:none"})
    assert _text(page) == EXTRACT_LOAD + "on_failure: null\n"
    assert f"Turned off: {inherited}" in text_of(page, "#alert .inherited")
    page = _sent(pages, {**form_of(page), "alerts": "on_failure:inherit"})
    page = _sent(pages, {**form_of(page), "alerts": "on_failure:add:email"})
    assert _text(page) == EXTRACT_LOAD
    form = {**form_of(page), "alert:on_failure:0": "me@example.com, you@example.com"}
    page = _sent(pages, form)
    assert [each["value"] for each in page.select(".alerts input:not([type=hidden])")] == [form["alert:on_failure:0"]]
    assert _text(page) == EXTRACT_LOAD + "on_failure:\n- email:\n  - me@example.com\n  - you@example.com\n"
    assert f"Replaces {inherited}" in text_of(page, "#alert .inherited")
    assert form_of(page)["alert:on_failure:0"] == "me@example.com, you@example.com"
    page = _sent(pages, {**form_of(page), "alert:on_failure:0": "me", "touched": "on_failure"})
    assert "is not an e-mail address" in text_of(page, "#wrong-alert-on_failure-0")
    page = _sent(pages, {**form_of(page), "alerts": "on_failure:remove:0"})
    assert _text(page) == EXTRACT_LOAD
    page = _sent(pages, {**form_of(page), "text": EXTRACT_LOAD + "on_failure: '#data'\nretries: 3\n"})
    assert form_of(page)["yaml:on_failure"] == "'#data'"
    assert text_of(page, "#others > summary") == "All other settings (1 set)"


def test_the_command_can_be_changed_and_restored(editor: _Editor) -> None:
    """With the previous input."""
    pages, form = editor
    page = _changed(pages, form, {"runs": "job", "job": "refresh"})
    assert {"job: refresh"} <= {*_text(page).splitlines()}
    assert "extractor" not in _text(page)
    assert not page.select("#field-job .message span")
    assert "It runs tap-gitlab target-postgres" in text_of(page, "#tasks-of-job")
    page = _sent(pages, {**form_of(page), "runs": "steps", "do": "add"})
    assert 'tasks:\n- run: ""\n' in _text(page)
    page = _sent(pages, {**form_of(page), "runs": "pair"})
    assert {"extractor: tap-gitlab   # ours", "loader: 'target-postgres'"} <= {*_text(page).splitlines()}
    assert _text(page).startswith(COMMENTED.splitlines()[0])
    assert not page.select("#own .error")


def test_errors_appear_only_after_input(project: Path) -> None:
    """For a new pipeline. The message is at the missing field."""
    pages = Pages(write(project, {"meltano.yml": MELTANO.replace("[{name: target-postgres}]", "[]")}))
    page = pages.get("/new")
    assert not page.select(".error:not([hidden])")
    page = _changed(pages, form_of(page), {"extractor": "tap-github", "interval": ""})
    assert "Name at least one pipeline" in text_of(page, "#when-runs")
    assert not page.select("#field-loader .message span")
    page = _sent(pages, {**form_of(page), "touched": "loader"})
    assert "required" in text_of(page, "#field-loader .message")
    page = pages.post("/save", form_of(pages.get("/new")), status=422)
    assert [str(each["href"]) for each in page.select("#summary a")] == ["#control-extractor", "#new"]
    assert [str(each["id"]) for each in page.select("[autofocus]")] == ["control-extractor"]


def test_a_name_is_suggested_until_one_is_entered(project: Path) -> None:
    pages = Pages(write(project, {"schedules/github-to-postgres.yml": EXTRACT_LOAD}))
    page = _after(pages, "/new", extractor="tap-github")
    assert form_of(page)["new"] == "github-to-postgres_2"
    page = _sent(pages, {**form_of(page), "choice:extractor": "tap-gitlab", "folder": "*"})
    assert form_of(page)["folder"] == "*"
    page = _sent(pages, {**form_of(page), "new-folder": "sales"})
    assert text_of(page, "#new-hint code") == "schedules/sales/gitlab-to-postgres.yml"
    page = _sent(pages, {**form_of(page), "new": "orders"})
    page = _sent(pages, {**form_of(page), "choice:extractor": "tap-github"})
    assert form_of(page)["file"] == "sales/orders.yml"


def test_a_copy_has_the_same_text_and_a_new_name(project: Path) -> None:
    write(project, {"schedules/x/b.yml": "# ours\ndag_id: old\nstate_id: old  # kept\n" + EXTRACT_LOAD})
    pages = Pages(project)
    page = pages.get("/new?copy=x/b.yml")
    assert form_of(page)["file"] == "x/b-copy.yml"
    assert _text(page) == EXTRACT_LOAD
    assert form_of(_after(pages, "/new?copy=x/b.yml", owner="me"))["new"] == "b-copy"
    pages.get("/new?copy=../a.yml", status=404)
