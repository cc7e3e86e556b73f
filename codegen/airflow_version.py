"""The versions of Airflow that files can be generated for."""

VERSIONS = ("2.10", "2.11", "3.0", "3.1", "3.2", "3.3")
LATEST = VERSIONS[-1]


def is_2(version: str) -> bool:
    """Whether it is an Airflow 2."""
    return version.startswith("2.")


def at_least(version: str, other: str) -> bool:
    """Whether a version of that list is the other or a later one."""
    return VERSIONS.index(version) >= VERSIONS.index(other)
