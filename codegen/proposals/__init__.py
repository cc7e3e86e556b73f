"""Proposals: changes of schedules, each on its own branch, which become pull requests."""

from codegen.proposals.merging import Conflict, ConflictError, Side
from codegen.proposals.proposal import PREFIX, Proposal, State, free_name, name_of
from codegen.proposals.repository import ProposalError, Proposals, state_folder

__all__ = [
    "PREFIX",
    "Conflict",
    "ConflictError",
    "Proposal",
    "ProposalError",
    "Proposals",
    "Side",
    "State",
    "free_name",
    "name_of",
    "state_folder",
]
