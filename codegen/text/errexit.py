"""Makes shell scripts exit at the first failed command."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from codegen.text.shell_tree import arguments_of, every, name_of, statements_of, tree_of_script

if TYPE_CHECKING:
    from tree_sitter import Node


def with_errexit_for_bash(script: str) -> str:
    """Return the script for bash with `errexit` and `pipefail`."""
    # By default, bash disables `errexit` in command substitutions.
    inherit = "shopt -s inherit_errexit\n" if _substitutes_several(script) else ""
    return f"set -eo pipefail\n{inherit}{script}"


def with_errexit_for_sh(script: str) -> str:
    """Return the script for a container's `sh` with `errexit`, and with `pipefail` if supported (not on Debian)."""
    nodes = list(every(tree_of_script(script))) if "|" in script else ()
    needs_pipefail = any(node.type == "pipeline" for node in nodes) and not any(map(sets_pipefail, nodes))
    pipefail = "if (set -o pipefail) 2>/dev/null; then set -o pipefail; fi\n" if needs_pipefail else ""
    return f"set -e\n{pipefail}{script}"


def _substitutes_several(script: str) -> bool:
    """Return whether the script substitutes the output of several commands, such as `$(cd data; ls)`."""
    nodes = every(tree_of_script(script)) if "$(" in script or "`" in script else ()
    return any(node.type == "command_substitution" and len(statements_of(node)) > 1 for node in nodes)


def sets_pipefail(node: Node) -> bool:
    """Return whether a node is a `set -o pipefail`."""
    return (
        node.type == "command"
        and name_of(node) == "set"
        and bool(re.search(r"-[a-zA-Z]*o pipefail", " ".join(arguments_of(node))))
    )
