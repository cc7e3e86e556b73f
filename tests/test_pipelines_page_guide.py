"""The guide to the Pipelines page quotes labels as the pages show them."""

from __future__ import annotations

import re

from environments import ROOT
from loopback_servers import closed_port
from pages import Pages, form_of
from project_builder import EXTRACT_LOAD, write
from team_repository import Team

_GUIDE = ROOT / "docs" / "guides" / "pipelines-page.md"
# Buttons and links of states that the test does not reach, such as a proposal with conflicts.
_CONTROLS = re.compile(r"<(?:button|a)\b[^>]*>([^<]+)")
_AIRFLOW = "DAGPRESS_AIRFLOW_URL"


def test_each_label_of_the_guide_is_on_a_page(team: Team) -> None:
    shown = [*_pages_with_proposals(team), *_pages_with_commits(team)]
    for template in (ROOT / "codegen" / "web" / "templates").glob("*.html"):
        shown += _CONTROLS.findall(template.read_text(encoding="utf-8"))
    text = " ".join(" ".join(shown).split()).casefold()
    labels = _labels(_GUIDE.read_text(encoding="utf-8"))
    assert {"New pipeline", "Bring up to date", "Generated files are out of date"} <= labels
    assert [each for each in sorted(labels) if not re.search(rf"\b{re.escape(each.casefold())}\b", text)] == []


def _labels(guide: str) -> set[str]:
    """Return the bold and the quoted words; a bold symptom that opens an item of the last list is no label."""
    start, problems = guide.split("## Common problems")
    problems = re.sub(r"^- \*\*([^*]+)\*\*", r"- \1", problems, flags=re.MULTILINE)
    return {
        " ".join((bold or said).split()) for bold, said in re.findall(r"\*\*([^*]+)\*\*|\"([^\"]+)\"", start + problems)
    }


def _pages_with_proposals(team: Team) -> list[str]:
    pages = team.pages(team.proposals())
    new = pages.get("/new")
    draft = {**form_of(new), "text": EXTRACT_LOAD, "new": "b"}
    return [new.text, pages.post("/save", draft).text, pages.get("/proposals").text]


def _pages_with_commits(team: Team) -> list[str]:
    pages = Pages(team.checkout, **{_AIRFLOW: f"http://127.0.0.1:{closed_port()}"})
    write(team.checkout, {"schedules/c.yml": EXTRACT_LOAD, "schedules/d.yml": EXTRACT_LOAD})
    shown = [pages.get(address).text for address in ("/", "/calendar", "/pipelines/a.yml")]
    draft = {**form_of(pages.get("/edit/a.yml")), "text": EXTRACT_LOAD.replace("@daily", "@hourly")}
    saved = pages.post("/save", draft)
    return [*shown, saved.text, pages.post("/commit", form_of(saved)).text]
