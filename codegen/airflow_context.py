"""The names of Airflow's context, which templates, callables and the callbacks of tasks get.

airflow/utils/context.py (`KNOWN_CONTEXT_KEYS`) of 2.11; airflow/sdk/definitions/context.py and
`get_template_context` of airflow/sdk/execution_time/task_runner.py of 3.0 to 3.3.
"""

from __future__ import annotations

# What a run without a logical date has not on Airflow 3. Its `task_instance_key_str` has the run's id in place of it.
OF_A_DATE = frozenset(["ds", "ds_nodash", "logical_date", "ts", "ts_nodash", "ts_nodash_with_tz"])
OF_AN_INTERVAL = frozenset(
    [
        "data_interval_end",
        "data_interval_start",
        "prev_data_interval_end_success",
        "prev_data_interval_start_success",
    ]
)
# What every task has, in every version.
ALWAYS = frozenset(
    """
    conn dag dag_run inlet_events inlets macros map_index_template outlet_events outlets params prev_end_date_success
    prev_start_date_success run_id task task_instance task_instance_key_str ti var
    """.split()  # noqa: SIM905  # it is read as a list
)
OF_2 = frozenset(["conf", "test_mode", "triggering_dataset_events"])
OF_3 = frozenset(["task_reschedule_count", "triggering_asset_events"])
# What only some get: the error of a task whose process was not killed, and what a mapped task or a partition has.
AT_TIMES = frozenset(["exception", "expanded_ti_count", "partition_date", "partition_key", "try_number"])
# What Airflow 2 warns of, and what only some versions or operators have.
_OTHERS = frozenset(
    """
    asset_state_store execution_date next_ds next_ds_nodash next_execution_date prev_ds prev_ds_nodash
    prev_execution_date prev_execution_date_success reason task_state_store templates_dict tomorrow_ds
    tomorrow_ds_nodash yesterday_ds yesterday_ds_nodash
    """.split()  # noqa: SIM905  # it is read as a list
)
# What Airflow calls its own in any version from 2.10 on.
NAMES = ALWAYS | OF_A_DATE | OF_AN_INTERVAL | OF_2 | OF_3 | AT_TIMES | _OTHERS
