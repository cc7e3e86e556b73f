"""The steps of a schedule in the form: their work, dependencies and order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from codegen.schema.task import WHAT_RUNS, free_id
from codegen.source import edit
from codegen.source.list_items import Item, ItemList, with_key
from codegen.source.nodes import ListNode, MapNode, Node, Scalar, is_null
from codegen.source.write import to_yaml
from codegen.text.ids import id_of
from codegen.web.editing.reading import is_same_text, read_own

# The kinds of steps that the form can edit, with their labels.
KINDS = {"run": "Meltano run", "invoke": "Meltano invoke", "command": "Shell command"}
_PATH = ("tasks",)


@dataclass(frozen=True)
class Step:
    """A step.

    Attributes:
        item: the lines in the text.
        kind: one of `KINDS`; empty for a step that the form cannot edit.
        text: the command, or the plugins and jobs.
        id: the explicit ID; empty without one.
        derived: the ID that Dagpress derives from the other keys.
        after: the value of `after`; None without the key.
        line: the first line in the text, counted from 1.
        others: the other keys.
    """

    item: Item
    kind: str = ""
    text: str = ""
    id: str = ""
    derived: str = ""
    after: tuple[str, ...] | None = None
    line: int = 0
    others: Sequence[str] = ()

    @property
    def name(self) -> str:
        """The name of the step for the `after` of other steps; empty without one."""
        return self.id or self.derived


def steps_of(text: str) -> tuple[ItemList | None, list[Step]]:
    """Read the steps of a text; None and no steps if it has no readable list."""
    own, _ = read_own(text, "")
    node = own.get("tasks") if own else None
    if node is None or is_null(node):
        return None, []
    nodes = node.items if isinstance(node, ListNode) else (node,)
    try:
        found = ItemList.read(text, _PATH)
    except edit.EditError:
        return None, []
    return found, [_step(item, each) for item, each in zip(found.items, nodes, strict=True)]


def _step(item: Item, node: Node) -> Step:
    line = node.location.line
    if isinstance(node, Scalar):
        return Step(item, "run", node.text, derived=id_of(node.text), line=line)
    if not isinstance(node, MapNode):
        return Step(item, line=line)
    texts = {key: value.value.text for key, value in node.entries.items() if isinstance(value.value, Scalar)}
    runs = [key for key in WHAT_RUNS if key in node.entries]
    kind = runs[0] if len(runs) == 1 and runs[0] in KINDS and runs[0] in texts else ""
    words = texts.get("run") or texts.get("invoke") or " ".join(texts[k] for k in ("extractor", "loader") if k in texts)
    derived = id_of(words) or (texts.get("python") or texts.get("uses") or "").rpartition(".")[2]
    return Step(
        item, kind, texts.get(kind, ""), texts.get("id", ""), derived, _after_of(node.get("after")), line,
        [key for key in node.entries if key not in {kind, "id", "after"}],
    )  # fmt: skip


def _after_of(node: Node | None) -> tuple[str, ...] | None:
    if node is None or is_null(node):
        return None
    items = node.items if isinstance(node, ListNode) else (node,)
    return tuple(each.text for each in items if isinstance(each, Scalar))


def upstream_names(steps: Sequence[Step]) -> list[tuple[str, ...]]:
    """Return the names that each step waits for: the previous step, unless a step has `after`."""
    if all(each.after is None for each in steps):
        return _chain(steps)
    return [each.after or () for each in steps]


def _chain(steps: Sequence[Step]) -> list[tuple[str, ...]]:
    return [(), *((each.name,) for each in steps[:-1])][: len(steps)]


def written(steps: Sequence[Step]) -> str:
    """Return the lines of the steps, which the form sends back to detect concurrent changes."""
    return "\n".join(each.item.text for each in steps)


def with_steps(text: str, sent: Mapping[str, str]) -> str:
    """Apply the steps of the form to a text.

    Raises:
        EditError: the change cannot be applied.
    """
    found, before = steps_of(text)
    was = sent.get("was:tasks", "")
    is_stale = bool(before) and not is_same_text(was, written(before))
    if is_stale:
        # The YAML has changed: compare the form with the steps from which it was rendered.
        before = steps_of(f"tasks:\n{was.strip()}\n")[1]
    doing, _, number = sent.get("do", "").partition(":")
    after = [_sent_step(step, before, sent, index) for index, step in enumerate(before)]
    waits = [_sent_waits(index, sent, was) for index, was in enumerate(upstream_names(before))]
    renamed = {old.name: new.name for old, new in zip(before, after, strict=True) if old.name and old.name != new.name}
    waits = [tuple(renamed.get(name, name) for name in names) for names in waits]
    old_waits = [tuple(renamed.get(name, name) for name in names) for names in upstream_names(before)]
    if after == before and waits == old_waits and doing not in {"add", "up", "down", "remove"}:
        return text
    if is_stale:
        raise edit.EditError("the steps in the YAML have changed in the meantime: make your change again")
    is_chain = all(each.after is None for each in before)
    if not is_chain or waits != old_waits:
        after = _with_waits(after, waits)
    after = _done(after, doing, int(number) if number.isdecimal() else -1)
    items = [each.item for each in after]
    return (found or ItemList.read(text, _PATH)).with_items(items)


def _sent_step(step: Step, steps: Sequence[Step], sent: Mapping[str, str], index: int) -> Step:
    """Apply the submitted fields of a step."""
    if not step.kind or f"step:{index}:kind" not in sent:
        return step
    kind = sent[f"step:{index}:kind"]
    text = sent.get(f"step:{index}:text", step.text).replace("\r\n", "\n").strip()
    name = sent.get(f"step:{index}:id", step.id).strip()
    kind = kind if kind in KINDS else step.kind
    text = step.text if text == step.text.strip() else text
    if kind == "command" and name == (_id_of_command(step.text) if step.kind == "command" else ""):
        # The ID follows the command until the user types another ID.
        taken = {each.name for each in steps if each is not step}
        name = name if kind == step.kind and text == step.text else free_id(_id_of_command(text) or "step", taken)
    if (kind, text, name) == (step.kind, step.text, step.id):
        return step
    return replace(
        step, kind=kind, text=text, id=name, derived="" if kind == "command" else id_of(text),
        item=_rewritten(step, kind, text, name),
    )  # fmt: skip


def _id_of_command(text: str) -> str:
    return id_of(PurePosixPath(next(iter(text.split()), "")).stem)


def _sent_waits(index: int, sent: Mapping[str, str], was: tuple[str, ...]) -> tuple[str, ...]:
    """Return the selected names; existing names keep their order."""
    prefix = f"step:{index}:after:"
    if f"step:{index}:after" not in sent:
        return was
    chosen = [name.removeprefix(prefix) for name in sent if name.startswith(prefix)]
    return tuple(name for name in (*was, *(each for each in chosen if each not in was)) if name in chosen)


def _rewritten(step: Step, kind: str, text: str, name: str) -> Item:
    item, own = step.item, _own_keys(step.item)
    if own is None and kind == "run" and not name:
        return _with_scalar(item, text)
    if own is None:
        item = _as_map(item, step.text)
    lines = item.as_map
    if kind != step.kind:
        lines = with_key(lines, step.kind, kind)
    if text and not step.text and "\n" not in text:
        # Drop the quotes of the empty text, unless the new text needs them.
        lines = lines.replace(f'{kind}: ""', f"{kind}: {to_yaml(text).strip()}", 1)
    elif text != step.text or own is None:
        lines = edit.set_value(lines, (kind,), text)
    if name != step.id:
        lines = edit.set_value(lines, ("id",), name) if name else edit.remove(lines, ("id",))
    return item.with_map(lines)


def _own_keys(item: Item) -> MapNode | None:
    """Return the keys of an item; None for a plain text."""
    node, _ = read_own(f"a:\n{item.lines}", "")
    value = node.get("a") if node else None
    only = value.items[0] if isinstance(value, ListNode) and value.items else None
    return only if isinstance(only, MapNode) else None


def _with_scalar(item: Item, text: str) -> Item:
    """Replace the text of an item that is a plain text, and keep its comment."""
    lines = edit.set_value(_as_map(item, "x").as_map, ("run",), text)
    value = edit.written_at(lines, ("run",))
    return replace(item, lines=f"{item.lines[: item.dash]}- {value}{_comment_of(item)}\n")


def _as_map(item: Item, text: str) -> Item:
    """Convert an item that is a plain text to a mapping with `run`."""
    column = item.dash - (item.lines.rfind("\n", 0, item.dash) + 1)
    value = to_yaml({"run": text}).rstrip("\n").replace("\n", f"\n{' ' * (column + 2)}")
    return replace(item, lines=f"{item.lines[: item.dash]}- {value}{_comment_of(item)}\n")


def _comment_of(item: Item) -> str:
    """Return the trailing comment of a one-line item, with a leading space."""
    line = item.lines[item.dash :].split("\n", 1)[0]
    place = line.find(" #")
    return f" {line[place:].lstrip()}".rstrip() if place >= 0 and "'" not in line and '"' not in line else ""


def _with_waits(steps: Sequence[Step], waits: Sequence[tuple[str, ...]]) -> list[Step]:
    """Set the dependencies of the steps, without `after` if each step waits for the previous one."""
    if list(waits) == _chain(steps) and len(steps) > 1:
        return [_with_after(step, None) for step in steps]
    has_any = any(waits)
    return [
        _with_after(step, names if names or step.after is not None or (not has_any and not index) else None)
        for index, (step, names) in enumerate(zip(steps, waits, strict=True))
    ]


def _with_after(step: Step, names: tuple[str, ...] | None) -> Step:
    if names == step.after:
        return step
    item = step.item if _own_keys(step.item) else _as_map(step.item, step.text)
    lines = item.as_map
    if names is None:
        return replace(step, after=None, item=item.with_map(edit.remove(lines, ("after",))))
    return replace(step, after=names, item=item.with_map(edit.set_written(lines, ("after",), f"[{_names(names)}]")))


def _names(names: Sequence[str]) -> str:
    return ", ".join(to_yaml(name, flow=True).strip() for name in names)


def _done(steps: Sequence[Step], doing: str, index: int) -> list[Step]:
    done = list(steps)
    if doing == "add":
        column = len(steps[0].item.lines[: steps[0].item.dash].rpartition("\n")[2]) if steps else 0
        new = Step(Item.of({"run": ""}, column), "run")
        if steps and any(each.after is not None for each in steps) and steps[-1].name:
            new = _with_after(new, (steps[-1].name,))
        return [*done, new]
    if not 0 <= index < len(done):
        return done
    if doing == "remove":
        removed = done.pop(index).name
        return [
            _with_after(each, tuple(name for name in each.after if name != removed)) if each.after and removed else each
            for each in done
        ]
    other = {"up": index - 1, "down": index + 1}.get(doing, index)
    if 0 <= other < len(done):
        done[index], done[other] = done[other], done[index]
    return done
