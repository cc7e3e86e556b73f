"""Airflow's rows of the table of keys: every argument of `DAG` and `BaseOperator`.

Airflow's own YAML format reads the types in the same way, by the names in the annotation
(airflow/sdk/importers/yaml_importer of 3.4).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from codegen.airflow_facts import VERSIONS, AirflowFacts, facts_of
from codegen.diagnostics import quoted
from codegen.keys.containers import MapOf, TextList
from codegen.keys.field_type import FieldType
from codegen.keys.objects import DATA_MAP, OBJECT, OBJECT_MAP, PythonObjects
from codegen.keys.scalars import Boolean, Choice, DateTime, Duration, Integer
from codegen.keys.table import Key, Refusal
from codegen.keys.texts import Text
from codegen.schema.asset import AssetList

DAG_GROUP = "arguments of Airflow's DAG"
TASK_GROUP = "arguments of Airflow's operators"
_STRUCTURE = {
    "auto_register": "every DAG file registers its DAG",
    "dag": "a task belongs to the DAG of its schedule",
    "params": "run parameters belong to the schedule",
    "default_args": "write its arguments as keys of the schedule: they are for all tasks",
    "task_group": "use `group` in a task",
    "task_id": "use `id` in a task",
}
# What became of an argument that a version warns of, where something took its place.
_SUCCESSORS = {
    "concurrency": "max_active_tasks",
    "email": "on_failure",
    "email_on_failure": "on_failure",
    "email_on_retry": "on_retry",
    "full_filepath": "",
    "sla": "deadline",
    "sla_miss_callback": "on_deadline",
    "task_concurrency": "max_active_tis_per_dag",
}
# These do nothing without the argument that is deprecated.
_WITH_EMAIL = {"email_on_failure", "email_on_retry"}
_RENAMED = {"fail_stop": "fail_fast", "fail_fast": "fail_stop"}
# These need what a Python callable returns.
_OF_A_CALLABLE = {"multiple_outputs"}
# The type of a value by how one of the alternatives in its annotation begins; the first that fits counts.
_TYPES: Mapping[str, FieldType[Any]] = {
    "timedelta$": Duration(may_be_zero=True),
    "datetime$": DateTime(),
    r"Collection\[DagRunType": TextList(
        "a list of run types", Choice("manual", "scheduled", "backfill", "asset_triggered")
    ),
    r"(?:Iterable|Sequence|Collection|list)\[str": TextList("a list of texts", Text()),
    r"dict\b|(?:\w+\.)*MutableMapping": DATA_MAP,
    "bool$": Boolean(),
    "int$": Integer(),
    "(?:str|WeightRuleParam)$": Text(),
    r"(?:list|Collection)\[": PythonObjects(),
}
# What Airflow checks itself, where the annotation says less.
_TYPES_BY_NAME: Mapping[str, FieldType[Any]] = {
    **dict.fromkeys(("max_active_tasks", "max_active_tis_per_dag", "max_active_tis_per_dagrun"), Integer(1)),
    "default_view": Choice("grid", "graph", "duration", "gantt", "landing_times"),
    **dict.fromkeys(("inlets", "outlets"), AssetList()),
    "max_consecutive_failed_dag_runs": Integer(0),
    "orientation": Choice("LR", "TB", "RL", "BT"),
    "owner_links": MapOf("a map of owners to URLs", Text(), Text("a URL", r"(?:https?|mailto):\S+", "https://...")),
    "resources": MapOf("a map of resources", Text("a resource", "cpus|ram|disk|gpus", "cpus, ram, ..."), Integer(0)),
    "user_defined_filters": OBJECT_MAP,
    # A strategy of a plugin goes by its path.
    "weight_rule": Text(
        "a weight rule", r"downstream|upstream|absolute|\w+(?:\.\w+)+", "`downstream`, `upstream` or `absolute`"
    ),
}
# What each means, an example, and a label where the name does not read well.
_ROWS: Mapping[str, tuple[str, ...]] = {
    "access_control": (
        "The permissions of Airflow's roles on the DAG, with the FAB auth manager.",
        "{Analyst: {DAGs: [can_read]}}",
        "Access rights",
    ),
    "allow_nested_operators": (
        "Whether Airflow lets a task execute another operator.",
        "false",
        "Operators inside operators",
    ),
    "allowed_run_types": ("Which types of runs the DAG can have.", "[scheduled, manual]", "Allowed runs"),
    "dag_display_name": (
        "The name that the user interface shows for the DAG.",
        "Orders, daily",
        "Name shown in Airflow",
    ),
    "default_view": ("The page that Airflow opens for the DAG.", "graph", "Page that opens first"),
    "depends_on_past": (
        "Whether a task waits until it succeeded in the run before.",
        "true",
        "Wait for the run before",
    ),
    "disable_bundle_versioning": (
        "Whether runs use the newest version of the DAG files (the DAG bundle).",
        "true",
        "Always use the newest version",
    ),
    "do_xcom_push": (
        "Whether Airflow keeps the result of a task, so that others can read it (XCom).",
        "false",
        "Keep the results of tasks",
    ),
    "doc": ("Documentation of the task, as plain text.", "Loads the orders.", "Documentation of tasks"),
    "doc_json": ("Documentation of the task, as JSON.", '\'{"team": "data"}\'', "Documentation of tasks (JSON)"),
    "doc_md": ("Documentation of the task, as Markdown.", "Loads the **orders**.", "Documentation of tasks (Markdown)"),
    "doc_rst": (
        "Documentation of the task, as reStructuredText.",
        "Loads the *orders*.",
        "Documentation of tasks (reStructuredText)",
    ),
    "doc_yaml": ("Documentation of the task, as YAML.", "'team: data'", "Documentation of tasks (YAML)"),
    "email": ("The addresses that get mail when a task fails or is retried.", "[data@example.com]", "E-mail addresses"),
    "email_on_failure": ("Whether mail is sent when a task fails.", "true", "E-mail when a task fails"),
    "email_on_retry": ("Whether mail is sent when a task is retried.", "false", "E-mail when a task is retried"),
    "end_date": ("The last logical date for which the task runs.", "2030-12-31"),
    "executor": ("The executor that runs the tasks, one of those that Airflow is configured with.", "LocalExecutor"),
    "executor_config": ("Settings for the executor.", "{KubernetesExecutor: {namespace: elt}}"),
    "fail_fast": (
        "Whether a failed task ends the run: the running tasks fail too.",
        "true",
        "Stop at the first failure",
    ),
    "fail_stop": (
        "Whether a failed task ends the run: the running tasks fail too.",
        "true",
        "Stop at the first failure",
    ),
    "ignore_first_depends_on_past": (
        "Whether `depends_on_past` lets the first run pass.",
        "true",
        "The first run need not wait",
    ),
    "inlets": (
        "The assets, such as tables or files, that the task reads, for the asset graph.",
        "[s3://warehouse/orders]",
        "Assets it reads",
    ),
    "jinja_environment_kwargs": (
        "Options of Jinja, which renders the templates of the DAG.",
        "{trim_blocks: true}",
        "Options of templates",
    ),
    "logger_name": ("The name of the task's logger.", "elt", "Name of the logger"),
    "map_index_template": (
        "The name of each instance of a mapped task, as a template.",
        "'{{ ds }}'",
        "Names of mapped tasks",
    ),
    "max_active_tasks": ("How many tasks of the DAG may run at once.", "4", "Tasks at once"),
    "max_active_tis_per_dag": (
        "How many instances of a task may run at once, over all runs.",
        "1",
        "Runs of one task at once",
    ),
    "max_active_tis_per_dagrun": (
        "How many instances of a mapped task may run at once in one run.",
        "1",
        "Runs of one task at once, in a run",
    ),
    "max_consecutive_failed_dag_runs": (
        "The number of consecutive failed runs after which Airflow pauses the DAG.",
        "3",
        "Pause after failed runs",
    ),
    "multiple_outputs": ("Whether each key of a result becomes an XCom of its own.", "false"),
    "on_execute_callback": (
        "Python functions to call when a task starts.",
        "{$import: quality.alerts.started}",
        "Call when a task starts",
    ),
    "on_skipped_callback": (
        "Python functions to call when a task is skipped: it raises `AirflowSkipException`.",
        "[{$import: quality.alerts.skipped}]",
        "Call when a task is skipped",
    ),
    "orientation": ("The direction in which the graph of the DAG is drawn.", "TB", "Direction of the graph"),
    "outlets": (
        "The assets that the task updates each time it succeeds.",
        "[s3://warehouse/orders]",
        "Assets it updates",
    ),
    "owner_links": ("The link of each owner in Airflow.", "{airflow: 'mailto:data@example.com'}", "Links of owners"),
    "post_execute": (
        "A Python function to call right after the operator, with its result.",
        "{$import: quality.hooks.after}",
        "Call after each task",
    ),
    "pre_execute": (
        "A Python function to call right before the operator.",
        "{$import: quality.hooks.before}",
        "Call before each task",
    ),
    "render_template_as_native_obj": (
        "Whether templates give Python objects instead of text.",
        "true",
        "Templates give Python objects",
    ),
    "rerun_with_latest_version": (
        "Whether a repeated (cleared) run uses the newest version of the DAG.",
        "true",
        "Repeat with the newest version",
    ),
    "sla": ("How long after a run is due the task must have succeeded.", "2h", "SLA"),
    "resources": ("The resources that a task needs: `cpus`, `ram`, `disk` and `gpus`.", "{cpus: 1, ram: 512}"),
    "retry_policy": (
        "The Python policy that decides by the error whether and when to retry.",
        "{$import: quality.retries.policy}",
    ),
    "run_as_user": ("The Unix user that the task runs as.", "elt", "Unix user"),
    "start_date": ("The earliest logical date for which the task runs.", "2024-01-31"),
    "task_display_name": (
        "The name that the user interface shows for the task.",
        "Load the orders",
        "Name of tasks in Airflow",
    ),
    "template_undefined": (
        "The class of Jinja that decides what an undefined name in a template becomes.",
        "{$import: jinja2.DebugUndefined}",
        "Undefined names in templates",
    ),
    "template_searchpath": (
        "The folders in which templates are found.",
        "[/opt/airflow/templates]",
        "Folders of templates",
    ),
    "user_defined_filters": (
        "Additional Jinja filters for templates.",
        "{mask: {$import: quality.filters.mask}}",
        "Further template filters",
    ),
    "user_defined_macros": (
        "Additional variables and macros for templates.",
        "{bucket: raw, mask: {$import: quality.filters.mask}}",
        "Further template variables",
    ),
    "wait_for_downstream": (
        "Whether a task waits until the tasks after it succeeded in the run before.",
        "true",
        "Wait for the tasks after it",
    ),
    "wait_for_past_depends_before_skipping": (
        "Whether a task that is skipped first waits for `depends_on_past`.",
        "true",
        "Wait before skipping",
    ),
    "weight_rule": (
        "Which priorities add up: of the tasks after it (`downstream`), before it (`upstream`), or none (`absolute`).",
        "absolute",
        "How priorities add up",
    ),
}


def rows_of_airflow(airflow: str, group: str, without: Collection[str]) -> dict[str, Key]:
    """The arguments of `DAG`, or of `BaseOperator`, as keys, without those that our keys decide."""
    facts = facts_of(airflow)
    rows = {}
    for name, annotation in (facts.dag if group == DAG_GROUP else facts.operator).items():
        if name not in without and name not in _STRUCTURE and _successor(name, facts) is None:
            doc, example, *label = _ROWS.get(name, (f"Airflow's argument (`{annotation}`).", ""))
            reaches = ("python",) if name in _OF_A_CALLABLE else ()
            found = _type_of(name, annotation)
            rows[name] = Key(
                name=name, type=found, group=group, doc=doc, example=example, is_argument=True, reaches=reaches,
                label="".join(label),
            )  # fmt: skip
    return rows


def _type_of(name: str, annotation: str) -> FieldType[Any]:
    """The type of an argument's values: a Python object where no other is known."""
    if name in _TYPES_BY_NAME:
        return _TYPES_BY_NAME[name]
    alternatives = [part.rpartition(".")[2] if "[" not in part else part for part in annotation.split(" | ")]
    return next((each for part, each in _TYPES.items() if any(re.match(part, a) for a in alternatives)), OBJECT)


def _successor(name: str, facts: AirflowFacts) -> str | None:
    """What took the place of an argument that the version warns of: a key, or nothing; None where it is as ever."""
    deprecated = {*facts.deprecated["dag"], *facts.deprecated["operator"]}
    is_out = name in deprecated or (name in _WITH_EMAIL and "email" in deprecated)
    return _SUCCESSORS.get(name) if is_out else None


def refusal(name: str, airflow: str, ours: Mapping[str, Key]) -> Refusal | None:
    """Why an argument of Airflow is not a key, and what to write instead; None for a name that Airflow does not have.

    `ours` has our keys by the arguments that they decide.
    """
    if name in ours:
        return f"Airflow's argument {quoted(name)} is set by the key `{ours[name].name}`", f"use `{ours[name].name}`"
    if name in _STRUCTURE:
        return f"Airflow's argument {quoted(name)} cannot be set", _STRUCTURE[name]
    facts = facts_of(airflow)
    if name not in facts.arguments:
        return _of_another_version(name, airflow)
    if (successor := _successor(name, facts)) is not None:
        hint = f"use `{successor}`" if successor else "remove it"
        return f"Airflow {airflow} has deprecated the argument {quoted(name)}", hint
    if name in _OF_A_CALLABLE:
        return f"Airflow's argument {quoted(name)} cannot be set for all tasks", "set it in a task with `python`"
    return None


def _of_another_version(name: str, airflow: str) -> Refusal | None:
    having = [version for version in VERSIONS if name in facts_of(version).arguments]
    if not having:
        return None
    instead = _RENAMED.get(name) or _SUCCESSORS.get(name)
    remove = "remove it" if name in _SUCCESSORS else "remove it, or set `airflow` to a version that has it"
    hint = f"use `{instead}`" if instead else remove
    versions = having[0] if len(having) == 1 else f"{having[0]} to {having[-1]}"
    return f"Airflow {airflow} has no argument {quoted(name)}, which exists in {versions}", hint
