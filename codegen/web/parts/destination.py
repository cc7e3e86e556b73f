"""The workspace that a change is written into: the checkout, or a proposal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from codegen.proposals import ProposalError
from codegen.web.shell.request_context import RequestContext


@contextmanager
def destination(context: RequestContext, name: str) -> Iterator[RequestContext]:
    """The request about the workspace that its change goes into.

    With proposals, that is the open one that the request names, or else one that begins with this change: its name is
    like `name`, and it is discarded if nothing is written into it.

    Raises:
        ProposalError: nobody is known as the author of a proposal.
        GitError: the proposal cannot begin.
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
