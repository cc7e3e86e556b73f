"""Sphinx builds the manual: `make docs`."""

import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

from codegen.rules import RULES

project = "Dagpress"
copyright = ""  # noqa: A001  # Sphinx' name
extensions = ["myst_parser", "sphinx_copybutton"]
exclude_patterns = ["_build"]
nitpicky = True
# Pages of rules show invalid YAML and TOML.
suppress_warnings = ["misc.highlighting_failure"]

myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence", "deflist"]

html_theme = "furo"
html_title = "Dagpress"
html_show_copyright = False
html_show_sphinx = False
html_copy_source = False
html_favicon = "../codegen/web/static/icon.svg"
html_static_path = ["_static"]
html_js_files = ["accessibility.js"]
# The prompt and the output of a console are not copied.
copybutton_prompt_text = "$ "

# On GitHub, a link to a rule leads to its source; the site has a page for each rule, made from it.
_RULE_SOURCE = "../../codegen/rules/pages/"
_RULES = Path(__file__).parent / "rules"
# The site has no other files of the repository: a link to one becomes its text.
_LINK_OUTSIDE = re.compile(r"\[([^\]]+)\]\((?:\.\./){2}[^)]+\)")


def _write_rule_pages(_app: Sphinx) -> None:
    _RULES.mkdir(exist_ok=True)
    for stale in _RULES.glob("*.md"):
        if stale.stem not in RULES:
            stale.unlink()
    for rule in RULES.values():
        path, text = _RULES / f"{rule.code}.md", f"---\norphan: true\n---\n\n{rule.page()}"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def _rewrite_links(_app: Sphinx, _name: str, source: list[str]) -> None:
    source[0] = _LINK_OUTSIDE.sub(r"\1", source[0].replace(_RULE_SOURCE, "../rules/"))


def _complete_roles(
    _app: Sphinx, _page: str, _template: str, context: dict[str, Any], _doctree: nodes.document | None
) -> None:
    """Add the level that a role of a heading requires, which Sphinx leaves out for the captions of the sidebar."""
    tree = context["furo_navigation_tree"]
    context["furo_navigation_tree"] = tree.replace('role="heading"', 'role="heading" aria-level="2"')


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("builder-inited", _write_rule_pages)
    app.connect("source-read", _rewrite_links)
    # After Furo, which makes the tree.
    app.connect("html-page-context", _complete_roles, priority=900)
