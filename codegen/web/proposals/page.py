"""The proposals: each with its changes, sent to the git host, brought up to date, and withdrawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from functools import partial
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from codegen import git
from codegen.diagnostics import DagpressError
from codegen.git import Watch
from codegen.proposals import ConflictError, Proposal, ProposalError, Proposals, Side, State
from codegen.sync.lock import LockedError
from codegen.web.parts.humanize import absolute, relative
from codegen.web.parts.patch import patch_between, patches_by_kind
from codegen.web.proposals.changes import changes_of
from codegen.web.proposals.sending import Sender
from codegen.web.shell.commits import Commit
from codegen.web.shell.request_context import Page, RequestContext

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
        **_words(context),
    )


_WORKING = "/proposals/{}/working"
_ENDED = (State.MERGED, State.CLOSED)


def _proposals(context: RequestContext) -> Proposals:
    if context.site.proposals is None:
        raise HTTPException(404, "This page saves into its own folder: there are no proposals.")
    return context.site.proposals


def _proposal(context: RequestContext) -> Proposal:
    """The proposal that the address names.

    Raises:
        HTTPException: there is none.
    """
    name = context.request.path_params["name"]
    found = _proposals(context).get(name)
    if found is None:
        raise HTTPException(404, "There is no such proposal. It may have been withdrawn.")
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
    job = inside.workspace.commits.latest if inside else None
    if problem is None and job and job.result.done() and isinstance(job.result.result(), DagpressError):
        problem = job.result.result()
    snapshot = inside.snapshot if inside else None
    changes = changes_of(snapshot, proposals.base_commit()) if snapshot else None
    conflicts = problem.conflicts if isinstance(problem, ConflictError) else ()
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
        title=context.form.get("title") or proposal.title or _title_of(proposal),
        description=context.form.get("description", ""),
        default_branch=proposals.default_branch,
        pull_request=proposals.pull_request(proposal),
        pull_requests=proposals.pull_requests(proposal),
        away=proposals.problem,
        **_words(context),
    )


def _title_of(proposal: Proposal) -> str:
    names = [file.rpartition("/")[2].rpartition(".")[0] for file in proposal.files]
    if not names:
        return "Regenerate the DAG files"
    *others, last = names
    return f"Change {', '.join(others)} and {last}" if others else f"Change {last}"


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
    """Do something with a proposal in the background, as hooks and the git host may take a while."""
    person = context.person
    if person is None:
        return RedirectResponse(f"/identity?next=/proposals/{proposal.name}", 303)
    proposals = _proposals(context)
    try:
        workspace = context.within(proposal.name).workspace
    except ProposalError as error:
        return _page(context, proposal, error, 409)

    def run(commit: Commit) -> object:
        try:
            return work(Sender(proposals, workspace, person, Watch(commit.note, commit.is_cancelled)))
        except (DagpressError, LockedError) as error:
            return error if isinstance(error, DagpressError) else ProposalError(str(error), "try again later")

    try:
        workspace.commits.start(_WORKING.format(proposal.name), proposal.branch, run)
    except LockedError as error:
        return _page(context, proposal, ProposalError(str(error), "try again later"), 503)
    return _follow(context)


def _follow(context: RequestContext) -> Response:
    """Show the progress of the work on a proposal, or the proposal when it has ended."""
    proposal = _proposal(context)
    job = _job(context, proposal)
    address = f"/proposals/{proposal.name}"
    if job is None or job.look():
        # A proposal gets another name if the git host has a branch of its name.
        if job and isinstance(job.result.result(), str):
            address = f"/proposals/{job.result.result()}"
        return Response(headers={"HX-Redirect": address}) if context.is_fragment else RedirectResponse(address, 303)
    if context.request.method == "POST":
        return RedirectResponse(job.address, 303)
    return context.page("committing.html", commit=job, limit=git.HOOKS_LIMIT)


def _job(context: RequestContext, proposal: Proposal) -> Commit | None:
    """The latest work on a proposal, which may have another name since."""
    return context.site.workspaces.job_at(_WORKING.format(proposal.name))


def _cancel(context: RequestContext) -> Response:
    proposal = _proposal(context)
    if job := _job(context, proposal):
        job.cancel()
    return _follow(context)


def _ask_to_withdraw(context: RequestContext) -> Response:
    return context.page("proposal_withdraw.html", proposal=_proposal(context), problem=None, **_words(context))


def _withdraw(context: RequestContext) -> Response:
    proposal = _proposal(context)
    try:
        _proposals(context).withdraw(proposal.name)
    except (DagpressError, LockedError) as error:
        problem = error if isinstance(error, DagpressError) else ProposalError(str(error), "try again later")
        return context.page("proposal_withdraw.html", 409, proposal=proposal, problem=problem, **_words(context))
    return RedirectResponse("/proposals", 303)


def _words(context: RequestContext) -> Mapping[str, Any]:
    """What the templates say of times."""
    now = datetime.now(timezone.utc)
    return {"ago": lambda time: relative(time, now), "absolute": partial(absolute, zone=context.timezone)}


PAGES = (
    Page("/proposals", _all),
    Page("/proposals/{name}", _show),
    Page("/proposals/{name}/send", _send, "POST"),
    Page("/proposals/{name}/update", _update, "POST"),
    Page("/proposals/{name}/working", _follow),
    Page("/proposals/{name}/working", _cancel, "POST"),
    Page("/proposals/{name}/withdraw", _ask_to_withdraw),
    Page("/proposals/{name}/withdraw", _withdraw, "POST"),
)
