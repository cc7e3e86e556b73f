"""The pages: a module for each, with its addresses in `PAGES`."""

from codegen.web.pages import pipelines

PAGES = (*pipelines.PAGES,)
