"""Airflow's settings for static DAG files: changes appear within seconds, and unchanged files cost little."""

from __future__ import annotations

from collections.abc import Mapping

Sections = Mapping[str, Mapping[str, str]]

# A static file has the same DAGs until it changes, and in this sort mode a changed file is parsed at once. Parsing
# all files again only finds what Airflow missed, such as a file that changed while it was parsed.
_EVERY_FILE = {"min_file_process_interval": "1800", "file_parsing_sort_mode": "modified_time"}
# By default, a DAG that changes twice in 30 seconds is not stored the second time, until all files are parsed again.
_EVERY_CHANGE = {"min_serialized_dag_update_interval": "0"}
# How often Airflow looks for DAGs that are missing from their files.
_REMOVED_DAGS = {"parsing_cleanup_interval": "10"}

_AIRFLOW_3: Sections = {
    "core": _EVERY_CHANGE,
    "dag_processor": {**_EVERY_FILE, "refresh_interval": "10", "stale_dag_threshold": "5"},
    "scheduler": _REMOVED_DAGS,
}
# Airflow 2 needs its default `stale_dag_threshold`: a parse may finish that much later than its DAGs are stored. A
# standalone DAG processor deactivates each DAG that was not parsed for `dag_stale_not_seen_duration`.
_AIRFLOW_2: Sections = {
    "core": _EVERY_CHANGE,
    "scheduler": {**_EVERY_FILE, **_REMOVED_DAGS, "dag_dir_list_interval": "10", "dag_stale_not_seen_duration": "7200"},
}


def parsing_settings(*, has_api_server: bool) -> Sections:
    """Return the settings by their section of airflow.cfg, in the names of Airflow 3 or of Airflow 2."""
    return _AIRFLOW_3 if has_api_server else _AIRFLOW_2
