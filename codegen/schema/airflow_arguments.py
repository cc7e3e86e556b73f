"""The keys for the arguments of Airflow's `DAG` and `BaseOperator`.

As in Airflow's own YAML format, the names in an annotation determine the type
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
    "default_args": "write the arguments as keys of the schedule, which apply to all tasks",
    "task_group": "use `group` in a task",
    "task_id": "use `id` in a task",
}
# The keys that replace deprecated arguments; empty for one without a replacement.
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
# These have no effect without the deprecated argument.
_WITH_EMAIL = {"email_on_failure", "email_on_retry"}
_RENAMED = {"fail_stop": "fail_fast", "fail_fast": "fail_stop"}
# These apply to the return value of a Python callable.
_FOR_CALLABLES = {"multiple_outputs"}
# Types by a pattern for the start of an alternative in the annotation; the first match wins.
_TYPES: Mapping[str, FieldType[Any]] = {
    "timedelta$": Duration(may_be_zero=True),
    "datetime$": DateTime(),
    r"Collection\[DagRunType": TextList(
        "a list of run types", Choice("manual", "scheduled", "backfill", "asset_triggered")
    ),
    r"(?:Iterable|Sequence|Collection|list)\[str": TextList("a list of strings", Text()),
    r"dict\b|(?:\w+\.)*MutableMapping": DATA_MAP,
    "bool$": Boolean(),
    "int$": Integer(),
    "(?:str|WeightRuleParam)$": Text(),
    r"(?:list|Collection)\[": PythonObjects(),
}
# Arguments that Airflow validates more strictly than the annotation.
_TYPES_BY_NAME: Mapping[str, FieldType[Any]] = {
    **dict.fromkeys(("max_active_tasks", "max_active_tis_per_dag", "max_active_tis_per_dagrun"), Integer(1)),
    "default_view": Choice("grid", "graph", "duration", "gantt", "landing_times"),
    **dict.fromkeys(("inlets", "outlets"), AssetList()),
    "max_consecutive_failed_dag_runs": Integer(0),
    "orientation": Choice("LR", "TB", "RL", "BT"),
    "owner_links": MapOf(
        "a map of owners to URLs", Text(), Text("a URL", r"(?:https?|mailto):\S+", "write it as https://...")
    ),
    "resources": MapOf(
        "a map of resources",
        Text("a resource", "cpus|ram|disk|gpus", "expected one of cpus, ram, disk, gpus"),
        Integer(0),
    ),
    "user_defined_filters": OBJECT_MAP,
    # The path of a class is a strategy from a plugin.
    "weight_rule": Text(
        "a weight rule", r"downstream|upstream|absolute|\w+(?:\.\w+)+", "expected one of downstream, upstream, absolute"
    ),
}
# The description, an example, and a label if the name is not clear.
_ROWS: Mapping[str, tuple[str, ...]] = {
    "access_control": (
        "The permissions of Airflow roles for the DAG, with the FAB auth manager.",
        "{Analyst: {DAGs: [can_read]}}",
        "Access rights",
    ),
    "allow_nested_operators": (
        "Whether a task may execute another operator.",
        "false",
        "Allow nested operators",
    ),
    "allowed_run_types": ("The run types that the DAG allows.", "[scheduled, manual]", "Allowed run types"),
    "dag_display_name": (
        "The name of the DAG in Airflow's user interface.",
        "Orders, daily",
        "Name shown in Airflow",
    ),
    "default_view": ("The page that Airflow opens for the DAG.", "graph", "Page that opens first"),
    "depends_on_past": (
        "Whether a task waits until it has succeeded in the previous run.",
        "true",
        "Wait for the previous run",
    ),
    "disable_bundle_versioning": (
        "Whether runs use the newest version of the DAG files (the DAG bundle).",
        "true",
        "Always use the newest version",
    ),
    "do_xcom_push": (
        "Whether Airflow stores the result of a task as an XCom, which other tasks can read.",
        "false",
        "Store the results of tasks",
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
    "email": ("The addresses for e-mails when a task fails or is retried.", "[data@example.com]", "E-mail addresses"),
    "email_on_failure": ("Whether to send an e-mail when a task fails.", "true", "E-mail when a task fails"),
    "email_on_retry": ("Whether to send an e-mail when a task is retried.", "false", "E-mail when a task is retried"),
    "end_date": ("The latest logical date to run the task.", "2030-12-31"),
    "executor": ("The executor that runs the tasks, one of the executors in Airflow's configuration.", "LocalExecutor"),
    "executor_config": ("Settings for the executor.", "{KubernetesExecutor: {namespace: elt}}"),
    "fail_fast": (
        "Whether a failed task ends the run. Running tasks fail too.",
        "true",
        "Stop at the first failure",
    ),
    "fail_stop": (
        "Whether a failed task ends the run. Running tasks fail too.",
        "true",
        "Stop at the first failure",
    ),
    "ignore_first_depends_on_past": (
        "Whether the first run ignores `depends_on_past`.",
        "true",
        "First run does not wait",
    ),
    "inlets": (
        "The assets, such as tables or files, that the task reads, for the asset graph.",
        "[s3://warehouse/orders]",
        "Assets it reads",
    ),
    "jinja_environment_kwargs": (
        "Options for Jinja, which renders the templates of the DAG.",
        "{trim_blocks: true}",
        "Template options",
    ),
    "logger_name": ("The name of the task's logger.", "elt"),
    "map_index_template": (
        "A template for the name of each instance of a mapped task.",
        "'{{ ds }}'",
        "Names of mapped tasks",
    ),
    "max_active_tasks": ("How many tasks of the DAG may run at once.", "4", "Tasks at once"),
    "max_active_tis_per_dag": (
        "How many instances of a task may run at once, across all runs.",
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
    "multiple_outputs": ("Whether each key of the result becomes a separate XCom.", "false"),
    "on_execute_callback": (
        "Python functions to call when a task starts.",
        "{$import: quality.alerts.started}",
        "Call when a task starts",
    ),
    "on_skipped_callback": (
        "Python functions to call when a task is skipped by an `AirflowSkipException`.",
        "[{$import: quality.alerts.skipped}]",
        "Call when a task is skipped",
    ),
    "orientation": ("The direction of the DAG's graph.", "TB", "Direction of the graph"),
    "outlets": (
        "The assets that the task updates each time it succeeds.",
        "[s3://warehouse/orders]",
        "Assets it updates",
    ),
    "owner_links": ("The links for owners in Airflow.", "{airflow: 'mailto:data@example.com'}", "Links for owners"),
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
        "Whether templates render to native Python objects instead of text.",
        "true",
        "Render templates as Python objects",
    ),
    "rerun_with_latest_version": (
        "Whether a run that is cleared uses the newest version of the DAG.",
        "true",
        "Rerun with the newest version",
    ),
    "sla": ("How soon after the run is due the task must succeed.", "2h", "SLA"),
    "resources": ("The resources that a task needs: `cpus`, `ram`, `disk` and `gpus`.", "{cpus: 1, ram: 512}"),
    "retry_policy": (
        "A retry policy in Python, which decides whether and when to retry after an exception.",
        "{$import: quality.retries.policy}",
    ),
    "run_as_user": ("The Unix user that the task runs as.", "elt", "Unix user"),
    "start_date": ("The earliest logical date to run the task.", "2024-01-31"),
    "task_display_name": (
        "The name of the task in Airflow's user interface.",
        "Load the orders",
        "Name of tasks in Airflow",
    ),
    "template_undefined": (
        "The Jinja class that handles undefined names in templates.",
        "{$import: jinja2.DebugUndefined}",
        "Undefined names in templates",
    ),
    "template_searchpath": (
        "The folders with template files.",
        "[/opt/airflow/templates]",
        "Template folders",
    ),
    "user_defined_filters": (
        "Additional Jinja filters for templates.",
        "{mask: {$import: quality.filters.mask}}",
        "Additional template filters",
    ),
    "user_defined_macros": (
        "Additional variables and macros for templates.",
        "{bucket: raw, mask: {$import: quality.filters.mask}}",
        "Additional template variables",
    ),
    "wait_for_downstream": (
        "Whether a task waits until its downstream tasks have succeeded in the previous run.",
        "true",
        "Wait for downstream tasks",
    ),
    "wait_for_past_depends_before_skipping": (
        "Whether a task waits for `depends_on_past` before it is skipped.",
        "true",
        "Wait before skipping",
    ),
    "weight_rule": (
        "The tasks whose priorities are added to the task's own: `downstream`, `upstream` or none (`absolute`).",
        "absolute",
        "Priority rule",
    ),
}


def rows_of_airflow(airflow: str, group: str, without: Collection[str]) -> dict[str, Key]:
    """Return the arguments of `DAG` or `BaseOperator` as keys, except arguments that other keys set."""
    facts = facts_of(airflow)
    rows = {}
    for name, annotation in (facts.dag if group == DAG_GROUP else facts.operator).items():
        if name not in without and name not in _STRUCTURE and _successor(name, facts) is None:
            doc, example, *label = _ROWS.get(name, (f"Airflow's argument (`{annotation}`).", ""))
            reaches = ("python",) if name in _FOR_CALLABLES else ()
            found = _type_of(name, annotation)
            rows[name] = Key(
                name=name, type=found, group=group, doc=doc, example=example, is_argument=True, reaches=reaches,
                label="".join(label),
            )  # fmt: skip
    return rows


def _type_of(name: str, annotation: str) -> FieldType[Any]:
    """Return the type of an argument's values: a Python object if no other type is known."""
    if name in _TYPES_BY_NAME:
        return _TYPES_BY_NAME[name]
    alternatives = [part.rpartition(".")[2] if "[" not in part else part for part in annotation.split(" | ")]
    return next((each for part, each in _TYPES.items() if any(re.match(part, a) for a in alternatives)), OBJECT)


def _successor(name: str, facts: AirflowFacts) -> str | None:
    """Return the key that replaces a deprecated argument, empty without one; None if it is not deprecated."""
    deprecated = {*facts.deprecated["dag"], *facts.deprecated["operator"]}
    is_out = name in deprecated or (name in _WITH_EMAIL and "email" in deprecated)
    return _SUCCESSORS.get(name) if is_out else None


def refusal(name: str, airflow: str, ours: Mapping[str, Key]) -> Refusal | None:
    """Return why an argument of Airflow is not a key, and what to write instead; None for an unknown name.

    `ours` maps arguments to the Dagpress keys that set them.
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
        return f"the argument {quoted(name)} is deprecated in Airflow {airflow}", hint
    if name in _FOR_CALLABLES:
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
