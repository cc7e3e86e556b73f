"""The schedule language: its keys, the models, the JSON Schema and the reference."""

from codegen.schema.model import Schedule
from codegen.schema.reader import read_defaults, read_schedule
from codegen.schema.task import Task

__all__ = ["Schedule", "Task", "read_defaults", "read_schedule"]
