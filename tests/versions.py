"""The versions of Airflow that tests speak of, by what they mean."""

from __future__ import annotations

from codegen.airflow_version import VERSIONS

EACH = VERSIONS
OLDEST = EACH[0]
NEWEST = EACH[-1]
NEWEST_2 = max(version for version in EACH if version.startswith("2."))
