"""The versions of Airflow that tests speak of, by what they mean."""

from __future__ import annotations

from codegen.airflow_facts import VERSIONS, facts_of, newest

EACH = VERSIONS
# A pre-release is none of those that CI runs.
NEWEST = newest()
NEWEST_2 = [version for version in EACH if not facts_of(version).has_api_server][-1]
