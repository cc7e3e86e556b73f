"""Finds the schedule files and merges the defaults and the environments into each of them."""

from codegen.loader.discovery import DEFAULTS, SUFFIXES, Overlay, SourceFile, excludes, find_schedules
from codegen.loader.inheritance import Document, load_schedules
from codegen.loader.silencers import Silencer

__all__ = [
    "DEFAULTS",
    "SUFFIXES",
    "Document",
    "Overlay",
    "Silencer",
    "SourceFile",
    "excludes",
    "find_schedules",
    "load_schedules",
]
