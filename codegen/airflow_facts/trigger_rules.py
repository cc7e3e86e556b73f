"""Airflow's trigger rules, and their results if no task has failed."""

from __future__ import annotations

# The default.
ALL_SUCCESS = "all_success"
# airflow/utils/trigger_rule.py up to 3.0, airflow/task/trigger_rule.py since.
TRIGGER_RULES = (
    "all_success",
    "all_failed",
    "all_done",
    "all_done_min_one_success",
    "all_done_setup_success",
    "all_skipped",
    "always",
    "none_failed",
    "none_failed_min_one_success",
    "none_skipped",
    "one_done",
    "one_failed",
    "one_success",
)
# Deprecated names in Airflow 2.
FORMER_NAMES = {"dummy": "always", "none_failed_or_skipped": "none_failed_min_one_success"}
# With these rules, a task can succeed or be skipped although an upstream task failed. `one_success` is not included:
# this is its purpose.
HIDE_A_FAILURE = {
    "all_done",
    "all_done_min_one_success",
    "all_done_setup_success",
    "all_failed",
    "all_skipped",
    "always",
    "none_skipped",
    "one_done",
    "one_failed",
}

_NEED_A_FAILURE = {"all_failed", "one_failed"}
_NEED_A_SUCCESS = {"all_done_min_one_success", "none_failed_min_one_success", "one_done", "one_success"}
_NEED_NO_SKIP = {"all_success", "none_skipped"}


def runs(rule: str, succeeded: int, skipped: int) -> bool:
    """Return whether Airflow runs a task instead of skipping it, if no upstream task has failed.

    See airflow/ti_deps/deps/trigger_rule_dep.py.
    """
    if not succeeded + skipped:
        return True
    return not (
        rule in _NEED_A_FAILURE
        or (rule in _NEED_A_SUCCESS and not succeeded)
        or (rule in _NEED_NO_SKIP and skipped)
        or (rule == "all_skipped" and succeeded)
    )
