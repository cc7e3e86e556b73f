"""The pages: a module for each, with its addresses in `PAGES`."""

from codegen.web.pages import airflow, calendar, committing, editing, generation, history, pipeline, pipelines, saving

PAGES = (
    *pipelines.PAGES,
    *pipeline.PAGES,
    *history.PAGES,
    *editing.PAGES,
    *saving.PAGES,
    *generation.PAGES,
    *calendar.PAGES,
    *airflow.PAGES,
    *committing.PAGES,
)
