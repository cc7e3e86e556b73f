"""Selects the workspace for a change: the checkout, or a proposal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from codegen.proposals import ProposalError
from codegen.web.shell.request_context import RequestContext


@contextmanager
def destination(context: RequestContext, name: str) -> Iterator[RequestContext]:
    """Yield the request for the workspace that its change is written into.

    With proposals, this is the open proposal in the request, or else a new one, with a name based on `name`. A new
    proposal is discarded if nothing is written into it.

    Raises:
        ProposalError: the author is unknown.
        GitError: the proposal cannot be created.
    """
    proposals = context.site.proposals
    if proposals is None:
        yield context
        return
    if context.person is None:
        hint = "open /identity in another tab, enter your name, and save again here"
        raise ProposalError("the author of the change is unknown", hint)
    named = None
    if context.proposal:
        with suppress(ProposalError):
            named = context.within(context.proposal)
    if named:
        yield named
        return
    begun = proposals.begin(name, str(context.person))
    try:
        yield context.within(begun)
    finally:
        proposals.discard_if_empty(begun)
