"""The workspaces of a site: the server's checkout, and the recently used proposals."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from threading import Lock

from codegen.proposals import Proposals
from codegen.web.shell.workspace import Workspace

# Limit on workspaces, each of which keeps a whole project in memory.
_MAX_WORKSPACES = 4


class Workspaces:
    """The workspaces of proposals by name. The least recently used ones are dropped, and created again on demand."""

    def __init__(self, root: Path, proposals: Proposals | None = None) -> None:
        """Start with the workspace of the server's checkout."""
        self.main = Workspace(root)
        self.proposals = proposals
        self._used: OrderedDict[Path, Workspace] = OrderedDict()
        self._lock = Lock()

    def of(self, proposal: str) -> Workspace:
        """Return the workspace of a proposal; the checkout for an empty name, or without proposals.

        Raises:
            ProposalError: the proposal cannot be changed here.
        """
        if not proposal or self.proposals is None:
            return self.main
        root = self.proposals.worktree(proposal)
        with self._lock:
            workspace = self._used.pop(root, None) or Workspace(root)
            self._used[root] = workspace
            idle = [each for each in self._used.values() if not each.operations.running and each is not workspace]
            for each in idle[: max(0, len(self._used) - _MAX_WORKSPACES)]:
                del self._used[each.root]
            return workspace
