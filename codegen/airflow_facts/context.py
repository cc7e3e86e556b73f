"""The names of Airflow's context, which templates, callables and the callbacks of tasks get.

airflow/utils/context.py (`KNOWN_CONTEXT_KEYS`) of 2.11; airflow/sdk/definitions/context.py and
`get_template_context` of airflow/sdk/execution_time/task_runner.py of 3.0 to 3.3.
"""

from __future__ import annotations

from functools import cache

from codegen.airflow_facts import VERSIONS, facts_of

# Missing in a run without a logical date on Airflow 3. Its `task_instance_key_str` has the run's id instead.
OF_A_DATE = frozenset(["ds", "ds_nodash", "logical_date", "ts", "ts_nodash", "ts_nodash_with_tz"])
OF_AN_INTERVAL = frozenset(
    [
        "data_interval_end",
        "data_interval_start",
        "prev_data_interval_end_success",
        "prev_data_interval_start_success",
    ]
)
# In every task of every version.
_ALWAYS = frozenset(
    """
    conn dag dag_run inlet_events inlets macros map_index_template outlet_events outlets params prev_end_date_success
    prev_start_date_success run_id task task_instance task_instance_key_str ti var
    """.split()  # noqa: SIM905  # it is read as a list
)
# In every task, in some versions.
_OF_SOME_VERSIONS = frozenset(["conf", "task_reschedule_count", "triggering_asset_events", "triggering_dataset_events"])
# Only in some tasks: the error of a task whose process was not killed, and the names of mapped tasks and partitions.
AT_TIMES = frozenset(["exception", "expanded_ti_count", "partition_date", "partition_key", "test_mode", "try_number"])


def always_in(airflow: str) -> frozenset[str]:
    """The names in every task of that version, whatever starts its run."""
    return _ALWAYS | (_OF_SOME_VERSIONS & facts_of(airflow).context)


@cache
def names() -> frozenset[str]:
    """All names of Airflow's, in any version."""
    return frozenset().union(*(facts_of(version).context for version in VERSIONS))
