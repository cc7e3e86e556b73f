"""The pages: a module for each, with its addresses in `PAGES`."""

from codegen.web.pages import editing, generation, history, pipeline, pipelines

PAGES = (
    *pipelines.PAGES,
    *pipeline.PAGES,
    *history.PAGES,
    *editing.PAGES,
    *generation.PAGES,
)
