"""Names for the versions of Airflow in tests."""

from __future__ import annotations

from codegen.airflow_facts import VERSIONS, facts_of, newest

EACH = VERSIONS
# CI does not run a pre-release.
NEWEST = newest()
NEWEST_2 = [version for version in EACH if not facts_of(version).has_api_server][-1]
