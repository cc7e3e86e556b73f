"""Names and paths select the schedules of `generate`, `check`, `diff` and `validate`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import click
import pytest
from examples import sample
from project_builder import dagpress, files_of, refusal, write

_PLAIN = "extractor: tap-a\nloader: target-b\n"
_DAILY = f'{_PLAIN}interval: "@daily"\n'
# `mart` depends on `orders`; all in the folder inherit the defaults.
_FILES = {
    "schedules/orders.yml": _DAILY,
    "schedules/customers.yml": _DAILY,
    "schedules/mart.yml": f"{_PLAIN}after: orders\n",
    "schedules/shop/_defaults.yml": "owner: shop\n",
    "schedules/shop/stock.yml": f"{_DAILY}name: stock-levels\n",
    "schedules/shop/eu/returns.yml": _DAILY,
}
_BROKEN = "interval: [\n"
_FOLDERS = {
    "dagpress.toml": 'layout = "folder"\n',
    "schedules/shop/_defaults.yml": "owner: shop\n",
    "schedules/shop/stock.yml": f"{_DAILY}name: stock-levels\n",
    "schedules/shop/gone.yml": _DAILY,
    "schedules/shop/eu/returns.yml": _DAILY,
    "schedules/gone/old.yml": _DAILY,
    "schedules/ops/mart.yml": _DAILY,
    "schedules/top.yml": _DAILY,
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project, as the working directory."""
    monkeypatch.chdir(write(tmp_path / "project", _FILES))
    return tmp_path / "project"


@pytest.mark.parametrize(
    ("names", "chosen"),
    sample(
        [
            (["customers"], "customers"),
            (["meltano_customers"], "customers"),
            (["schedules/customers.yml", "generated_dags/shop/stock.py"], "customers shop/stock"),
            (["stock-levels"], "shop/stock"),
            (["orders"], "mart orders"),
            (["mart"], "mart orders"),
            (["schedules/shop"], "shop/eu/returns shop/stock"),
            (["schedules/shop/_defaults.yml"], "shop/eu/returns shop/stock"),
            (["generated_dags/shop/eu"], "shop/eu/returns"),
            (["."], "customers mart orders shop/eu/returns shop/stock"),
            (["schedules/schedule.schema.json"], ""),
        ],
        2,
    ),
)
def test_the_selected_schedules_and_their_dependents_are_written(project: Path, names: list[str], chosen: str) -> None:
    """The files equal those of a full run, and other edited files are kept."""
    dagpress(project, "generate")
    before = files_of(project / "generated_dags")
    edited = {name: text + b"# edited\n" for name, text in before.items()}
    for name, text in edited.items():
        (project / "generated_dags" / name).write_bytes(text)
    if names != ["."]:
        write(project, {"schedules/draft.yml": _BROKEN})
    code, _, err = dagpress(project, "generate", *names)
    wanted = {f"{name}.py" for name in chosen.split()}
    assert code == 0
    assert files_of(project / "generated_dags") == {n: (before if n in wanted else edited)[n] for n in before}
    elsewhere = "" if names == ["."] else "1 error in other schedules: run `dagpress validate`.\n"
    assert err.startswith(elsewhere)
    assert json.loads(dagpress(project, "check", *names, "--format", "json")[1]) == {"diagnostics": [], "files": []}


def test_errors_of_the_selected_schedules_and_their_dependencies_are_reported(project: Path) -> None:
    """Also for a file name, if the schedule is unreadable."""
    write(project, {"schedules/orders.yml": _BROKEN, "schedules/shop/_defaults.yml": "owner: [\n"})
    for name in ("orders", "mart"):
        code, out, err = dagpress(project, "generate", name)
        assert (code, out) == (2, "")
        assert [line for line in err.splitlines() if line.startswith("schedules/")] == [
            "schedules/orders.yml:2:1: yaml-syntax: did not find expected node content"
        ]
    assert dagpress(project, "check", "schedules/shop/eu/returns.yml")[2].startswith("schedules/shop/_defaults.yml:2:1")
    assert dagpress(project, "generate", "customers")[0] == 0
    for command in ("check", "diff", "validate"):
        code, out, err = dagpress(project, command, "customers")
        assert (code, out) == (0, "")
        assert "2 errors in other schedules: run `dagpress validate`.\n" in err


@pytest.mark.parametrize(
    ("names", "written"),
    sample(
        [
            ("stock-levels", "shop ops"),
            ("schedules/shop/stock.yml", "shop ops"),
            ("meltano_returns", "shop/eu"),
            ("schedules/shop", "shop shop/eu ops"),
            ("schedules/shop/_defaults.yml", "shop shop/eu ops"),
            ("generated_dags/shop.py", "shop ops"),
            ("generated_dags/shop", "shop/eu"),
            ("top", "top"),
            # Of a removed schedule and a removed folder.
            ("schedules/shop/gone.yml", "shop ops"),
            ("schedules/gone", "gone"),
            ("generated_dags/gone.py", "gone"),
        ],
        2,
    ),
)
def test_a_name_selects_the_file_of_its_folder(
    names: str, written: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And those of dependents of the schedules in it. Errors in other files are counted."""
    monkeypatch.chdir(write(tmp_path / "project", {**_FOLDERS, "schedules/ops/mart.yml": f"{_PLAIN}after: gone\n"}))
    project = Path.cwd()
    dagpress(project, "generate")
    before = files_of(project / "generated_dags")
    (project / "schedules/shop/gone.yml").unlink()
    shutil.rmtree(project / "schedules/gone")
    write(project, {"schedules/ops/mart.yml": f"{_PLAIN}after: stock-levels\n", "schedules/draft/a.yml": _BROKEN})
    for name in before:
        write(project / "generated_dags", {name: f"{before[name].decode()}# edited\n"})
    edited = files_of(project / "generated_dags")
    assert dagpress(project, "generate", *names.split())[0] == 0
    after = files_of(project / "generated_dags")
    assert {name for name in edited if after.get(name) != edited[name]} == {f"{name}.py" for name in written.split()}


@pytest.mark.parametrize("name", ["stock-levels", "mart"])
def test_an_error_of_another_schedule_in_the_file_is_reported(name: str, tmp_path: Path) -> None:
    """Also in the file of a dependency, which has the asset."""
    project = write(tmp_path, _FOLDERS)
    dagpress(project, "generate")
    write(project, {"schedules/ops/mart.yml": f"{_PLAIN}after: stock-levels\n", "schedules/shop/gone.yml": _BROKEN})
    before = files_of(project / "generated_dags")
    for command in ("generate", "check", "validate"):
        code, _, err = dagpress(project, command, name)
        assert (code, err.splitlines()[0].partition(": ")[0]) == (2, "schedules/shop/gone.yml:2:1")
        assert command == "validate" or "\n`schedules/shop/gone.yml` is in the same DAG file as the selected" in err
    assert files_of(project / "generated_dags") == before
    assert dagpress(project, "generate", "top")[0] == 0


def test_only_selected_files_are_pruned(project: Path) -> None:
    dagpress(project, "generate")
    for name in ("customers", "mart"):
        (project / f"schedules/{name}.yml").unlink()
    shutil.rmtree(project / "schedules/shop/eu")
    assert dagpress(project, "generate", "schedules/shop")[1] == "deleted generated_dags/shop/eu/returns.py\n"
    # No schedule depends on `orders` anymore.
    expected = "deleted generated_dags/mart.py\nupdated generated_dags/orders.py\n"
    assert dagpress(project, "generate", "schedules/mart.yml")[1] == expected
    assert (project / "generated_dags/customers.py").exists()


def test_a_schedule_keeps_its_asset_while_the_dag_file_of_a_broken_dependent_uses_it(project: Path) -> None:
    """Otherwise, the DAG of the broken schedule would never start again."""
    dagpress(project, "generate")
    write(project, {"schedules/mart.yml": _BROKEN, "schedules/orders.yml": f"{_DAILY}retries: 3\n"})
    assert dagpress(project, "generate", "orders")[0] == 0
    text = (project / "generated_dags/orders.py").read_text()
    assert 'outlets=[Asset("meltano_orders")]' in text
    assert '"retries": 3' in text
    write(project, {"schedules/mart.yml": f"{_PLAIN}after: customers\n"})
    assert dagpress(project, "generate", "mart")[0] == 0
    assert dagpress(project, "check")[0] == 0


@pytest.mark.parametrize("command", ["generate", "check", "diff", "validate"])
def test_an_unknown_name_is_a_usage_error(project: Path, command: str) -> None:
    expected = "unknown schedule, file or folder `custmers` (did you mean `customers`?)"
    assert refusal(project, command, "customers", "custmers") == expected
    with pytest.raises(click.UsageError):
        dagpress(project, command, "schedules/gone.yml")


_NFC, _NFD = "di\u00e1rias", "dia\u0301rias"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("schedules/_draft.yml", "`schedules/_draft.yml` is not a schedule: `_draft.yml` starts with `_` (rename it"),
        ("schedules/_old", "`schedules/_old` is not a schedule: `_old` starts with `_` (rename it"),
        ("schedules/_old/a.yml", "`schedules/_old/a.yml` is not a schedule: `_old` starts with `_` (rename it"),
        ("schedules/left.yml", "`schedules/left.yml` is not a schedule: the configuration excludes it (change"),
        ("team/eu/", "unknown schedule, file or folder `team/eu/` (did you mean `schedules/team/eu`?)"),
        ("stock", "unknown schedule, file or folder `stock` (did you mean `stock-levels`?)"),
        (_NFC, f"`schedules/{_NFC}.yml` is not a schedule: "),
        (f"schedules/{_NFC}.yml", f"`schedules/{_NFC}.yml` is not a schedule: "),
    ],
)
def test_a_path_that_is_not_a_schedule_is_a_usage_error(project: Path, name: str, expected: str) -> None:
    """With the reason, and without the message that everything is up to date."""
    names = ("_draft", "_old/a", "left", "team/eu/x", _NFD)
    write(project, {"dagpress.toml": 'exclude = ["left.yml"]\n', **{f"schedules/{each}.yml": _DAILY for each in names}})
    assert refusal(project, "generate", name).startswith(expected)


def test_a_name_can_be_given_in_either_unicode_form(project: Path) -> None:
    """File managers on macOS use the decomposed form."""
    write(project, {f"schedules/{_NFC}.yml": _DAILY})
    for name in (_NFC, _NFD, f"schedules/{_NFD}.yml"):
        assert "1 schedule, no problems." in dagpress(project, "validate", name)[2]
