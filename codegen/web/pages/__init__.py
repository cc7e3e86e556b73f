"""The pages: a module for each, with its addresses in `PAGES`."""

from codegen.web.pages import editing, generation, pipelines

PAGES = (
    *pipelines.PAGES,
    *editing.PAGES,
    *generation.PAGES,
)
