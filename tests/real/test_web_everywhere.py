"""Accessibility of every page that can be reached by links, in a real browser.

With axe-core, on a wide screen in light mode and on a phone in dark mode; by keyboard; without JavaScript.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Literal
from urllib.parse import parse_qsl, urldefrag, urlsplit

import pytest
from axe import violations
from browser import served
from playwright.sync_api import Browser, ConsoleMessage
from playwright.sync_api import Page as Tab
from project_builder import EXTRACT_LOAD, dagpress, write
from starlette.routing import compile_path
from versions import NEWEST

from codegen.web.app import PAGES

pytestmark = pytest.mark.slow

TOKEN = "a token of more than 16"  # noqa: S105  # of this test
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
WIDTHS = (1280, 360)
PROJECT = {
    "dagpress.toml": f'airflow = "{NEWEST}"\nlayout = "folder"\n',
    "meltano.yml": """\
plugins:
  extractors: [{name: tap-gitlab}, {name: tap-shop}]
  loaders: [{name: target-postgres}]
jobs: [{name: refresh, tasks: [tap-shop target-postgres]}]
""",
    "schedules/gitlab.yml": """\
extractor: tap-gitlab
loader: target-postgres
interval: '@daily'
owner: data
tags: [git, daily]
""",
    "schedules/shop/_defaults.yml": "timezone: Europe/Zurich\ntags: [shop]\n",
    "schedules/shop/orders.yml": "extractor: tap-shop\nloader: target-postgres\ninterval: '15 2 * * 1-5'\n",
    "schedules/shop/a_name_that_is_long_enough_to_be_wider_than_a_phone_is_and_has_no_blank.yml": """\
job: refresh
interval: '*/15 * * * *'
description: What this is for, in a sentence that takes more than a line on a phone.
""",
    "schedules/report.yml": """\
after: orders
tasks:
- {id: ask, command: 'true', after: []}
- {id: tell, command: 'true', after: [ask]}
""",
}
MISTAKE = {"schedules/broken.yml": "extractor: tap-gitlab\nintervall: '@daily'\n"}
# The path of an element, which is the same after a part of the page was reloaded.
PLACE = """
const place = e => {
  const places = [];
  for (; e.parentElement; e = e.parentElement) places.unshift([...e.parentElement.children].indexOf(e));
  return places.join(' ');
};
"""
# Every element that Tab reaches, but only one of a group of radio buttons.
STOPS = f"""() => {{ {PLACE}
  const all = 'a[href], button, input, select, textarea, summary, [tabindex], [contenteditable=true]';
  const group = e => [...document.querySelectorAll(`input[name="${{e.name}}"]`)];
  const stops = [...document.querySelectorAll(all)]
    .filter(e => e.tabIndex >= 0 && !e.disabled && e.type !== 'hidden')
    .filter(e => e.checkVisibility({{checkVisibilityCSS: true}}))
    .filter(e => e.type !== 'radio' || e === (group(e).find(one => one.checked) ?? group(e)[0]));
  return Object.fromEntries(stops.map(e => [place(e), e.outerHTML.slice(0, 120)]));
}}"""
TEXTS = "all => all.map(e => e.getAttribute('href') ?? e.innerText.trim())"
# Move the focus to the start, also if the page has set it.
START = """() => {
  const start = document.createElement('span');
  start.tabIndex = -1;
  document.body.prepend(start);
  start.focus();
}"""
FOCUS = f"""() => {{ {PLACE}
  const focused = document.activeElement;
  if (!focused || focused === document.body) return null;
  const outline = e => getComputedStyle(e).outlineStyle !== 'none' && parseFloat(getComputedStyle(e).outlineWidth) > 0;
  let marked = focused;
  for (let up = 0; up < 3 && marked.parentElement && !outline(marked); up += 1) marked = marked.parentElement;
  const box = focused.getBoundingClientRect();
  return {{place: place(focused), html: focused.outerHTML.slice(0, 120), marked: outline(marked),
    inside: box.bottom > 0 && box.top < innerHeight}};
}}"""


class Visitor:
    """A browser tab that visits pages.

    Attributes:
        wrong: requests to other hosts, and errors of the browser.
    """

    def __init__(self, tab: Tab) -> None:
        """Start with an empty tab."""
        self.tab = tab
        self.wrong: list[str] = []
        self._address = ""
        tab.on("request", lambda request: self._see(request.url))
        tab.on("pageerror", lambda error: self.wrong.append(str(error)))
        tab.on("console", self._hear)

    def open(self, address: str) -> None:
        """Open a page, and wait until it is loaded."""
        self._address, self.wrong = address, []
        self.tab.goto(address)
        self.tab.wait_for_selector(".htmx-request", state="detached")

    def _see(self, url: str) -> None:
        own = "/".join(self._address.split("/")[:3]) + "/"
        if not url.startswith((own, "data:")):
            self.wrong.append(url)

    def _hear(self, message: ConsoleMessage) -> None:
        # The browser itself reports an error response.
        is_status = message.text.startswith("Failed to load resource") and message.location["url"] == self._address
        if message.type == "error" and not is_status:
            self.wrong.append(message.text)


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[list[str]]:
    """One page of each kind, and those of missing files, errors, an empty project, and the login."""
    folder = tmp_path_factory.mktemp("everywhere")
    project = write(folder / "shop-pipelines", PROJECT)
    code, _, err = dagpress(project, "generate")
    assert code == 0, err
    write(project, MISTAKE)
    broken = write(folder / "broken", {"schedules/_defaults.yml": "tags: [a]\n"})
    drifted = write(folder / "drifted", {"schedules/a.yml": EXTRACT_LOAD, "meltano.yml": "include_paths: [x]\n"})
    with ExitStack() as stack:
        roots = (project, write(folder / "empty", {"dagpress.toml": f'airflow = "{NEWEST}"\n'}), broken, drifted)
        url, empty, failing, stale = (stack.enter_context(served(root)) for root in roots)
        login = stack.enter_context(served(project, DAGPRESS_TOKEN=TOKEN))
        write(broken, {"dagpress.toml": "airflow = 3\n"})
        yield [*dict.fromkeys([*_linked(browser, url), f"{url}new"]), f"{url}nowhere", empty, failing, stale, login]


def _linked(browser: Browser, url: str) -> list[str]:
    """Return the pages linked from the first: of each route, one without parameters and one with the most."""
    found, seen = [url], {url}
    kinds: dict[tuple[str, bool], str] = {}
    with browser.new_context(java_script_enabled=False) as context:
        tab = context.new_page()
        while found:
            address = found.pop(0)
            kind = _kind(address)
            if kind in kinds and _parameters(address) <= _parameters(kinds[kind]):
                continue
            if "html" not in context.request.get(address).headers["content-type"]:
                continue
            kinds[kind] = address
            tab.goto(address)
            links = [urldefrag(link)[0] for link in tab.eval_on_selector_all("a[href]", "all => all.map(a => a.href)")]
            found += [link for link in dict.fromkeys(links) if link.startswith(url) and link not in seen]
            seen |= {*links}
    return list(kinds.values())


def _kind(address: str) -> tuple[str, bool]:
    parts = urlsplit(address)
    pages = [page.path for page in PAGES if page.method == "GET" and compile_path(page.path)[0].match(parts.path)]
    return (pages[0] if pages else parts.path, bool(parts.query))


def _parameters(address: str) -> int:
    return len(parse_qsl(urlsplit(address).query))


@contextmanager
def _visitor(browser: Browser, **settings: Any) -> Iterator[Visitor]:
    with browser.new_context(**settings) as context:
        yield Visitor(context.new_page())


def test_no_page_has_violations_overflow_or_external_requests(browser: Browser, addresses: list[str]) -> None:
    """axe-core finds no violation, no page is wider than the screen, and all requests go to the server."""
    problems = []
    with _visitor(browser) as visitor:
        for address in addresses:
            visitor.open(address)
            # The colours of a scheme do not depend on the width.
            for scheme, width in zip(SCHEMES, WIDTHS, strict=True):
                visitor.tab.emulate_media(color_scheme=scheme)
                visitor.tab.set_viewport_size({"width": width, "height": 800})
                found = violations(visitor.tab)
                wide = visitor.tab.evaluate("document.documentElement.scrollWidth")
                found += [f"{wide} pixels wide"] if wide > width else []
                problems += [f"{address} {scheme} {width}: {text}" for text in found]
            problems += [f"{address}: {text}" for text in visitor.wrong]
    assert not problems, "\n".join(problems)


def test_the_keyboard_reaches_every_control(browser: Browser, addresses: list[str]) -> None:
    """In the order of the page, in view, and with a visible focus."""
    problems = []
    with _visitor(browser, viewport={"width": WIDTHS[0], "height": 800}) as visitor:
        for address in addresses:
            visitor.open(address)
            problems += [f"{address}: {problem}" for problem in _problems_of_focus(visitor.tab)]
    assert not problems, "\n".join(problems)


def _problems_of_focus(tab: Tab) -> Iterator[str]:
    tab.evaluate(START)
    before: dict[str, str] = tab.evaluate(STOPS)
    reached: list[str] = []
    for _ in range(3 * len(before) + 10):
        tab.keyboard.press("Tab")
        focus = tab.evaluate(FOCUS)
        if focus is None:
            break
        if reached and focus["place"] == reached[-1]:
            # A date has parts, and an editor handles Tab itself until Escape is pressed.
            tab.keyboard.press("Escape")
            continue
        if focus["place"] in reached:
            break
        reached.append(focus["place"])
        if not focus["marked"]:
            # An editor shows its focus with a delay.
            tab.wait_for_timeout(100)
            focus = tab.evaluate(FOCUS)
        if not focus["marked"]:
            yield f"one does not see the focus on {focus['html']}"
        if not focus["inside"]:
            yield f"the focus is out of view on {focus['html']}"
    # Elements that the page has replaced in the meantime could not be reached.
    stops = {place: html for place, html in tab.evaluate(STOPS).items() if place in before}
    yield from (f"Tab does not stop at {html}" for place, html in stops.items() if place not in reached)
    order = [place for place in reached if place in stops]
    if order != [place for place in stops if place in reached]:
        yield f"Tab goes in another order than the page: {[stops[place] for place in order]}"


def test_the_pages_show_their_content_without_javascript(browser: Browser, addresses: list[str]) -> None:
    """The same headings, labels and links as with JavaScript."""
    problems = []
    with _visitor(browser) as visitor, _visitor(browser, java_script_enabled=False) as plain:
        for address in addresses:
            visitor.open(address)
            plain.open(address)
            missing = _content(visitor.tab) - _content(plain.tab)
            problems += [f"{address}: {text} is not there" for text in sorted(missing)]
    assert not problems, "\n".join(problems)


def _content(tab: Tab) -> set[str]:
    return set(tab.eval_on_selector_all("main :is(a[href], h1, h2, label, th)", TEXTS)) - {""}
