"""The pages: a module for each, with its addresses in `PAGES`."""

from codegen.web.pages import committing, editing, pipelines, saving

PAGES = (
    *pipelines.PAGES,
    *editing.PAGES,
    *saving.PAGES,
    *committing.PAGES,
)
