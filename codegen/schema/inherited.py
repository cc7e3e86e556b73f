"""Merges values of a schedule into its tasks: maps merge, and a null removes a value."""

from __future__ import annotations

from collections.abc import Mapping

from codegen.keys.table import Key, Table, keys_of
from codegen.runners import RUNNERS
from codegen.schema.airflow_arguments import TASK_GROUP
from codegen.schema.task_defaults import TaskDefaults
from codegen.source.nodes import Entry, ListNode, MapNode, Node, Scalar, is_null, merge, without_nulls


def over_tasks(root: MapNode, table: Table) -> MapNode:
    """Merge the runner settings of the schedule into the settings of each task.

    Airflow applies `default_args` to every task. So a value that one task removes with a null moves from the schedule
    to all other tasks.
    """
    tasks = root.get("tasks")
    if not isinstance(tasks, ListNode):
        return root
    rows = table.rows
    names = {*keys_of(TaskDefaults), *RUNNERS, *(name for name in rows if rows[name].group == TASK_GROUP)}
    maps = [task for task in tasks.items if isinstance(task, MapNode)]
    removed = {name for task in maps for name, entry in task.entries.items() if is_null(entry.value)} & names
    moved = {name: entry for name, entry in root.entries.items() if name in removed}
    items = tuple(_over_task(item, root, moved, rows) for item in tasks.items)
    entries = {name: entry for name, entry in root.entries.items() if name not in moved}
    entries["tasks"] = Entry(root.entries["tasks"].key_location, ListNode(items, tasks.location))
    return MapNode(entries, root.location)


def _over_task(task: Node, root: MapNode, moved: Mapping[str, Entry], rows: Mapping[str, Key]) -> Node:
    if moved and isinstance(task, Scalar):
        task = MapNode({"run": Entry(task.location, task)}, task.location)
    if not isinstance(task, MapNode):
        return task
    reached = {
        name: entry for name, entry in moved.items() if set(rows[name].reaches or task.entries) & {*task.entries}
    }
    entries = {**reached, **task.entries}
    for name in {"env"} & reached.keys() | RUNNERS.keys():
        own, inherited = task.get(name), root.get(name)
        if isinstance(own, MapNode):
            whole = merge(inherited, own) if isinstance(inherited, MapNode) else own
            entries[name] = Entry(entries[name].key_location, without_nulls(whole))
    return MapNode(entries, task.location)
