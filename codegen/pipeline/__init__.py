"""From a project to the text of its generated files; writes nothing."""

from codegen.pipeline.generation import Generation, generate, render
from codegen.pipeline.reading import Reading, read
from codegen.pipeline.revision import Revision, revise
from codegen.pipeline.scope import meant_by
from codegen.pipeline.selection import Selection, select

__all__ = [
    "Generation",
    "Reading",
    "Revision",
    "Selection",
    "generate",
    "meant_by",
    "read",
    "render",
    "revise",
    "select",
]
