"""The keys of the configuration, with type, meaning, example and default."""

from __future__ import annotations

from collections.abc import Mapping

from codegen import rules
from codegen.configuration.types import (
    AirflowVersion,
    GitignorePattern,
    QuotedChoice,
    QuotedText,
    TextArray,
    TextTable,
    VersionSpecifier,
)
from codegen.diagnostics import Diagnostic, quoted
from codegen.keys.field_type import Report
from codegen.keys.model import Model, model
from codegen.keys.scalars import Boolean
from codegen.keys.table import Refusal, Table, key, keys_of, read_keys
from codegen.schema.model import DAG_ID_PREFIX, PROJECT_ROOT_VARIABLE
from codegen.source.nodes import MapNode
from codegen.text.copyable import shell_command

# The folder in which Meltano and its users keep DAG files.
CUSTOM_DAGS = "orchestrate/dags"
# An environment is also a folder, so names that git, Python or Windows do not allow or ignore are excluded.
_DEPLOYMENT = (
    r"(?!(?:[cC][oO][nN]|[pP][rR][nN]|[aA][uU][xX]|[nN][uU][lL]|[cC][oO][mM][0-9]|[lL][pP][tT][0-9])$)"
    r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}"
)
_FOLDER = QuotedText("a path in the project")


@model(frozen=True, kw_only=True)
class Configuration(Model):
    """The configuration of a project; missing keys have their default."""

    required_version: str | None = key(
        VersionSpecifier("a version specifier"),
        "The allowed versions of Dagpress, as a pip specifier. Other versions stop with an error. Default: any.",
        '">=0.2,<1"',
    )
    airflow: str = key(AirflowVersion(), "The Airflow version of the DAG files. Required.", '"3.3"')
    schedules: str = key(_FOLDER, "The folder of the schedule files.", '"pipelines"', "schedules")
    exclude: tuple[str, ...] = key(
        TextArray("a list of gitignore patterns", GitignorePattern("a gitignore pattern"), 'exclude = ["drafts/"]'),
        "Files and folders below `schedules` that are not schedules, as patterns of a .gitignore file in that folder.",
        '["drafts/", "*.template.yml"]',
        (),
    )
    generated_dags: str = key(_FOLDER, "The folder for the generated DAG files.", '"dags"', "generated_dags")
    layout: str = key(
        QuotedChoice("schedule", "folder"),
        "Which schedules share a DAG file: none (`schedule`), or all schedules in a folder (`folder`), so that "
        "`schedules/sales/*.yml` generate `generated_dags/sales.py`. Airflow parses fewer files faster, but a failing "
        "import removes all DAGs of its file. Schedules that are not in a subfolder have their own file.",
        '"folder"',
        "schedule",
    )
    templates: str = key(
        _FOLDER, "The folder of your own Jinja2 templates, which replace ours.", '"templates"', "templates"
    )
    meltano_project: str = key(
        QuotedText("a path"),
        "The Meltano project directory. If it is set, it must contain a meltano.yml. Outside the git work tree "
        "(without git: the project), it is read-only.",
        '"meltano"',
        ".",
    )
    custom_dags: tuple[str, ...] | None = key(
        TextArray("a list of paths", QuotedText("a path"), f'custom_dags = ["{CUSTOM_DAGS}"]'),
        "Folders with hand-written DAG files. If it is set, they must exist. "
        f"Default: `{CUSTOM_DAGS}` of the Meltano project, if it exists.",
        '["dags"]',
    )
    dag_id_prefix: str = key(
        QuotedText("a DAG ID prefix", "[A-Za-z0-9_.-]{0,100}", "use letters, digits, `_`, `.` and `-`"),
        "The prefix of the DAG IDs of all schedules without a `dag_id`. The default is Meltano's prefix; it may be "
        'empty (`""`).',
        '"sales_"',
        DAG_ID_PREFIX,
    )
    project_root_variable: str = key(
        QuotedText("the name of an environment variable", "[A-Za-z_][A-Za-z0-9_]*", "use letters, digits and `_`"),
        "The environment variable with the path of the Meltano project directory on the workers. Meltano gets its "
        f"value as `{PROJECT_ROOT_VARIABLE}`.",
        '"SALES_PROJECT_ROOT"',
        PROJECT_ROOT_VARIABLE,
    )
    environments: tuple[str, ...] = key(
        TextArray(
            "a list of names",
            QuotedText(
                "an environment name",
                _DEPLOYMENT,
                "use letters, digits, `_` and `-`, at most 64; it is also the name of a folder",
            ),
            'environments = ["dev", "prod"]',
        ),
        "The environments to deploy to. Each has its own folder of DAG files.",
        '["dev", "prod"]',
        (),
    )
    separate_system_databases: bool = key(
        Boolean(), "Whether each environment has its own Meltano system database.", "true", default=False
    )
    state_id_suffix: Mapping[str, str] = key(
        TextTable(
            "a table of environments and suffixes",
            QuotedText("a state ID suffix", "[A-Za-z0-9_.-]{1,64}", "use letters, digits, `_`, `.` and `-`"),
            'state_id_suffix = {dev = "dev"}',
        ),
        "The suffix of the state IDs of an environment, for environments that share a system database.",
        '{dev = "dev"}',
        {},
    )
    review: bool = key(
        Boolean(),
        "Whether the Pipelines page turns each change into a pull request, as `dagpress serve --review` does, instead "
        "of saving it in the checkout.",
        "true",
        default=False,
    )
    lint: Mapping[str, str] = key(
        TextTable(
            "a table of codes and severities",
            QuotedChoice("off", "warning", "error"),
            'lint = {short-retries = "error"}',
        ),
        "The severity of warnings by code: `off`, `warning` or `error`.",
        '{short-retries = "off"}',
        {},
    )


def read_configuration(table: MapNode, report: Report) -> Configuration:
    """Read the configuration and report errors. A key with an error has its default."""
    keys = Table(keys_of(Configuration), _refused, "dagpress schema --configuration --markdown")
    values, at = read_keys(keys, table, report, "the configuration")
    return Configuration(**values, at=at)


def check_required_version(table: MapNode) -> list[Diagnostic]:
    """Compare `required_version` with the installed Dagpress. This comes first: other versions have other keys."""
    node = table.get("required_version")
    if node is None:
        return []
    problems: list[Diagnostic] = []
    required = VersionSpecifier("a version specifier").read(node, problems.append)
    if required is None:
        return problems
    # These imports take about 10 ms, and few projects need them.
    from importlib.metadata import version  # noqa: PLC0415

    from packaging.specifiers import SpecifierSet  # noqa: PLC0415

    installed = version("dagpress")
    if SpecifierSet(required).contains(installed, prereleases=True):
        return []
    message = f"the project requires Dagpress {quoted(required)}, but {installed} is installed"
    hint = shell_command("pip", "install", f"dagpress{required}")
    return [Diagnostic(rules.REQUIRED_VERSION, message, node.location, hint)]


def _refused(name: str) -> Refusal | None:
    """Return the error for keys that belong in the other configuration file."""
    if name in {"tool", "dagpress"}:
        return f"`{name}` is not a key of the configuration", "write the keys themselves: `airflow`, `[lint]`"
    return None
