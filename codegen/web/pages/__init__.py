"""The pages: a module for each, with its addresses in `PAGES`."""

from codegen.web.pages import editing, history, pipeline, pipelines

PAGES = (
    *pipelines.PAGES,
    *editing.PAGES,
    *pipeline.PAGES,
    *history.PAGES,
)
