"""The command `manual`."""

from __future__ import annotations

import re
from pathlib import Path

import click

from codegen.cli.exit_code import ExitCode
from codegen.cli.printer import echo_data, print_table
from codegen.diagnostics import nearest, quoted

_PACKAGE = Path(__file__).parent.parent
_SECTIONS = ("guides", "reference", "explanation")
# Comments for the tests of the code blocks.
_COMMENT = re.compile(r"^<!-- .* -->\n", re.MULTILINE)


def _pages() -> dict[str, Path]:
    """Return the pages by name, from the installed package or from the repository."""
    installed = _PACKAGE / "manual"
    root = installed if installed.is_dir() else _PACKAGE.parent / "docs"
    return {path.stem: path for section in _SECTIONS for path in sorted((root / section).glob("*.md"))}


def _complete_pages(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    return [name for name in _pages() if name.startswith(incomplete)]


@click.command(
    epilog="\b\nExamples:\n  dagpress manual                   list all pages\n"
    "  dagpress manual quickstart        from an empty directory to the first DAG run\n"
    "  dagpress manual keys | less       the keys of a schedule"
)
@click.argument("page", required=False, shell_complete=_complete_pages)
def manual(page: str | None) -> int:
    """List the pages of the manual, or print one in Markdown."""
    pages = _pages()
    if page is None:
        print_table(
            ("PAGE", "TITLE", "SECTION"), [(name, _title(path), path.parent.name) for name, path in pages.items()]
        )
    elif page in pages:
        echo_data(_COMMENT.sub("", pages[page].read_text(encoding="utf-8")))
    else:
        hint = nearest(page, pages) or "run `dagpress manual` to see the pages"
        raise click.ClickException(f"unknown page {quoted(page)} ({hint})")
    return ExitCode.FINE


def _title(page: Path) -> str:
    return page.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")


COMMANDS = (manual,)
