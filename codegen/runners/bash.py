"""The runner `bash`: a shell on Airflow's worker, in the Meltano project directory."""

from __future__ import annotations

from codegen.runners.runner import Runner, Work
from codegen.text.errexit import with_errexit_for_bash
from codegen.text.jinja import BASH_TEMPLATE_EXT, as_rendered_lines, rendered
from codegen.text.shell import as_script
from codegen.values import Identifier, MeltanoCommand, Value

# Constants with shell functions. The template has a block for each, with its name in lower case.
PRELUDES = ("MELTANO", "LOCK")


def _lower(work: Work) -> dict[str, Value]:
    """Return the arguments of the BashOperator.

    Words that the shell could interpret as code are passed in environment variables. Tasks on the same worker run in
    the same Meltano project, so a command locks the plugins that it shares with others.
    """
    script, words_in_env = as_script(work.calls, BASH_TEMPLATE_EXT, work.locks)
    if work.script:
        script += as_rendered_lines(with_errexit_for_bash(work.script))
    elif "\n" in script:
        script += "\n"
    given = {**work.env, **words_in_env}
    return {
        "bash_command": MeltanoCommand(script, PRELUDES if work.locks else PRELUDES[:1]),
        "env": rendered(given, BASH_TEMPLATE_EXT) or None,
        "append_env": True if given else None,
    }


# By default, BashOperator skips a task if its command exits with 99.
_NO_SKIP = Identifier("None", comment="exit code 99 fails the task instead of skipping it")
BASH = Runner(
    name="bash",
    operator="BashOperator",
    lower=_lower,
    env="env",
    env_constant="ENV",
    unshared=("bash_command", "append_env"),
    default_args={"skip_on_exit_code": _NO_SKIP},
)
