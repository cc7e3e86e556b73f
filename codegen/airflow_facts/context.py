"""The names in Airflow's context, which is available to templates, callables and task callbacks.

See airflow/utils/context.py (`KNOWN_CONTEXT_KEYS`) of 2.11; airflow/sdk/definitions/context.py and
`get_template_context` in airflow/sdk/execution_time/task_runner.py of 3.0 to 3.3.
"""

from __future__ import annotations

from functools import cache

from codegen.airflow_facts import VERSIONS, facts_of

# Missing in runs without a logical date on Airflow 3, where `task_instance_key_str` contains the run ID instead.
DATE_NAMES = frozenset(["ds", "ds_nodash", "logical_date", "ts", "ts_nodash", "ts_nodash_with_tz"])
INTERVAL_NAMES = frozenset(
    [
        "data_interval_end",
        "data_interval_start",
        "prev_data_interval_end_success",
        "prev_data_interval_start_success",
    ]
)
# Available in every task of every version.
_ALWAYS = frozenset(
    """
    conn dag dag_run inlet_events inlets macros map_index_template outlet_events outlets params prev_end_date_success
    prev_start_date_success run_id task task_instance task_instance_key_str ti var
    """.split()  # noqa: SIM905  # easier to read
)
# Available in every task of some versions.
_IN_SOME_VERSIONS = frozenset(["conf", "task_reschedule_count", "triggering_asset_events", "triggering_dataset_events"])
# Available in some tasks: the exception unless the process was killed, and names for mapped tasks and partitions.
IN_SOME_TASKS = frozenset(
    ["exception", "expanded_ti_count", "partition_date", "partition_key", "test_mode", "try_number"]
)


def always_in(airflow: str) -> frozenset[str]:
    """Return the names that every task of a version has, however its run was triggered."""
    return _ALWAYS | (_IN_SOME_VERSIONS & facts_of(airflow).context)


@cache
def names() -> frozenset[str]:
    """Return the names of all versions."""
    return frozenset().union(*(facts_of(version).context for version in VERSIONS))
