"""From files to nodes: finds the schedule files, reads their YAML, refuses its traps, merges the defaults."""

from codegen.loader.comments import Comment, Layout, read_layout
from codegen.loader.discovery import DEFAULTS, SUFFIXES, Overlay, SourceFile, find_schedules
from codegen.loader.exclusion import Exclusion
from codegen.loader.inheritance import Document, load_schedules
from codegen.loader.silencers import Silencer
from codegen.loader.yaml_reader import Dialect, read_yaml

__all__ = [
    "DEFAULTS",
    "SUFFIXES",
    "Comment",
    "Dialect",
    "Document",
    "Exclusion",
    "Layout",
    "Overlay",
    "Silencer",
    "SourceFile",
    "find_schedules",
    "load_schedules",
    "read_layout",
    "read_yaml",
]
