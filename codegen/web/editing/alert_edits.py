"""Applies changed alerts of the form to the text."""

from __future__ import annotations

from collections.abc import Mapping

from codegen.source import edit
from codegen.source.list_items import ItemList
from codegen.source.nodes import ListNode, Node, is_null
from codegen.web.editing.alerts import AlertKind, AlertRow, alerts_of, name_of, pressed, sent_new
from codegen.web.editing.reading import is_same_text, read_own
from codegen.web.editing.texts import with_texts


def changed_keys(sent: Mapping[str, str]) -> set[str]:
    """Return the keys of alerts in the form, and the key of the pressed button."""
    names = [name.split(":")[1] for name in sent if name.startswith("alert:")]
    return {*names, sent.get("alerts", "").partition(":")[0]} - {""}


def with_alerts(text: str, sent: Mapping[str, str], key: str) -> str:
    """Apply the alerts of a key in the form to the text.

    Raises:
        EditError: the change cannot be applied.
    """
    own, reason = read_own(text, "")
    if own is None:
        raise edit.EditError(reason)
    node = own.get(key)
    rows = alerts_of(text, key, node)
    if rows is None:
        return text
    was = _rows_of_form(key, sent)
    doing, which = pressed(key, sent)
    changed = {
        number: sent[name]
        for number, row in enumerate(was)
        if row.kind and (name := name_of(key, number)) in sent and sent[name].strip() != row.address
    }
    new, typed = sent_new(key, sent)
    is_changed = changed or (new and typed) or doing in {"remove", "none", "inherit"}
    if is_changed and rows and not is_same_text(sent.get(f"was:{key}", ""), edit.written_at(text, (key,))):
        raise edit.EditError("the alerts in the YAML have changed in the meantime: make your change again")
    for number, address in changed.items():
        text = _with_address(text, (key, number) if isinstance(node, ListNode) else (key,), rows[number], address)
    if new and typed:
        text = _with_new(text, key, node, new, typed)
    return _done(text, key, doing, int(which) if which.isdecimal() else -1, len(rows))


def _rows_of_form(key: str, sent: Mapping[str, str]) -> list[AlertRow]:
    """Return the alerts from which the form was rendered."""
    written = sent.get(f"was:{key}", "").strip()
    if not written:
        return []
    text = edit.set_written("", (key,), written)
    own, _ = read_own(text, "")
    return alerts_of(text, key, own.get(key) if own else None) or []


def _with_address(text: str, path: tuple[str | int, ...], row: AlertRow, typed: str) -> str:
    assert row.kind  # noqa: S101  # other rows have no control
    return with_texts(text, (*path, *row.path), row.node, row.kind.addresses(typed))


def _with_new(text: str, key: str, node: Node | None, kind: AlertKind, typed: str) -> str:
    addresses = kind.addresses(typed)
    alert = {kind.row.name: addresses[0] if len(addresses) == 1 else addresses}
    # As a list: a single alert would be merged with an inherited one.
    if node is None or is_null(node):
        return edit.set_value(text, (key,), [alert])
    return edit.append(text if isinstance(node, ListNode) else ItemList.read(text, (key,)).text, (key,), alert)


def _done(text: str, key: str, doing: str, index: int, count: int) -> str:
    """Apply the action of a pressed button to the text."""
    if doing == "none":
        return edit.set_written(text, (key,), "null")
    is_last = doing == "remove" and index == 0 and count == 1
    if doing == "inherit" or is_last:
        return edit.remove(text, (key,))
    return edit.remove(text, (key, index)) if doing == "remove" and 0 <= index < count else text
