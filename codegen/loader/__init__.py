"""Finds the schedule files, and merges defaults and environments into them."""

from codegen.loader.discovery import HIDDEN, SUFFIXES, Overlay, SourceFile, find_schedules
from codegen.loader.exclusion import excludes, without_a_match
from codegen.loader.inheritance import Document, Loaded, load_schedules
from codegen.loader.names import DEFAULTS
from codegen.loader.silencers import Silencer

__all__ = [
    "DEFAULTS",
    "HIDDEN",
    "SUFFIXES",
    "Document",
    "Loaded",
    "Overlay",
    "Silencer",
    "SourceFile",
    "excludes",
    "find_schedules",
    "load_schedules",
    "without_a_match",
]
