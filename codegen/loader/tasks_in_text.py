"""Converts tasks that are lists of words to text, so that only the loader handles lists."""

from __future__ import annotations

from codegen.source.nodes import Entry, ListNode, MapNode, Node, Scalar
from codegen.text.shell import run_of, words_of


def with_tasks_in_text(root: MapNode) -> MapNode:
    """Convert the lists of words in `tasks` to text, including the tasks of environments."""
    entries = dict(root.entries)
    if (tasks := entries.get("tasks")) and isinstance(tasks.value, ListNode):
        items = tuple(map(_in_text, tasks.value.items))
        entries["tasks"] = Entry(tasks.key_location, ListNode(items, tasks.value.location))
    if (parts := entries.get("environments")) and isinstance(parts.value, MapNode):
        overlays = {
            name: Entry(entry.key_location, with_tasks_in_text(entry.value))
            for name, entry in parts.value.entries.items()
            if isinstance(entry.value, MapNode)
        }
        entries["environments"] = Entry(
            parts.key_location, MapNode({**parts.value.entries, **overlays}, parts.value.location)
        )
    return MapNode(entries, root.location)


def _in_text(task: Node) -> Node:
    """Convert a task to text; a list stays unchanged if an item is not text, or a template spans several items."""
    items = task.items if isinstance(task, ListNode) else ()
    words = [item.text for item in items if isinstance(item, Scalar) and item.kind == "str"]
    text = run_of(words)
    is_whole = words and len(words) == len(items) and words_of(text) == words
    return Scalar("str", text, task.location) if is_whole else task
