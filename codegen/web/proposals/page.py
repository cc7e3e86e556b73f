"""The list of proposals, and the page that sends, updates or withdraws one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from codegen.diagnostics import DagpressError, joined
from codegen.proposals import ConflictError, Proposal, ProposalError, Proposals, Side, State
from codegen.sync.lock import LockedError
from codegen.sync.parts import Action
from codegen.web.parts.patch import patch_between, patches_by_kind
from codegen.web.parts.progress import start
from codegen.web.proposals.changes import Changes, changes_of
from codegen.web.proposals.sending import Sender
from codegen.web.shell.operations import Operation
from codegen.web.shell.request_context import Page, RequestContext

_VERBS = {Action.CREATE: "Add", Action.DELETE: "Delete"}
_SIDES = {side.name.lower(): side for side in Side}


def _all(context: RequestContext) -> Response:
    proposals = _proposals(context)
    proposals.refresh()
    found = proposals.all()
    return context.page(
        "proposals.html",
        shown=[("Open", [each for each in found if each.is_open])]
        + [(state.value.capitalize(), [each for each in found if each.state is state]) for state in _ENDED],
        problem=proposals.problem,
    )


_ENDED = (State.MERGED, State.CLOSED)


def _proposals(context: RequestContext) -> Proposals:
    if context.site.proposals is None:
        raise HTTPException(404, "This server saves changes in its checkout and has no proposals.")
    return context.site.proposals


def _proposal(context: RequestContext) -> Proposal:
    """Return the proposal named in the URL.

    Raises:
        HTTPException: it does not exist.
    """
    name = context.request.path_params["name"]
    found = _proposals(context).get(name)
    if found is None:
        raise HTTPException(404, "This proposal does not exist. It may have been withdrawn.")
    return found


def _show(context: RequestContext) -> Response:
    proposal = _proposal(context)
    _proposals(context).refresh()
    return _page(context, proposal)


def _page(
    context: RequestContext, proposal: Proposal, problem: DagpressError | None = None, status: int = 200
) -> Response:
    proposals = _proposals(context)
    inside = context.within(proposal.name) if proposal.is_editable else None
    latest = inside.workspace.operations.latest if inside else None
    if problem is None and latest and latest.result.done():
        problem = _problem_of(latest.result.exception())
    snapshot = inside.snapshot if inside else None
    changes = changes_of(snapshot, proposals.base_commit()) if snapshot else None
    conflicts = problem.conflicts if isinstance(problem, ConflictError) else ()
    proposed_title = _title_of(proposal, changes)
    return (inside or context).page(
        "proposal.html",
        status,
        proposal=proposal,
        changes=changes,
        **(patches_by_kind(snapshot.project, changes.files) if snapshot and changes else {}),
        editable=[
            path.relative_to(snapshot.project.schedules).as_posix()
            for name in (changes.sources if changes else ())
            if snapshot and (path := snapshot.project.root / name).is_file()
        ],
        problem=problem,
        conflicts=[(each, patch_between(each.name, each.current or "", each.proposed or "")) for each in conflicts],
        title=context.form.get("title") or proposal.title or proposed_title,
        proposed_title=proposed_title,
        description=context.form.get("description", ""),
        pull_request=proposals.pull_request(proposal),
        away=proposals.problem,
    )


def _title_of(proposal: Proposal, changes: Changes | None = None) -> str:
    """Return a suggested title, such as `Add orders` or `Change customers and orders`."""
    names = [file.rpartition("/")[2].rpartition(".")[0] for file in proposal.files]
    if not names:
        return "Regenerate the DAG files"
    actions = {each.action for each in changes.files if each.name in proposal.files} if changes else set()
    verb = _VERBS.get(actions.pop(), "Change") if len(actions) == 1 else "Change"
    return f"{verb} {joined(names)}"


def _send(context: RequestContext) -> Response:
    proposal = _proposal(context)
    title, description = (context.form.get(name, "").strip() for name in ("title", "description"))
    if not title:
        return _page(context, proposal, ProposalError("the proposal needs a title"), 422)
    message = f"{title}\n\n{description}".replace("\r\n", "\n").strip() + "\n"
    return _start(context, proposal, lambda sender: sender.send(proposal.name, message))


def _update(context: RequestContext) -> Response:
    proposal = _proposal(context)
    sides = {
        key.removeprefix("side:"): _SIDES[value]
        for key, value in context.form.items()
        if key.startswith("side:") and value in _SIDES
    }
    message = f"{proposal.title or _title_of(proposal)}\n"
    return _start(context, proposal, lambda sender: sender.update(proposal.name, message, sides))


def _start(context: RequestContext, proposal: Proposal, work: Callable[[Sender], str]) -> Response:
    """Run `work` in the background, since hooks and the git host may take a while."""
    person = context.person
    if person is None:
        return RedirectResponse(f"/identity?next=/proposals/{proposal.name}", 303)
    proposals = _proposals(context)
    try:
        workspace = context.within(proposal.name).workspace
    except ProposalError as error:
        return _page(context, proposal, error, 409)

    def run(operation: Operation) -> str:
        return work(Sender(proposals, workspace, person, operation))

    try:
        return start(context, workspace.operations, proposal.branch, run, partial(_ended, proposal.name))
    except LockedError as error:
        return _page(context, proposal, _problem_of(error), 503)


def _ended(name: str, _context: RequestContext, operation: Operation) -> Response:
    """Show the proposal, whose name changes if the git host already has a branch of that name."""
    with suppress(DagpressError, LockedError):
        name = operation.result.result()
    return RedirectResponse(f"/proposals/{name}", 303)


def _problem_of(error: BaseException | None) -> DagpressError | None:
    """Return the error of an operation as a `DagpressError`; None if it succeeded."""
    if isinstance(error, LockedError):
        return ProposalError(str(error), "try again later")
    return error if isinstance(error, DagpressError) else None


def _ask_to_withdraw(context: RequestContext) -> Response:
    return context.page("proposal_withdraw.html", proposal=_proposal(context), problem=None)


def _withdraw(context: RequestContext) -> Response:
    proposal = _proposal(context)
    try:
        _proposals(context).withdraw(proposal.name)
    except (DagpressError, LockedError) as error:
        return context.page("proposal_withdraw.html", 409, proposal=proposal, problem=_problem_of(error))
    return RedirectResponse("/proposals", 303)


PAGES = (
    Page("/proposals", _all),
    Page("/proposals/{name}", _show),
    Page("/proposals/{name}/send", _send, "POST"),
    Page("/proposals/{name}/update", _update, "POST"),
    Page("/proposals/{name}/withdraw", _ask_to_withdraw),
    Page("/proposals/{name}/withdraw", _withdraw, "POST"),
)
