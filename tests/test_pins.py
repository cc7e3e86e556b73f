"""The pins of a project: every syntax, and the order of precedence."""

from __future__ import annotations

from pathlib import Path

import pytest
from project_builder import EXTRACT_LOAD, dagpress, write
from versions import EACH, NEWEST

from codegen.pins import AIRFLOW, choose_airflow, find_pins
from codegen.schema.alerts import EmailAlert, WebhookAlert

_UTILITY = "plugins:\n  utilities:\n  - name: airflow\n    pip_url: "
_CONSTRAINTS = "https://example.com/apache/airflow/constraints-2.10.5/constraints-3.11.txt"
_DOCKERFILE = "FROM apache/airflow:slim-2.11.0-python3.11\n"

# Files, the resulting Airflow version, and the reason.
PINS = {
    "exact": (
        {"meltano.yml": f"{_UTILITY}apache-airflow==2.10.5\n"},
        "2.10",
        "apache-airflow==2.10.5 in meltano.yml:4",
    ),
    "extras": ({"meltano.yml": f"{_UTILITY}psycopg2 apache-airflow[postgres,s3] == 3.1.8\n"}, "3.1", "meltano.yml:4"),
    "two in one": (
        {"meltano.yml": f"{_UTILITY}>-\n      apache-airflow-providers-http==4.0\n      apache-airflow==3.0.2\n"},
        "3.0",
        "apache-airflow==3.0.2 in meltano.yml:6",
    ),
    "constraints": (
        {"meltano.yml": f"{_UTILITY}apache-airflow --constraint {_CONSTRAINTS}\n"},
        "2.10",
        "constraints-2.10.5/ in meltano.yml:4",
    ),
    "lock of Meltano": (
        {"meltano.yml": "", "plugins/utilities/airflow--apache.lock": '{"pip_url": "apache-airflow==2.11.0 x"}\n'},
        "2.11",
        "plugins/utilities/airflow--apache.lock:1",
    ),
    "compatible patch": ({"requirements.txt": "# x\napache-airflow~=2.10.3\n"}, "2.10", "requirements.txt:2"),
    "compatible minor": ({"requirements/base.in": "apache-airflow~=2.9 ; python_version > '3'\n"}, "2.11", "~=2.9"),
    "range": ({"dev-requirements.txt": "apache_airflow >=2.8, <3.1\n"}, "3.0", "apache_airflow >=2.8, <3.1"),
    "not versions": (
        {"requirements.txt": f"apache-airflow===x\napache-airflow<{'9' * 5000}\napache-airflow==3.1.0\n"},
        "3.1",
        "requirements.txt:3",
    ),
    "wildcard": ({"constraints.txt": "apache-airflow==3.2.*\n"}, "3.2", "constraints.txt:1"),
    "no upper bound": ({"requirements.txt": "apache-airflow>=2.5\n"}, NEWEST, "apache-airflow>=2.5"),
    "prerelease": ({"requirements.txt": "apache-airflow==3.4.0b2\n"}, "3.4", "requirements.txt:1"),
    "project": ({"pyproject.toml": '[project]\ndependencies = ["apache-airflow[http]>=2.10,<2.11"]\n'}, "2.10", ":2"),
    "group": ({"pyproject.toml": '[dependency-groups]\ndev = [\n  "apache-airflow==3.1.0",\n]\n'}, "3.1", ":3"),
    "poetry": (
        {"pyproject.toml": '[tool.poetry.dependencies]\napache-airflow = "~2.10"\n'},
        "2.10",
        "apache-airflow ~2.10 in pyproject.toml:2",
    ),
    "poetry table": (
        {"pyproject.toml": '[tool.poetry.dependencies]\napache-airflow = {version = "^2.7.1", extras = ["x"]}\n'},
        "2.11",
        "pyproject.toml:2",
    ),
    "uv.lock": ({"uv.lock": '[[package]]\nname = "apache-airflow-core"\nversion = "3.0.6"\n'}, "3.0", "uv.lock:3"),
    "Pipfile.lock": (
        {"Pipfile.lock": '"apache-airflow": {\n    "index": "pypi",\n    "version": "==2.10.4"\n}'},
        "2.10",
        "Pipfile.lock:3",
    ),
    "Pipfile": ({"Pipfile": '[packages]\napache-airflow = "==2.11.0"\nx = "*"\n'}, "2.11", "Pipfile:2"),
    "image": ({"docker/Dockerfile": _DOCKERFILE}, "2.11", "apache/airflow:slim-2.11.0 in docker/Dockerfile:1"),
    "compose": (
        {"docker-compose.yaml": "image: ${AIRFLOW_IMAGE_NAME:-apache/airflow:2.10.5}\n"},
        "2.10",
        "docker-compose.yaml:1",
    ),
    "argument": ({"Dockerfile": "ARG AIRFLOW_VERSION=2.10.3\n"}, "2.10", "AIRFLOW_VERSION=2.10.3 in Dockerfile:1"),
    "make": ({"Makefile": 'AIRFLOW_VERSION := "3.1.2"\n'}, "3.1", "Makefile:1"),
    "workflow": (
        {".github/workflows/ci.yml": "env:\n  AIRFLOW_VERSION: '3.2.0'\n"},
        "3.2",
        ".github/workflows/ci.yml:2",
    ),
    "variable": (
        {"meltano.yml": f"{_UTILITY}apache-airflow==${{V}}\n", ".env": "# V=3.0.1\nexport V='2.10.5'\n"},
        "2.10",
        "apache-airflow==2.10.5 in meltano.yml:4",
    ),
    "requirement in a variable": (
        {"meltano.yml": f"{_UTILITY}$AIRFLOW_PIP\n", "a.sh": 'V=2.10.5\nAIRFLOW_PIP="apache-airflow==$V -c x"\n'},
        "2.10",
        "apache-airflow==2.10.5 in meltano.yml:4",
    ),
    "build argument": ({"Dockerfile": "ARG V=2.10.5\nFROM apache/airflow:${V}-python3.11\n"}, "2.10", "Dockerfile:2"),
    "variable of make": ({"Makefile": "V ?= 2.10.5\na:\n\tpip install apache-airflow==$(V)\n"}, "2.10", "Makefile:3"),
    "variable of a workflow": (
        {".github/workflows/ci.yml": "env:\n  V: 2.10.5\na:\n- run: pip install apache-airflow==${{ env.V }}\n"},
        "2.10",
        "ci.yml:4",
    ),
    "default": ({"compose.yml": "image: apache/airflow:${TAG:-2.10.5}\n"}, "2.10", "apache/airflow:2.10.5 in"),
    "git": ({"meltano.yml": f"{_UTILITY}git+https://github.com/apache/airflow.git@2.10.5\n"}, "2.10", "meltano.yml:4"),
    "wheel": (
        {"requirements.txt": "apache-airflow @ https://example.com/apache_airflow-2.10.5-py3-none-any.whl\n"},
        "2.10",
        "apache_airflow-2.10.5 in requirements.txt:1",
    ),
    "conda": ({"environment.yml": "dependencies:\n- conda-forge::airflow=2.10.5=py311_0\n"}, "2.10", "yml:2"),
    "conda, PyPI's name": ({"environment.yml": "dependencies:\n- apache-airflow=2.10\n"}, "2.10", "yml:2"),
    "another spelling": ({"requirements.txt": "Apache.Airflow == 3.1.2\n"}, "3.1", "Apache.Airflow == 3.1.2 in"),
    "Astro": ({"Dockerfile": "FROM astrocrpublic.azurecr.io/runtime:3.0-1\n"}, "3.0", "runtime:3.0-1 in Dockerfile:1"),
    "installed": (
        {".meltano/orchestrators/airflow/venv/lib/python3.11/site-packages/apache_airflow-2.10.5.dist-info/x": ""},
        "2.10",
        "apache-airflow 2.10.5 in .meltano/orchestrators/airflow/venv",
    ),
    "nothing": (
        {
            "meltano.yml": f"# {_UTILITY}apache-airflow==2.10.5\n".replace("\n", "\n# "),
            "requirements.txt": "apache-airflow\napache-airflow-providers-http==2.10.5\napache-airflow!=2.10.1\n",
            "venv/pyvenv.cfg": "",
            "venv/requirements.txt": "apache-airflow==2.10.5\n",
        },
        NEWEST,
        "no file of the project pins a version",
    ),
}


@pytest.mark.parametrize("form", PINS)
def test_every_syntax_of_a_pin_is_read(form: str, tmp_path: Path) -> None:
    """As in public projects. The reason names the line."""
    files, airflow, reason = PINS[form]
    choice = choose_airflow(find_pins(write(tmp_path, files), tmp_path, AIRFLOW))
    assert choice.airflow == airflow
    assert reason in choice.reason
    assert not choice.diagnostics


@pytest.mark.parametrize(
    ("file", "text", "named"),
    [
        ("meltano.yml", f"{_UTILITY}apache-airflow==${{V}}\n", "apache-airflow==${V}"),
        ("meltano.yml", f"{_UTILITY}${{PIP}}\n", "apache-airflow ${PIP}"),
        ("requirements.txt", "git+https://github.com/apache/airflow@main\n", "apache/airflow@main"),
        (
            "requirements.txt",
            "apache-airflow @ https://example.com/a.whl\n",
            "apache-airflow @ https://example.com/a.whl",
        ),
        ("Dockerfile", "ARG V\nFROM apache/airflow:slim-${V}\n", "apache/airflow:slim-${V}"),
        ("Dockerfile", "FROM apache/airflow:latest\n", "apache/airflow:latest"),
        ("Dockerfile", "FROM apache/airflow AS base\n", "FROM apache/airflow"),
        ("Dockerfile", "FROM quay.io/astronomer/astro-runtime:12.1.0\n", "astro-runtime:12.1.0"),
    ],
)
def test_a_pin_with_an_unreadable_version_is_a_warning(file: str, text: str, named: str, tmp_path: Path) -> None:
    """The reason names its location instead of a missing pin."""
    choice = choose_airflow(find_pins(write(tmp_path, {file: text}), tmp_path, AIRFLOW))
    (warning,) = choice.diagnostics
    line = text.count("\n")
    assert choice.reason == f"the newest, as the version of {named} in {file}:{line} is unknown"
    assert warning.message == f"the Airflow version of `{named}` is unknown, so the DAG files are for Airflow {NEWEST}"
    assert (warning.code, warning.location.line) == ("airflow-version", line)


@pytest.mark.parametrize(
    ("pin", "airflow"),
    [
        ("==1.10.15", "2.10"),
        ("==2.1.2", "2.10"),
        ("==2.8.1", "2.10"),
        ("==2.3.*", "2.10"),
        ("<2.9", "2.10"),
        ("==4.0.0", NEWEST),
    ],
)
def test_an_unsupported_airflow_is_replaced_by_the_nearest_supported_one(
    pin: str, airflow: str, tmp_path: Path
) -> None:
    """A warning names the Airflow to install before the files load."""
    choice = choose_airflow(
        find_pins(write(tmp_path, {"requirements.txt": f"apache-airflow{pin}\n"}), tmp_path, AIRFLOW)
    )
    (warning,) = choice.diagnostics
    assert (choice.airflow, warning.code, str(warning.location)) == (
        airflow,
        "airflow-version",
        "requirements.txt:1:15",
    )
    assert warning.hint.startswith(f"upgrade to Airflow {airflow}, on Python 3.")


def test_an_exact_pin_of_meltano_takes_precedence(tmp_path: Path) -> None:
    """A contradicting pin is a warning with both locations; a compatible one is not."""
    files = {
        "uv.lock": '[[package]]\nname = "apache-airflow"\nversion = "2.11.0"\n',
        "elt/meltano.yml": f"{_UTILITY}apache-airflow==2.10.5 -c {_CONSTRAINTS}\n",
        "elt/requirements.txt": "apache-airflow>=2.10\n",
        "elt/Dockerfile": _DOCKERFILE,
        ".git/HEAD": "",
    }
    root = write(tmp_path, files) / "elt"
    choice = choose_airflow(find_pins(root, root, AIRFLOW))
    (warning,) = choice.diagnostics
    assert (choice.airflow, choice.reason) == ("2.10", "apache-airflow==2.10.5 in meltano.yml:4")
    assert str(warning.location) == "../uv.lock:3:12"
    assert warning.message == (
        "`apache-airflow 2.11.0` differs from `apache-airflow==2.10.5` in meltano.yml:4, which takes precedence"
    )


@pytest.mark.parametrize(
    ("pin", "expected"),
    [
        ("requirements.txt:apache-airflow-providers-http==5.0.0", "raise it to `{}` in requirements.txt:1"),
        ("constraints.txt:apache-airflow-providers-http~=5.4.0", "raise it to `{}` in constraints.txt:1"),
        ("requirements.txt:apache-airflow-providers-http<5.5", "raise it to `{}` in requirements.txt:1"),
        (".dagpress/airflow-{airflow}:5.3.3", "install `{}` there"),
        (".meltano/utilities/airflow:5.4.0", "install `{}` there"),
        (".dagpress/airflow-2.10:5.0.0", ""),
        (".meltano/utilities/airflow:5.5.0", ""),
        ("requirements.txt:apache-airflow-providers-http==6.1.0", ""),
        ("requirements.txt:apache-airflow-providers-http>=4,<6", ""),
        ("requirements.txt:apache-airflow-providers-smtp==1.9.0", ""),
    ],
)
def test_an_alert_needs_a_provider_that_is_new_enough(pin: str, expected: str, tmp_path: Path) -> None:
    """An error at the alert names the line to change; the requirements of Dagpress have the same minimums."""
    place, text = pin.format(airflow=NEWEST).split(":")
    installed = f"{place}/venv/lib/python3.11/site-packages/apache_airflow_providers_http-{text}.dist-info/METADATA"
    schedules = {
        "schedules/_defaults.yml": "on_failure:\n- webhook: alerts\n",
        **{f"schedules/{name}.yml": EXTRACT_LOAD for name in "ab"},
    }
    write(tmp_path, {**schedules, (place if place.endswith(".txt") else installed): f"{text}\n"})
    code, _, err = dagpress(tmp_path, "validate")
    assert (code, err.count(": unsupported: ")) == ((2, 1) if expected else (0, 0))
    if expected:
        assert err.startswith(
            "schedules/_defaults.yml:2:12: unsupported: an alert by webhook requires apache-airflow-pro"
        )
        assert f"({expected.format('apache-airflow-providers-http>=5.5.0')})\n" in err


@pytest.mark.parametrize(
    ("pins", "named"),
    [
        ({"requirements.txt": "apache-airflow==2.10.5\n"}, "requirements.txt:1 pins `apache-airflow==2.10.5`"),
        ({"meltano.yml": f"{_UTILITY}apache-airflow[s3]==2.10.5\n"}, "meltano.yml:4 pins `apache-airflow[s3]==2.10.5`"),
        ({"Dockerfile": "FROM apache/airflow:2.10.5\n"}, "Dockerfile:1 pins `apache/airflow:2.10.5`"),
        ({"requirements.txt": "apache-airflow==2.11.0\n", "Dockerfile": "FROM apache/airflow:2.10.5\n"}, ""),
        ({"requirements.txt": "apache-airflow>=2.10\n"}, ""),
        ({"requirements.txt": "apache-airflow==2.6.0\n"}, "requirements.txt:1 pins `apache-airflow==2.6.0`"),
    ],
)
def test_the_configured_airflow_is_the_pinned_one(pins: dict[str, str], named: str, tmp_path: Path) -> None:
    """A warning at the configuration's line names the pin."""
    write(tmp_path, {"schedules/a.yml": EXTRACT_LOAD, "dagpress.toml": 'airflow = "2.11"\n', **pins})
    _, _, err = dagpress(tmp_path, "validate")
    warning = f"dagpress.toml:1:11: airflow-version: the DAG files are for Airflow 2.11, but {named} "
    hint = '(write `airflow = "2.10"`, or change the pin)'
    assert (warning + hint in err) if named else ("airflow-version" not in err)


@pytest.mark.parametrize("airflow", EACH)
def test_the_requirements_have_the_providers_of_alerts(airflow: str) -> None:
    text = (Path(__file__).parent.parent / f"requirements/airflow-{airflow}.in").read_text()
    for package, minimum in (kind.provider for kind in (EmailAlert, WebhookAlert) if kind.provider):
        assert f"\n{package}>={minimum}\n" in text
