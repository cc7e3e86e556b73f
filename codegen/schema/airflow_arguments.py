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
# What each means, and an example.
_ROWS = {
    "access_control": ("What roles of the FAB auth manager may do with the DAG.", "{Analyst: {DAGs: [can_read]}}"),
    "allow_nested_operators": ("Whether Airflow lets a task execute another operator.", "false"),
    "allowed_run_types": ("The types of runs that the DAG can have.", "[scheduled, manual]"),
    "dag_display_name": ("The name that the user interface shows for the DAG.", "Orders, daily"),
    "default_view": ("The page that the user interface opens for the DAG.", "graph"),
    "depends_on_past": ("Whether a task waits until it succeeded in the run before.", "true"),
    "disable_bundle_versioning": ("Whether runs use the newest version of the DAG bundle.", "true"),
    "do_xcom_push": ("Whether the result of a task is pushed to XCom.", "false"),
    "doc": ("Documentation of the task, as plain text.", "Loads the orders."),
    "doc_json": ("Documentation of the task, as JSON.", '\'{"team": "data"}\''),
    "doc_md": ("Documentation of the task, as Markdown.", "Loads the **orders**."),
    "doc_rst": ("Documentation of the task, as reStructuredText.", "Loads the *orders*."),
    "doc_yaml": ("Documentation of the task, as YAML.", "'team: data'"),
    "email": ("The addresses that get mail when a task fails or is retried.", "[data@example.com]"),
    "email_on_failure": ("Whether mail is sent when a task fails.", "true"),
    "email_on_retry": ("Whether mail is sent when a task is retried.", "false"),
    "end_date": ("The last logical date for which the task runs.", "2030-12-31"),
    "executor": ("The executor of the task, one of those that Airflow is configured with.", "LocalExecutor"),
    "executor_config": ("Settings for the executor.", "{KubernetesExecutor: {namespace: elt}}"),
    "fail_fast": ("Whether a failed task fails the running tasks of the run too.", "true"),
    "fail_stop": ("Whether a failed task fails the running tasks of the run too.", "true"),
    "ignore_first_depends_on_past": ("Whether `depends_on_past` lets the first run pass.", "true"),
    "inlets": ("The assets that the task reads, for the asset graph.", "[s3://warehouse/orders]"),
    "jinja_environment_kwargs": ("Options of the Jinja environment of the DAG.", "{trim_blocks: true}"),
    "logger_name": ("The name of the task's logger.", "elt"),
    "map_index_template": ("The name of each instance of a mapped task, as a template.", "'{{ ds }}'"),
    "max_active_tasks": ("How many tasks of the DAG may run at once.", "4"),
    "max_active_tis_per_dag": ("How many instances of a task may run at once, over all runs.", "1"),
    "max_active_tis_per_dagrun": ("How many instances of a task may run at once in one run.", "1"),
    "max_consecutive_failed_dag_runs": ("After how many failed runs in a row Airflow pauses the DAG.", "3"),
    "multiple_outputs": ("Whether each key of a result becomes an XCom of its own.", "false"),
    "on_execute_callback": ("Functions to call when a task starts.", "{$import: quality.alerts.started}"),
    "on_skipped_callback": (
        "Functions to call when a task raises `AirflowSkipException`.",
        "[{$import: quality.alerts.skipped}]",
    ),
    "orientation": ("In which direction the graph of the DAG is drawn.", "TB"),
    "outlets": ("The assets that the task updates each time it succeeds.", "[s3://warehouse/orders]"),
    "owner_links": ("A link for each owner.", "{airflow: 'mailto:data@example.com'}"),
    "post_execute": ("A function to call right after the operator, with its result.", "{$import: quality.hooks.after}"),
    "pre_execute": ("A function to call right before the operator.", "{$import: quality.hooks.before}"),
    "render_template_as_native_obj": ("Render templates to Python objects instead of strings.", "true"),
    "rerun_with_latest_version": ("Whether a cleared run uses the newest version of the DAG.", "true"),
    "sla": ("How long after a run is due the task must have succeeded.", "2h"),
    "resources": ("The resources that a task needs: `cpus`, `ram`, `disk` and `gpus`.", "{cpus: 1, ram: 512}"),
    "retry_policy": (
        "The policy that decides by the exception whether and when to retry.",
        "{$import: quality.retries.policy}",
    ),
    "run_as_user": ("The Unix user that the task runs as.", "elt"),
    "start_date": ("The earliest logical date for which the task runs.", "2024-01-31"),
    "task_display_name": ("The name that the user interface shows for the task.", "Load the orders"),
    "template_undefined": ("The Jinja class of undefined names in templates.", "{$import: jinja2.DebugUndefined}"),
    "template_searchpath": ("The folders in which templates are found.", "[/opt/airflow/templates]"),
    "user_defined_filters": ("Additional Jinja filters for templates.", "{mask: {$import: quality.filters.mask}}"),
    "user_defined_macros": (
        "Additional variables and macros for templates.",
        "{bucket: raw, mask: {$import: quality.filters.mask}}",
    ),
    "wait_for_downstream": ("Wait for the downstream tasks of the previous run to succeed.", "true"),
    "wait_for_past_depends_before_skipping": (
        "Whether a task that is skipped first waits for `depends_on_past`.",
        "true",
    ),
    "weight_rule": ("How the priority of a task counts: `downstream`, `upstream` or `absolute`.", "absolute"),
}


def rows_of_airflow(airflow: str, group: str, without: Collection[str]) -> dict[str, Key]:
    """The arguments of `DAG`, or of `BaseOperator`, as keys, without those that our keys decide."""
    facts = facts_of(airflow)
    rows = {}
    for name, annotation in (facts.dag if group == DAG_GROUP else facts.operator).items():
        if name not in without and name not in _STRUCTURE and _successor(name, facts) is None:
            doc, example = _ROWS.get(name, (f"Airflow's argument (`{annotation}`).", ""))
            reaches = ("python",) if name in _OF_A_CALLABLE else ()
            found = _type_of(name, annotation)
            row = Key(name=name, type=found, group=group, doc=doc, example=example, is_argument=True, reaches=reaches)
            rows[name] = row
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
