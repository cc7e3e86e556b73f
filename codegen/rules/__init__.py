"""The rules: a constant here and a page in `pages` for each."""

from __future__ import annotations

from enum import Enum
from functools import partial
from pathlib import Path
from typing import NamedTuple

_PAGES = Path(__file__).parent / "pages"


class Severity(Enum):
    """The severity of a rule: an error blocks the write, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


class Rule(NamedTuple):
    """A kind of error or warning.

    Attributes:
        code: its name in messages, in `[tool.dagpress.lint]` and in `# dagpress: ignore[...]`.
        severity: the default severity.
        summary: the mistake, in one sentence.
    """

    code: str
    severity: Severity
    summary: str

    def page(self) -> str:
        """Return the page of the manual in Markdown."""
        text = (_PAGES / f"{self.code}.md").read_text(encoding="utf-8")
        return f"# {self.code} ({self.severity.value})\n\n{self.summary}\n\n{text}"


# The value in `[tool.dagpress.lint]` that turns a warning off.
OFF = "off"

# Every rule by its code, in the order of this module.
RULES: dict[str, Rule] = {}


def _rule(severity: Severity, code: str, summary: str) -> Rule:
    if code in RULES:
        raise ValueError(code)
    return RULES.setdefault(code, Rule(code, severity, summary))


_error = partial(_rule, Severity.ERROR)
_warning = partial(_rule, Severity.WARNING)


# Files.

NO_SCHEDULES = _error("no-schedules", "The folder of schedules is missing or has no schedule file.")
FILE_NAME = _error("file-name", "A file name contains invisible or decomposed characters.")
SYMLINK = _error("symlink", "A symlink leads out of the git work tree, or to a folder that is already read.")
DUPLICATE_DEFAULTS = _error("duplicate-defaults", "A folder has both `_defaults.yml` and `_defaults.yaml`.")
UNREADABLE = _error("unreadable", "A file or folder cannot be read, or is too large.")
BINARY_FILE = _error("binary-file", "A YAML file contains binary data.")
NOT_UTF_8 = _error("not-utf-8", "A YAML file is not encoded as UTF-8.")
EMPTY_FILE = _error("empty-file", "A schedule file, or a file in `$f`, is empty.")
NOT_A_MAP = _error("not-a-map", "A schedule or a defaults file is not a map of keys.")

# YAML.

YAML_SYNTAX = _error("yaml-syntax", "A file is not valid YAML.")
YAML_TRAP = _error("yaml-trap", "A key has no value, or YAML reads an unquoted value as something else.")
YAML_TAG = _error("yaml-tag", "A value has a YAML tag that schedules do not support.")
CONTROL_CHARACTER = _error("control-character", "A file contains a control character that YAML does not allow.")
MERGE_CONFLICT = _error("merge-conflict", "A file contains the markers of an unresolved git merge conflict.")
SEVERAL_DOCUMENTS = _error("several-documents", "A file contains more than one YAML document.")
DUPLICATE_KEY = _error("duplicate-key", "A map has the same key twice.")
INVALID_KEY = _error("invalid-key", "A key of a map is not text.")
INVALID_MERGE = _error("invalid-merge", "A YAML merge key (`<<`) has a value that is not a map.")
ALIAS_BOMB = _error("alias-bomb", "The aliases of a file expand to too many values.")
NESTED_TOO_DEEP = _error("nested-too-deep", "A file, a shell command or a template is nested too deeply.")

# Keys and values.

UNKNOWN_KEY = _error("unknown-key", "A key does not exist.")
UNKNOWN_ARGUMENT = _warning("unknown-argument", "An operator does not have the argument.")
ARGUMENT_TYPE = _warning("argument-type", "An argument of an operator has a value of the wrong type.")
MISSING_KEY = _error("missing-key", "A required key is missing.")
MIXED_KINDS = _error("mixed-kinds", "Keys that are mutually exclusive are used together.")
INVALID_VALUE = _error("invalid-value", "The value of a key is not valid.")
INVALID_INTERVAL = _error("invalid-interval", "An interval is not a valid cron expression or alias.")
UNKNOWN_TIMEZONE = _error("unknown-timezone", "A timezone does not exist.")
UNREADABLE_NAME = _error("unreadable-name", "A name contains invisible or decomposed characters.")
TEMPLATE = _error("template", "A template is invalid, or in a value that Airflow does not render.")
SECRET = _error("secret", "A value looks like a secret.")
POSSIBLE_SECRET = _warning("possible-secret", "A value looks random and may be a secret.")
UNSUPPORTED = _error("unsupported", "The project's Airflow, or one of its providers, does not support a key or value.")
NO_EFFECT = _warning("no-effect", "A key, pattern or file has no effect.")

# Comments that silence warnings.

INVALID_IGNORE = _error("invalid-ignore", "A `# dagpress: ignore` comment is not valid.")
UNUSED_IGNORE = _warning("unused-ignore", "A `# dagpress: ignore` comment silences nothing.")

# Names.

DUPLICATE_NAME = _error("duplicate-name", "Two schedules have the same name.")
DUPLICATE_DAG_ID = _error("duplicate-dag-id", "Two schedules have the same DAG ID.")
DUPLICATE_FILE = _error("duplicate-file", "Two schedules have the same DAG file, or two names differ only in case.")
LONG_NAME = _error("long-name", "A DAG ID, task ID or file name is too long.")
RENAMED_ID = _warning(
    "renamed-id", "The name contains characters that are not allowed in a DAG ID, so the DAG ID differs."
)

# Time.

NO_INTERVAL = _warning("no-interval", "A schedule without an interval has keys that need one.")
AMBIGUOUS_DATE = _error("ambiguous-date", "A date is ambiguous or does not exist because of a DST change.")
END_BEFORE_START = _error("end-before-start", "`end_date` is before `start_date`.")
LONG_CATCHUP = _warning("long-catchup", "`catchup` would start a large number of runs.")
SURPRISING_CRON = _warning("surprising-cron", "A cron expression does not run at the expected times.")
STALLS = _warning("stalls", "Catch-up with data intervals stalls at the next DST change.")
SHORT_RETRIES = _warning("short-retries", "Retries end before Meltano considers a killed run stale.")

# Run parameters and templates.

INVALID_PARAM = _error("invalid-param", "The definition of a run parameter is not valid.")
MISSING_DEFAULT = _error("missing-default", "A run parameter of a scheduled DAG has no default.")
UNKNOWN_PARAM = _error("unknown-param", "A template uses a run parameter that the schedule does not define.")
NULL_PARAM = _warning("null-param", "A template renders a run parameter that can be null as the text `None`.")
NO_LOGICAL_DATE = _warning("no-logical-date", "A template uses a date that some runs do not have.")
NO_DATA_INTERVAL = _warning("no-data-interval", "A template uses a data interval that is empty.")
UTC_DATE = _warning("utc-date", "A template renders a UTC date that differs from the date in the schedule's timezone.")

# Tasks.

DUPLICATE_TASK = _error("duplicate-task", "Two tasks, or a task and a group, have the same ID.")
UNKNOWN_TASK = _error("unknown-task", "`after`, `$x` or a branch names a task that does not exist.")
UNKNOWN_SCHEDULE = _error("unknown-schedule", "`after` names a schedule that does not exist.")
SCHEDULE_AS_ASSET = _warning("schedule-as-asset", "`after` names an asset that is probably meant as a schedule.")
CYCLE = _error("cycle", "Schedules, tasks or groups wait for each other in a cycle.")
NO_END = _warning("no-end", "A schedule keeps waiting for another one that has ended.")
HIDES_FAILURE = _warning("hides-failure", "A task or a run succeeds despite a failure.")
ALWAYS_SKIPPED = _warning("always-skipped", "A branch skips a task in every run.")
UNKNOWN_OPERATOR = _error("unknown-operator", "The project's Airflow does not have the operator.")
INVALID_RUN = _error("invalid-run", "A `meltano` command line cannot be split into arguments.")
INVALID_COMMAND = _error("invalid-command", "A shell command has a syntax error.")

# Alerts.

UNKNOWN_VARIABLE = _error("unknown-variable", "An alert uses a variable that its context does not have.")
MISSING_VARIABLE = _warning("missing-variable", "An alert uses a variable that its context does not always have.")

# Runners.

MOVING_IMAGE = _warning("moving-image", "A container image has no tag, or a tag that moves.")
UNUSED_SETTINGS = _warning("unused-settings", "The settings of a runner are not used by any task.")
TWICE = _error("twice", "An environment variable is set twice for a pod.")
UNKNOWN_VOLUME = _error("unknown-volume", "A volume mount names a volume that is not defined.")

# Meltano.

MELTANO_PROJECT = _error("meltano-project", "The Meltano project file is not valid.")
INCLUDE_PATHS = _warning("include-paths", "`include_paths` of meltano.yml is not a list, or matches no file.")
INCLUDED_SCHEDULES = _error(
    "included-schedules", "`include_paths` of meltano.yml matches schedule files, so Meltano would overwrite them."
)
TWO_SOURCES = _warning("two-sources", "A schedule is also defined in meltano.yml, where changes have no effect.")
UNKNOWN_EXTRACTOR = _warning("unknown-extractor", "The Meltano project does not have the extractor.")
UNKNOWN_LOADER = _warning("unknown-loader", "The Meltano project does not have the loader.")
UNKNOWN_ENVIRONMENT = _warning("unknown-environment", "The Meltano project does not have the environment.")
UNKNOWN_PLUGIN = _warning("unknown-plugin", "The Meltano project does not have a plugin, mapping or job of that name.")
UNKNOWN_JOB = _error("unknown-job", "The Meltano project does not have the job, or the job cannot run.")
UNKNOWN_COMMAND = _warning("unknown-command", "`before_run` uses a command that Meltano does not have.")
WRITES_PROJECT = _warning("writes-project", "`before_run` changes the files of the Meltano project.")
SHARED_STATE = _warning("shared-state", "Two schedules, tasks or runs share a Meltano state ID.")

# Environments.

NO_ENVIRONMENTS = _error("no-environments", "A schedule uses environments, but the project has none.")
UNKNOWN_DEPLOYMENT = _error("unknown-deployment", "A schedule names an environment that the project does not have.")

# The configuration.

INVALID_CONFIGURATION = _error("invalid-configuration", "The configuration file cannot be read.")
REQUIRED_VERSION = _error("required-version", "The installed Dagpress version is not one that the project requires.")
AIRFLOW_VERSION = _warning("airflow-version", "The project pins an unsupported, unknown or different Airflow version.")

LARGE_DAG_FILE = _warning("large-dag-file", "Many schedules of a folder share a DAG file.")

# Generated files.

MISSING = _error("missing", "A generated DAG file is missing.")
CHANGED = _error("changed", "A generated DAG file is not up to date.")
STALE = _error("stale", "No schedule generates the DAG file any more.")
RENAMED = _warning("renamed", "A renamed schedule gets a new DAG ID and loses its history.")
DAGS_NOT_LOADED = _error("dags-not-loaded", "A DAG file cannot be loaded in Airflow.")
DEPRECATED = _warning("deprecated", "A DAG file uses a deprecated Airflow feature.")
NO_PRODUCER = _warning("no-producer", "A schedule waits for an asset that no DAG of the project updates.")
NOT_IN_GIT = _error("not-in-git", "A schedule or a generated file is untracked, ignored or not staged in git.")
NOT_OURS = _error("not-ours", "A file that Dagpress did not generate has the name of a generated file.")
NOT_WRITTEN = _error("not-written", "A file cannot be written, or is outside the git work tree.")
TEMPLATE_ERROR = _error("template-error", "A template of the project cannot be used.")

# Import and export.

NOT_IMPORTED = _warning("not-imported", "A Meltano schedule cannot be imported.")
NOT_CARRIED_OVER = _warning("not-carried-over", "A key of a Meltano schedule is not imported.")
SECRET_NOT_COPIED = _warning("secret-not-copied", "A secret in a Meltano schedule is not copied.")
JOB_IS_TASKS = _warning("job-is-tasks", "A Meltano schedule's `job` is a command line, imported as `tasks`.")
ENV_NOT_TEXT = _warning("env-not-text", "An environment variable of a Meltano schedule is not text.")
BY_DEFAULTS = _warning("by-defaults", "The defaults of the folder change an imported schedule.")
KEPT = _warning("kept", "A schedule file exists and is not overwritten by the import.")
NOT_MOVED = _warning("not-moved", "An imported schedule cannot be removed from meltano.yml.")
OTHER_MELTANO_PROJECT = _warning("other-meltano-project", "The configuration names another Meltano project.")
NOT_EXPORTED = _warning("not-exported", "A setting of a schedule cannot be exported to meltano.yml.")
DIFFERS_IN_MELTANO = _warning("differs-in-meltano", "An exported schedule behaves differently in Meltano.")
