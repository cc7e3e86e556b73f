"""The Pipelines page connected to a real Airflow 3 and a real Airflow 2."""

from __future__ import annotations

import json
import re
import shutil
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from urllib.parse import urlencode

import pytest
from browser import served
from bs4 import BeautifulSoup
from harness import Invocation, generate
from pages import Pages, text_of
from playwright.sync_api import Browser, Page, expect
from project_builder import write
from versions import NEWEST

from codegen.airflow import rest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="it looks for processes in /proc"),
]

_PASSWORD, _WRONG_PASSWORD = "made-up-password", "another-made-up-password"
_QUICK = 'interval: "@manual"\ntasks:\n- {id: diária, command: "echo true"}\n'
_GIVEN = 'interval: "@manual"\nparams: {days: {type: integer}}\ntasks:\n- {id: work, command: "true"}\n'
_FAILS = 'interval: "@manual"\nretries: 0\ntasks:\n- {id: fails, command: "echo log of $((6 * 7)); exit 3"}\n'
_SCHEDULES = {
    # Letters of every script work in the scheduler, the worker, its XCom and the REST API.
    "schedules/team/quick.yml": _QUICK + "name: vendas-diárias\n",
    "schedules/team/given.yml": _GIVEN,
    "schedules/team/fails.yml": _FAILS,
    # With both layouts, its DAG file has the same name as another one in a parent folder.
    "schedules/eu/team/broken.yml": _QUICK,
    "schedules/eu/broken.yml": _QUICK + "name: whole\n",
}
_BROKEN = "from airflow import nothing_of_that_name  # for a DAG\n"
_BROKEN_FILES = {"schedule": "eu/team/broken.py", "folder": "eu/team.py"}
_QUICK_PAGE, _BROKEN_PAGE = "/airflow/team/quick.yml", "/airflow/eu/team/broken.yml"
_FAILS_PAGE = "/airflow/team/fails.yml"


@contextmanager
def _airflow(invocation: Invocation, layout: str) -> Iterator[dict[str, str]]:
    """Run Airflow with an empty DAGs folder, and yield the variables with which the page connects to it."""
    folder = invocation.demo.folder
    shutil.rmtree(folder / "schedules", ignore_errors=True)
    configuration = f'layout = "{layout}"\n{(folder / "dagpress.toml").read_text()}'
    write(folder, {**_SCHEDULES, "dagpress.toml": configuration, "passwords.json": json.dumps({"admin": _PASSWORD})})
    generate(folder)
    (folder / "deployed").mkdir()
    invocation.variables.update(
        AIRFLOW__API__AUTH_BACKENDS="airflow.api.auth.backend.basic_auth",
        # Tokens expire during the test, to test their renewal.
        AIRFLOW__API_AUTH__JWT_EXPIRATION_TIME="2",
        AIRFLOW__API_AUTH__JWT_LEEWAY="0",
        AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION="True",
        AIRFLOW__CORE__DAGS_FOLDER=str(folder / "deployed"),
        AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE=str(folder / "passwords.json"),
        AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS="admin:admin",
        AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL="1",
        AIRFLOW__SCHEDULER__DAG_DIR_LIST_INTERVAL="1",
    )
    is_3 = invocation.version == NEWEST
    port = invocation.ports["API__PORT" if is_3 else "WEBSERVER__WEB_SERVER_PORT"]
    password = _PASSWORD if is_3 else (invocation.home / "standalone_admin_password.txt").read_text()
    url = f"http://localhost:{port}"
    with invocation.started("standalone"):
        invocation.wait_until(lambda: _answers(f"{url}/api/{'v2' if is_3 else 'v1'}/version"), pause=1)
        yield {
            "DAGPRESS_AIRFLOW_URL": f"{url}/",
            "DAGPRESS_AIRFLOW_USERNAME": "admin",
            "DAGPRESS_AIRFLOW_PASSWORD": password,
        }


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310  # it is http
            return bool(answer.status == 200)
    except OSError:
        return False


def _deploy(folder: Path, layout: str) -> None:
    """Deploy the files of the repo to Airflow, one of them broken."""
    shutil.copytree(folder / "generated_dags", folder / "deployed", dirs_exist_ok=True)
    write(folder, {f"deployed/{_BROKEN_FILES[layout]}": _BROKEN})


def _change(folder: Path) -> None:
    write(folder, {"schedules/team/quick.yml": _SCHEDULES["schedules/team/quick.yml"].replace("true", "changed")})


@pytest.mark.parametrize("invocation", ["airflow-3"], indirect=True)
def test_a_browser_runs_a_dag_of_airflow_3(invocation: Invocation, browser: Browser) -> None:
    """Not deployed, deployed, changed since; run, followed until it succeeds, paused: all by keyboard.

    The other DAG in its file is unchanged.
    """
    folder = invocation.demo.folder
    with (
        _airflow(invocation, "folder") as variables,
        served(folder, **variables) as url,
        browser.new_context() as context,
    ):
        page = context.new_page()
        problems: list[str] = []
        page.on("console", lambda message: problems.append(message.text))
        page.goto(url + _QUICK_PAGE[1:])
        panel = page.locator("#airflow")
        expect(panel).to_contain_text("not deployed")
        expect(panel).not_to_contain_text("Run now")

        _deploy(folder, "folder")
        invocation.wait_until(lambda: "as in this project" in _reloaded(page.reload, panel.inner_text), pause=1)
        expect(panel).to_contain_text("no runs yet")
        expect(panel).to_contain_text("paused")
        page.goto(url + _BROKEN_PAGE[1:])
        invocation.wait_until(lambda: "nothing_of_that_name" in _reloaded(page.reload, panel.inner_text), pause=1)
        expect(panel).to_contain_text("cannot be loaded")
        for other in ("eu/broken", "team/given"):
            page.goto(f"{url}airflow/{other}.yml")
            invocation.wait_until(lambda: "as in this project" in _reloaded(page.reload, panel.inner_text), pause=1)
        page.press("#airflow-run", "Enter")
        expect(panel).to_contain_text("A run needs a value for days: start it in Airflow")

        _change(folder)
        page.goto(url + _QUICK_PAGE[1:])
        expect(panel).to_contain_text("as in this project The DAG file in this project is out of date, too.")
        generate(folder)
        page.reload()
        expect(panel).to_contain_text("differs from this project")
        page.press("summary", "Enter")
        expect(page.locator(".patch ins").first).to_be_visible()
        assert "echo changed" in page.inner_text(".patch")

        page.press("#airflow-run", "Enter")
        expect(page.locator("#airflow-confirm")).to_be_focused()
        # The browser focuses the button before htmx handles its form.
        expect(page.locator(".htmx-added")).to_have_count(0)
        # The state of a quick run can replace the message before the test reads it.
        with page.expect_response(lambda answer: answer.request.method == "POST") as posted:
            page.keyboard.press("Enter")
        assert 'id="airflow-said" hx-swap-oob="innerHTML">vendas-diárias was started.<' in posted.value.text()
        expect(page.locator("#airflow-run-state")).to_have_text("success")
        expect(page.locator("#airflow-said")).to_have_text("vendas-diárias has ended: success.")
        assert re.search(r" · \d[\d.minh\s]*s · ", panel.inner_text())
        link = page.get_attribute("#airflow-run-link", "href")
        assert link
        assert context.new_page().goto(link).ok  # type: ignore[union-attr]  # it answers

        _pause(page)

        page.goto(url)
        expect(page.locator(".airflow-cell", has_text="success").filter(has_text="differs")).to_have_count(1)
        log = _fail_in_the_list(page)
        _log_in_to_airflow_3(page, variables["DAGPRESS_AIRFLOW_URL"])
        _see_log(page, log)
        assert _PASSWORD not in page.content()
        assert not problems


def _pause(page: Page) -> None:
    page.press("#airflow-pause", "Enter")
    expect(page.locator("#airflow-said")).to_have_text("vendas-diárias is paused.")
    expect(page.locator("#airflow-pause")).to_have_text("Unpause")
    expect(page.locator("#airflow-pause")).to_be_focused()


def _fail_in_the_list(page: Page) -> str:
    """Run a failing DAG from the list, and return the URL of its log."""
    fails = page.locator("tr", has=page.get_by_role("link", name="fails", exact=True))
    fails.get_by_role("link", name="Run now… fails").press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text("The DAG is paused.")
    # A quick run can end before the test reads its message.
    with page.expect_response(lambda answer: answer.request.method == "POST") as posted:
        page.locator("#airflow-confirm").press("Enter")
    assert "fails was started." in posted.value.text()
    expect(fails).to_contain_text("failed")
    return fails.get_by_role("link", name="Log of fails").get_attribute("href") or ""


def _log_in_to_airflow_3(page: Page, url: str) -> None:
    """Log in as a program: its token, unlike a user's, does not expire in two seconds."""
    answer = page.request.post(f"{url}auth/token/cli", data={"username": "admin", "password": _PASSWORD})
    token = {"name": "_token", "value": answer.json()["access_token"], "url": url}
    page.context.add_cookies([token])  # type: ignore[list-item]  # the keys of Playwright's cookies


def _log_in_to_airflow_2(page: Page, password: str) -> None:
    page.locator("[name=username]").fill("admin")
    page.locator("[name=password]").fill(password)
    page.locator("[name=password]").press("Enter")
    page.wait_for_url(lambda url: "/login" not in url)


def _see_log(page: Page, log: str) -> None:
    """Check that Airflow shows the log of the failed task."""
    page.goto(log)
    # The code of the DAG, which is also on the page, does not contain the result.
    expect(page.get_by_text("log of 42").last).to_be_visible()


def _reloaded(reload: object, text: object) -> str:
    assert callable(reload)
    assert callable(text)
    reload()
    return str(text())


@pytest.mark.parametrize("invocation", ["airflow-2"], indirect=True)
def test_a_browser_without_javascript_runs_a_dag_of_airflow_2(
    invocation: Invocation, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = invocation.demo.folder
    with _airflow(invocation, "schedule") as variables:
        pages = Pages(folder, **variables)

        def panel() -> str:
            return text_of(pages.get(_QUICK_PAGE), "#airflow")

        assert "not deployed" in panel()
        _deploy(folder, "schedule")
        invocation.wait_until(lambda: "as in this project" in panel(), pause=1)
        assert "no runs yet" in panel()
        invocation.wait_until(lambda: "nothing_of_that_name" in text_of(pages.get(_BROKEN_PAGE), "#airflow"), pause=1)
        whole = "/airflow/eu/broken.yml"
        invocation.wait_until(lambda: "as in this project" in text_of(pages.get(whole), "#airflow"), pause=1)
        _change(folder)
        generate(folder)
        assert "differs from this project" in panel()

        asked = pages.get(f"{_QUICK_PAGE}/run")
        form = _form(asked)
        assert form.pop("unpause") == "yes"
        long_ago = (datetime.now(timezone.utc) - timedelta(days=1)).isoformat()
        for asked_at in (long_ago, "", "now", "2020-01-01"):
            pages.post(f"{_QUICK_PAGE}/run", {**form, "asked_at": asked_at})
        assert "no runs yet" in panel()
        pages.post(f"{_QUICK_PAGE}/run", form)
        # Submitting the form again, as by the back button, starts no second run.
        assert "The run waits until the DAG is unpaused." in text_of(pages.post(f"{_QUICK_PAGE}/run", form), "#airflow")
        assert invocation.states("meltano_vendas-diárias") == ["queued"]
        assert "Pause" in text_of(pages.post(f"{_QUICK_PAGE}/unpause", {}), "#airflow-pause")
        invocation.wait_until(lambda: "success" in panel(), pause=1)
        assert re.search(r" · \d[\d.minh\s]*s · ", panel())
        assert "Unpause" in text_of(pages.post(f"{_QUICK_PAGE}/pause", {}), "#airflow-pause")
        assert _answers(str(pages.get(_QUICK_PAGE).select("#airflow-run-link")[0]["href"]))

        # A second, queued run. The list shows the later run, also with one result per page of Airflow's API.
        later = _form(pages.get(f"{_QUICK_PAGE}/run"))
        del later["unpause"]
        pages.post(f"{_QUICK_PAGE}/run", later)
        monkeypatch.setattr(rest, "_PAGE", 1)
        keys = [("schedule", str(one["value"])) for one in pages.get("/").select("input[name=schedule]")]
        cells = pages.get(f"/airflow?{urlencode(keys)}").select(".airflow-cell")
        states = [
            next(word for word in ("queued", "no runs yet", "not deployed") if word in cell.text) for cell in cells
        ]
        assert sorted(states) == ["no runs yet", "no runs yet", "no runs yet", "not deployed", "queued"]
        monkeypatch.undo()

        pages.post(f"{_FAILS_PAGE}/run", _form(pages.get(f"{_FAILS_PAGE}/run")))
        invocation.wait_until(lambda: "failed" in text_of(pages.get(_FAILS_PAGE), "#airflow"), pause=1)
        with browser.new_context() as context:
            log, page = str(pages.get(_FAILS_PAGE).select("#airflow-run-link")[0]["href"]), context.new_page()
            page.goto(log)
            _log_in_to_airflow_2(page, variables["DAGPRESS_AIRFLOW_PASSWORD"])
            _see_log(page, log)

        wrong = Pages(folder, **{**variables, "DAGPRESS_AIRFLOW_PASSWORD": _WRONG_PASSWORD}).get(_QUICK_PAGE)
        assert "check DAGPRESS_AIRFLOW_USERNAME and DAGPRESS_AIRFLOW_PASSWORD" in text_of(wrong, ".error")
        assert not {_WRONG_PASSWORD, variables["DAGPRESS_AIRFLOW_PASSWORD"]} & set(re.split(r"\W", wrong.text))


def _form(page: BeautifulSoup) -> dict[str, str]:
    """Return the fields of the form on a page."""
    return {str(field["name"]): str(field["value"]) for field in page.select("form input")}
