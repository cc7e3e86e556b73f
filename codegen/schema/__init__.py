"""The schedule language: its keys, the typed schedule that they make, and its JSON Schema and reference."""

from codegen.schema.model import Schedule
from codegen.schema.reader import read_defaults, read_schedule
from codegen.schema.task import Task

__all__ = ["Schedule", "Task", "read_defaults", "read_schedule"]
