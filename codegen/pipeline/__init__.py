"""From a project to the text of its generated files; writes nothing."""

from codegen.pipeline.generation import Generation, generate, render
from codegen.pipeline.reading import Reading, read
from codegen.pipeline.revision import Revision, revise
from codegen.pipeline.scope import suggest_name
from codegen.pipeline.selection import Selection, select

__all__ = [
    "Generation",
    "Reading",
    "Revision",
    "Selection",
    "generate",
    "read",
    "render",
    "revise",
    "select",
    "suggest_name",
]
