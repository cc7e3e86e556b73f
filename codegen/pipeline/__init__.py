"""The one way from a project to its generated files. It reads, and writes nothing."""

from codegen.pipeline.generation import Generation, generate, render
from codegen.pipeline.reading import Reading, read
from codegen.pipeline.revision import Revision, revise

__all__ = ["Generation", "Reading", "Revision", "generate", "read", "render", "revise"]
