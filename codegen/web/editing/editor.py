"""Renders the editor of a draft: form, YAML and preview."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from starlette.responses import Response

from codegen import rules
from codegen.diagnostics import Diagnostic, Location
from codegen.pipeline import file_name
from codegen.schema.export import schema_line
from codegen.schema.model import file_stem
from codegen.source import edit
from codegen.web.editing.changes import edited
from codegen.web.editing.drafts import NEW_FOLDER, Draft, file_of, folders_of, with_line_ends_of
from codegen.web.editing.form import Form, form_of
from codegen.web.editing.names import proposed_name
from codegen.web.editing.picker import LABELS, picker_of
from codegen.web.editing.preview import preview_of
from codegen.web.editing.reading import read_own
from codegen.web.editing.suggestions import suggestions_for
from codegen.web.editing.when import with_choices
from codegen.web.parts.code import lines_of
from codegen.web.parts.patch import patch_between
from codegen.web.shell.request_context import RequestContext
from codegen.web.shell.safe_read import text_of
from codegen.web.shell.workspace import Snapshot

_VENDOR = Path(__file__).parent.parent / "static" / "vendor"
# The file name for the preview of an unnamed schedule.
_UNNAMED = "unnamed.yml"


def editor_page(
    context: RequestContext,
    draft: Draft,
    problem: str = "",
    status: int = 200,
    template: str = "edit.html",
    **values: Any,  # noqa: ANN401  # template variables
) -> Response:
    """Render the editor with a draft. `template` can extend the editor's template and take further values."""
    snapshot, sent = context.snapshot, _readable(context.form)
    project = snapshot.project
    folder = snapshot.project.relative(project.schedules)
    is_new = not draft.base or "new" in sent
    problem_of_file = "" if draft.file in snapshot.sources else file_name.problem_of(project, draft.file)
    source = f"{folder}/{_UNNAMED if problem_of_file else draft.file}"
    preview = preview_of(snapshot, source, draft.text, sent.get("environment", ""))
    own, unreadable = read_own(draft.text, source)
    above = sent["above"].split() if context.is_fragment and "above" in sent else None
    form = None if own is None else form_of(own, preview, draft, sent, above)
    reported = [each for each in preview.own if form is None or draft.is_touched("text") or form.is_reported(each)]
    faults = [(form.address_of(each) if form else ("text", "YAML"), each) for each in reported if each.is_error]
    if is_new and problem_of_file and draft.is_touched("new"):
        faults.append((("new", "Name"), Diagnostic(rules.INVALID_VALUE, problem_of_file, Location(source))))
    before = _text_on_disk(snapshot, draft.file)
    shown = {
        "draft": draft,
        "problem": problem,
        "is_new": is_new,
        "problem_of_file": problem_of_file if draft.is_touched("new") else "",
        "has_file": not problem_of_file,
        "is_taken": is_new and draft.file in snapshot.sources,
        "folder": folder,
        "folders": folders_of(snapshot),
        # A new folder has no name when it is selected.
        "has_new_folder": sent.get("folder") == NEW_FOLDER or draft.folder not in folders_of(snapshot),
        "environments": project.deployments,
        "form": form,
        "picker": picker_of(preview, own, sent, context.timezone, draft.problems),
        "suggestions": suggestions_for(preview),
        "meltano": snapshot.reading.meltano,
        "unreadable": unreadable,
        "preview": preview,
        "reported": reported,
        "faults": faults if problem else [],
        "focused": _first(form, [address for (address, _), _ in faults]) if problem else "",
        "effects": preview.effects_since(snapshot.reading) if draft.text != before and not preview.errors else [],
        "text_patch": patch_between(source, before, draft.text) if before else None,
        "lines_of": lines_of,
        "import_map": _import_map(),
        "picker_labels": LABELS,
    }
    return context.page(template, status, **{**shown, **values})


def _first(form: Form | None, addresses: Collection[str]) -> str:
    """Return the first of the given controls on the page."""
    order = [*form.addresses(), "new"] if form else []
    return min(addresses, key=lambda each: order.index(each) if each in order else len(order), default="")


def sent_draft(context: RequestContext) -> Draft:
    """Create the draft from the submitted form: apply its changed fields to the text, and collect the problems."""
    sent, snapshot = _readable(context.form), context.snapshot
    file = sent.get("file", "")
    text = with_line_ends_of(_text_on_disk(snapshot, file), sent.get("text", ""))
    chosen, problems = with_choices(sent)
    done = edited(text, chosen, snapshot.project.airflow)
    problems = {**done.problems, **problems}
    touched = frozenset(sent.get("touched", "").split())
    if not context.is_fragment:
        # Without scripts, a submitted form counts as touched.
        touched |= done.changed | problems.keys()
    draft = Draft(file, done.text, sent.get("base", ""), kept=done.kept, problems=problems, touched=touched)
    return _named(draft, sent, snapshot) if "new" in sent else draft


def _readable(form: Mapping[str, str]) -> dict[str, str]:
    """Replace lone surrogates in the form, which browsers do not send."""
    return {name: value.encode("utf-8", "replace").decode() for name, value in form.items()}


def _named(draft: Draft, sent: Mapping[str, str], snapshot: Snapshot) -> Draft:
    """Set the file and name of a new schedule. An unchanged suggested name follows the other fields."""
    name, proposed = sent["new"].strip(), sent.get("proposed", "")
    text = draft.text
    if name == proposed:
        own, _ = read_own(text, "")
        name = proposed = proposed_name(own, text, snapshot.sources) or proposed
    folder = sent.get("folder", "")
    file = file_of(name, sent.get("new-folder", "") if folder == NEW_FOLDER else folder, snapshot)
    before, after = schema_line(draft.file), schema_line(file)
    if text.startswith(before):
        text = after + text.removeprefix(before)
    if name != sent.get("was:new", "").strip():
        text = _with_name(text, name if file_stem(name) != name else "")
    # A draft with another name is not based on the file of the previous name.
    base = draft.base if file == draft.file else ""
    return replace(draft, file=file, text=text, base=base, name=name, proposed=proposed)


def _with_name(text: str, name: str) -> str:
    """Set the key `name` in a text, or remove it if `name` is empty."""
    own, _ = read_own(text, "")
    try:
        if name and own is not None:
            return edit.set_value(text, ("name",), name)
        return edit.remove(text, ("name",)) if own is not None and "name" in own.entries else text
    except edit.EditError:
        return text


def _text_on_disk(snapshot: Snapshot, file: str) -> str:
    found = snapshot.sources.get(file)
    return (text_of(snapshot.project.root, found.path) if found else None) or ""


@lru_cache(maxsize=1)
def _import_map() -> dict[str, dict[str, str]]:
    """Return the import map of the vendored modules."""
    names = sorted(path.parent.relative_to(_VENDOR).as_posix() for path in _VENDOR.rglob("index.js"))
    return {"imports": {name: f"/static/vendor/{name}/index.js" for name in names}}
