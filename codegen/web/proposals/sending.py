"""Commits the changes of a proposal, pushes them, and merges newer changes into it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from codegen import git
from codegen.diagnostics import has_errors, quoted
from codegen.git import Person
from codegen.proposals import ProposalError, Proposals, Side, State
from codegen.proposals.files import in_git, pipeline_folders, uncommitted_files
from codegen.proposals.merging import merge
from codegen.sync.transaction import Transaction
from codegen.web.shell.operations import Operation
from codegen.web.shell.workspace import Workspace


@dataclass(frozen=True)
class Sender:
    """Commits and sends one proposal for a person, with the hooks of the server's checkout."""

    proposals: Proposals
    workspace: Workspace
    person: Person
    operation: Operation

    def send(self, name: str, message: str) -> str:
        """Commit the uncommitted changes, push the proposal, and return its name, which can change.

        Raises:
            DagpressError: the schedules have errors, or git, a hook or the git host rejects the changes.
        """
        self._commit(message)
        return self.proposals.send(name, self.operation.watch)

    def update(self, name: str, message: str, sides: Mapping[str, Side]) -> str:
        """Commit the uncommitted changes, merge newer changes of others, and send the result if the proposal was sent.

        Args:
            name: the name of the proposal.
            message: the message of the commit.
            sides: the version to keep of each schedule with a conflict, by its path in the project.

        Raises:
            ConflictError: others changed the same schedules, and `sides` does not resolve all conflicts.
            DagpressError: git or a hook rejects the changes.
        """
        self.proposals.fetch()
        proposal = self.proposals.get(name)
        is_sent = proposal is not None and proposal.state is State.PROPOSED
        self._commit(message)
        for other in self.proposals.newer(name):
            with self.workspace.transaction(self.operation) as transaction:
                folders = pipeline_folders(self.workspace.snapshot().project)
                finish = partial(_regenerate, self.workspace, transaction)
                merge(self.workspace.root, other, folders, sides, finish, **self._options)
        return self.proposals.send(name, self.operation.watch) if is_sent else name

    def _commit(self, message: str) -> None:
        root = self.workspace.root
        with self.workspace.transaction(self.operation) as transaction:
            if _uncommitted(self.workspace):
                _regenerate(self.workspace, transaction)
                names = in_git(root, _uncommitted(self.workspace))
                git.commit(root, names, message, **self._options)

    @property
    def _options(self) -> dict[str, Any]:
        """The options of git for its commits and merges."""
        hooks = git.hooks_of(self.proposals.project.root)
        return {"hooks": hooks, "variables": self.person.variables, "watch": self.operation.watch}


def _uncommitted(workspace: Workspace) -> set[str]:
    return uncommitted_files(workspace.root, pipeline_folders(workspace.snapshot().project))


def _regenerate(workspace: Workspace, transaction: Transaction) -> None:
    """Generate outdated files, then admit hooks that write. Errors in other schedules prevent only the generation."""
    snapshot, own = workspace.snapshot(), _uncommitted(workspace)
    if error := next((each for each in snapshot.diagnostics if each.is_error and each.location.path in own), None):
        message = f"{quoted(error.location.path)} has an error: {error.message}"
        raise ProposalError(message, "open the pipeline and fix the error")
    if has_errors(problems := transaction.apply(snapshot.changes)[1]):
        raise ProposalError(problems[0].message, problems[0].hint)
    transaction.admit_hooks()
