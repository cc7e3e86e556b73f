"""Reads the runs in Meltano's system database, if it is a SQLite file."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from codegen.files import is_file, text_of

# The last successful run of each state ID (meltano/core/job/finder.py, `latest_success`; meltano/core/job/job.py).
_LAST_RUNS = (
    "select job_name, max(ended_at) from runs where state = 'SUCCESS' and ended_at is not null group by job_name"
)

_URI_VARIABLE = "MELTANO_DATABASE_URI"
# The directory of the default database.
_FOLDER_VARIABLE = "MELTANO_SYS_DIR_ROOT"
# Meltano also reads its own settings from `.env`.
_URI_IN_DOTENV = re.compile(rf"^[ \t]*(?:export[ \t]+)?{_URI_VARIABLE}[ \t]*=", re.MULTILINE)
# Alembic's table, which Meltano creates first.
_TABLE = "select 1 from sqlite_master where name = 'alembic_version'"
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


def last_successful_runs(folder: Path, uri: str = "") -> dict[str, str]:
    """Return the end of the last successful run of each state ID, in ISO 8601; empty if the database is unreadable.

    Args:
        folder: the Meltano project directory.
        uri: Meltano's setting `database_uri`; empty for its default.
    """
    rows = _query(_path(folder, uri), _LAST_RUNS) or []
    return {name: datetime.fromisoformat(ended).replace(tzinfo=timezone.utc).isoformat() for name, ended in rows}


def may_lack_system_database(folder: Path, environ: Mapping[str, str], uri: str = "") -> bool:
    """Return whether Meltano may have to set up its system database; also true if we cannot read the database.

    Args:
        folder: the Meltano project directory.
        environ: the environment variables of Meltano.
        uri: the `database_uri` in meltano.yml; empty for Meltano's default.
    """
    if not environ.get(_URI_VARIABLE) and (_FOLDER_VARIABLE in environ or _is_named_in_dotenv(folder)):
        return True
    return not _query(_path(folder, environ.get(_URI_VARIABLE) or uri), _TABLE)


def _query(path: Path | None, statement: str) -> list[Any] | None:
    """Return the rows, or None if the database is missing or unreadable."""
    if path is None or not is_file(path):
        return None
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
            return database.execute(statement).fetchall()
    except sqlite3.Error:
        return None


def _is_named_in_dotenv(folder: Path) -> bool:
    return bool(_URI_IN_DOTENV.search(text_of(folder / ".env")))


def _path(folder: Path, uri: str) -> Path | None:
    """Return the file of a URI such as `sqlite:////var/meltano.db`, or the default; None for other databases."""
    if not uri:
        return folder.resolve() / ".meltano" / "meltano.db"
    known = {"MELTANO_SYS_DIR_ROOT": ".meltano", "MELTANO_PROJECT_ROOT": "."}
    expanded = _VARIABLE.sub(lambda match: known.get(match[1] or match[2], match[0]), uri)
    place = expanded.partition("?")[0].removeprefix("sqlite:///")
    return folder.resolve() / place if expanded.startswith("sqlite:///") else None
