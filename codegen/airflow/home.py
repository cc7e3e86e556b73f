"""Airflow's home: its configuration and database."""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Mapping
from configparser import ConfigParser, Error
from itertools import chain
from pathlib import Path

from codegen import process
from codegen.airflow.parsing import Sections, parsing_settings
from codegen.diagnostics import DagpressError

# The same file as for `airflow standalone` of Airflow 2.
_PASSWORD_FILE = "standalone_admin_password.txt"  # noqa: S105  # the name of a file
_CREATE_USER = [
    *("users", "create", "--username", "admin", "--role", "Admin"),
    *("--firstname", "Admin", "--lastname", "User", "--email", "admin@example.com"),
]
# Seconds for a step of the setup.
_TIMEOUT = 600
_DATABASE = "airflow.db"
_CONFIGURATION_FILE = "airflow.cfg"
# In [core] before Airflow 2.3, and still read there.
_DATABASE_SETTINGS = [
    (section, f"sql_alchemy_conn{how}") for section in ("database", "core") for how in ("", "_cmd", "_secret")
]


class Configuration:
    """The configuration of a home; environment variables take precedence over its file."""

    def __init__(self, home: Path, environ: Mapping[str, str]) -> None:
        """Read the file, if it exists."""
        self._environ = environ
        self._file = ConfigParser(interpolation=None, strict=False)
        self.path = Path(environ.get("AIRFLOW_CONFIG") or home / _CONFIGURATION_FILE)
        try:
            self._file.read(self.path, encoding="utf-8")
        except (Error, UnicodeDecodeError):
            # Airflow itself reports this.
            self._file = ConfigParser(interpolation=None)

    def get(self, section: str, key: str, default: str) -> str:
        """Return the value of a key; empty counts as missing, as in Airflow for these keys."""
        return self._environ.get(variable_of(section, key)) or self.in_file(section, key) or default

    def in_file(self, section: str, key: str) -> str:
        """Return the value in the file, ignoring environment variables; empty if missing."""
        return self._file.get(section, key, fallback="").strip()


def home_of(environ: Mapping[str, str]) -> Path:
    """Return the path in `AIRFLOW_HOME`, expanded as in Airflow."""
    return Path(os.path.expandvars(os.path.expanduser(environ["AIRFLOW_HOME"]))).absolute()  # noqa: PTH111  # also `~user`


def variable_of(section: str, key: str) -> str:
    """Return the environment variable of a key of Airflow's configuration."""
    return f"AIRFLOW__{section.upper()}__{key.upper()}"


def _has_own_database(home: Path, environ: Mapping[str, str]) -> bool:
    """Return whether the database of a home is the file in it, not a configured one."""
    if "AIRFLOW_CONFIG" in environ:
        return False
    configuration = Configuration(home, environ)
    own = ("", f"sqlite:///{home / _DATABASE}")
    return all(
        variable_of(*place) not in environ and configuration.in_file(*place) in own for place in _DATABASE_SETTINGS
    )


def lacks_database(home: Path, environ: Mapping[str, str]) -> bool:
    """Return whether a home has its own database, and it is not set up yet."""
    return _has_own_database(home, environ) and not (home / _DATABASE).is_file()


def write_configuration(home: Path, *, has_api_server: bool) -> None:
    """Create a private home directory, and write its configuration if it is missing."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = home / _CONFIGURATION_FILE
    # Otherwise Airflow would write all its defaults, with the paths of this home, which would be wrong in a copy.
    if not path.exists():
        _write_secret(
            path, as_ini(_own_settings(has_api_server=has_api_server), parsing_settings(has_api_server=has_api_server))
        )


def as_ini(*settings: Sections) -> str:
    """Return the text of a configuration file with all settings."""
    sections: dict[str, str] = {}
    for section, keys in chain.from_iterable(each.items() for each in settings):
        sections[section] = sections.get(section, "") + "".join(f"{key} = {value}\n" for key, value in keys.items())
    return "\n".join(f"[{section}]\n{lines}" for section, lines in sections.items())


def _own_settings(*, has_api_server: bool) -> Sections:
    """Return the settings of one home; its processes must share its secrets."""
    key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    core = {"load_examples": "False", "dags_are_paused_at_creation": "False", "fernet_key": key}
    secret, other_secret = secrets.token_hex(32), secrets.token_hex(32)
    if has_api_server:
        of_version: Sections = {"api": {"secret_key": secret}, "api_auth": {"jwt_secret": other_secret}}
    else:
        of_version = {"metrics": {"timer_unit_consistency": "True"}, "webserver": {"secret_key": secret}}
    return {"core": core, "usage_data_collection": {"enabled": "False"}, **of_version}


def password_file(*, has_api_server: bool) -> str:
    """Return the name of the file in a home with the password of the user `admin`."""
    return "simple_auth_manager_passwords.json.generated" if has_api_server else _PASSWORD_FILE


def set_up(program: Path, home: Path, environ: Mapping[str, str], *, has_api_server: bool) -> None:
    """Write the configuration if it is missing, and migrate the home's own database.

    An API server creates its own user; otherwise, the user `admin` is created.

    Raises:
        DagpressError: Airflow failed to set it up.
    """
    write_configuration(home, has_api_server=has_api_server)
    if not _has_own_database(home, environ):
        return
    is_new = lacks_database(home, environ)
    needs_user = is_new and not has_api_server
    password = secrets.token_hex(8)
    for command in [["db", "migrate"], *([_CREATE_USER] if needs_user else [])]:
        # Without a terminal, Airflow reads the password twice from stdin. As an argument, it would be visible to
        # every user of this machine.
        given = f"{password}\n{password}\n"
        done = process.run([program, *command], limit=_TIMEOUT, env=environ, stdin=given, merged=True)
        if done.code:
            if is_new:
                (home / _DATABASE).unlink(missing_ok=True)
            raise DagpressError("Airflow could not set up its database", output=done.stdout)
    if needs_user:
        _write_secret(home / _PASSWORD_FILE, password)


def _write_secret(path: Path, text: str) -> None:
    """Write a file that only its owner can read, atomically."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    temporary.touch(mode=0o600)
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
