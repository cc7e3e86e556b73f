"""The pages: a module for each, with its addresses in `PAGES`."""

from codegen.web.pages import calendar, editing, pipelines

PAGES = (
    *pipelines.PAGES,
    *editing.PAGES,
    *calendar.PAGES,
)
