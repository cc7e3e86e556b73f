"""What looks like a secret, and what only seems to: a false alarm is a schedule that is refused without a reason."""

from __future__ import annotations

import random
import string
import time
from pathlib import Path

import pytest
from project_builder import EXTRACT_LOAD, dagpress, write

from codegen.secrets.detection import is_secret
from codegen.secrets.masking import lines_without_secrets

_DIGEST = "9b2a1f0e3c4d5b6a79880716253443526170897a6b5c4d3e2f1a0b9c8d7e6f50"
_SHEET = "1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TAP_A_PASSWORD", "hunter2"),
        ("DB_PASS", "12345678"),
        ("TAP_A_CLIENT_SECRET", "abc"),
        ("VAULT_SECRET_ID", "abc"),
        ("TAP_AUTHORIZATION", "Bearer abc"),
        ("TAP_A_PASSWORD", "prefix-{{ ds }}"),
        ("A", "postgres://loader:s3cr3t@db/warehouse"),
        ("A", "https://abc123def456@example.com"),
        ("A", "https://hooks.slack.com/services/T0123/B0123/abcdef"),
        ("A", "q7Gd93kLmZxPw2VbNcR8sTfYhJ4u6AaE1"),
        ("A", "sk-proj-Ab1cdefghijklmnopqrstuv"),
        ("A", "-----BEGIN PRIVATE KEY-----"),
        ("A", '{"user": "robot", "password": "hunter"}'),
        ("A", '--config \'{"token":"abc"}\''),
        ("A", "the password: hunter2"),
        ("A", "use token=abcdef"),
        ("before_run", "config set tap-x password hunter2secret"),
        ("before_run", "config tap-x set auth client_secret 'hunter2'"),
        ("command", "meltano --environment=prod config set tap-x api_key abcd1234efgh5678"),
        ("run", "x y --token hunter2secret99"),
        ("command", "mysql --password hunter2secret"),
        ("command", "x --api-key 'abcd1234efgh'"),
        ("command", "x --password-file /run/a --token hunter2secret99"),
    ],
)
def test_a_secret_is_known(name: str, value: str) -> None:
    assert is_secret(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("IMAGE", f"registry.example.com/elt@sha256:{_DIGEST}"),
        ("REVISION", "9fceb02d0ae598e95dc970b74767f19372d61af8"),
        ("TAP_A_DATABASE", "668d797c76034e1a8b0c8e02fd2f7e6a"),
        ("A", "123e4567-e89b-42d3-a456-426614174000"),
        ("A", "123E4567-E89B-42D3-A456-426614174000"),
        ("TAP_GOOGLE_SHEETS_SPREADSHEET_ID", _SHEET),
        ("SHEET", f"https://docs.google.com/spreadsheets/d/{_SHEET}/edit#gid=0"),
        ("TABLE", "analytics_production.customer_orders_by_region_and_month_2024_q1_v2"),
        ("TABLE", "ANALYTICS_PRODUCTION.CUSTOMER_ORDERS_BY_REGION_AND_MONTH_2024_Q1"),
        ("FILES", "s3://bucket/Exports/2024-01-01/CustomerOrdersByRegionV2/part-00001.snappy.parquet"),
        ("FILES", "gs://acme-prod-Raw-Zone/Salesforce/OpportunityLineItem/Year2024/Month01/"),
        ("FILES", "abfss://container@account.dfs.core.windows.net/Raw2024"),
        ("CLASS", "com.acme.DataPipeline2024.CustomerOrderV2ProcessorFactoryImpl3"),
        ("PIP_URL", "git+ssh://git@github.com/acme/tap-x.git@v1.2.3"),
        ("REPOSITORY", "https://myorg@dev.azure.com/myorg/project/_git/repository"),
        ("DATABASE", "postgres://loader@db:5432/warehouse"),
        ("DATABASE", "postgres://loader:${PGPASSWORD}@db/warehouse"),
        ("DATABASE", "postgres://loader:<password>@db/warehouse"),
        ("START", "2024-01-01T00:00:00Z"),
        ("CRON", "0 6 * * 1-5"),
        ("STREAMS", '["Customers2024", "OrdersV2"]'),
        ("PLUGIN", "tap-x-sk-something-long-for-slovakia"),
        ("TAP_A_AUTH_METHOD", "oauth2"),
        ("TOKEN_URL", "https://example.com/token"),
        ("TAP_A_TOKEN_ENDPOINT", "/oauth/token"),
        ("TAP_A_TOKEN_EXPIRES_AT", "2024-01-01T00:00:00Z"),
        ("TAP_A_PASSWORD_COLUMN", "password_hash"),
        ("SECRET_PROVIDER", "vault"),
        ("AWS_ACCESS_KEY_ID", "minioadmin"),
        ("MAX_TOKENS", "4096"),
        ("TOKENIZER", "standard"),
        ("COMPASS", "north"),
        ("TAP_A_PASSWORD", "***"),
        ("doc", "Token: rotate it yearly. Password: ask Ada. API key: in the vault."),
        ("run", 'dbt-snowflake:run --vars \'{"token_column": "abc"}\''),
        ("TAP_A_PASSWORD", "{{ conn.source.password }}"),
        ("TAP_AUTHORIZATION", "Bearer {{ var.value.token }}"),
        ("HEADERS", '{"Authorization": "Bearer {{ conn.source.password }}"}'),
        ("DATABASE", "postgres://{{ conn.a.login }}:{{ conn.a.password }}@{{ conn.a.host }}/db"),
        ("TAP_A_PASSWORD", "{{ 'hunter2' }}"),
        ("command", "x --token-file /run/secrets/token --password-column name --token-env API"),
        ("command", "echo x | docker login --password-stdin registry.example.com"),
        ("command", "psql --no-password warehouse"),
        ("command", "mysql --password {{ conn.a.password }} warehouse"),
        ("command", 'x --token "$TOKEN" --password ${PASSWORD} --api-key $(cat key) --client-secret `cat f`'),
        ("command", "x --token --verbose"),
        ("before_run", "config set tap-x password_column name"),
        ("before_run", "config set tap-token url x"),
        ("before_run", "config set tap-x password $TAP_PASSWORD"),
        ("run", "config set tap-x password {{ var.value.password }}"),
        ("command", "export API_TOKEN=$(cat /run/secrets/token)"),
        ("command", "PASSWORD=$(cat f) ./x"),
        ("command", "PASSWORD=`cat f` ./x"),
        ("command", 'T_TOKEN="$(vault read x)" ./x'),
        ("command", "TOKEN=${TOKEN:-x1} ./x"),
    ],
)
def test_what_is_no_secret_is_let_through(name: str, value: str) -> None:
    assert not is_secret(name, value)


def test_random_keys_are_known_by_their_look() -> None:
    """Nearly all of them: a rule that knew every one would also see them in names."""
    drawn, alphabet = random.Random(4), string.ascii_letters + string.digits  # noqa: S311  # it draws no secret
    keys = ["".join(drawn.choices(alphabet, k=40)) for _ in range(1000)]
    assert sum(is_secret("A", key) for key in keys) > 930


@pytest.mark.parametrize(
    "text",
    [
        "a" * 100_000,
        "TOKEN" * 20_000,
        "sk-" * 30_000,
        "a_" * 50_000,
        "Token: " * 10_000,
        "--token " * 10_000,
        "config set a " * 8_000,
        "-" * 20_000,
        "- " * 10_000,
        "{{" * 10_000,
        "{%" * 10_000,
    ],
)
def test_a_long_text_takes_no_long_time(text: str) -> None:
    """Each of them would take minutes, if a rule looked at the whole text from each of its characters on."""
    started = time.process_time()
    is_secret("A", text)
    lines_without_secrets(text)
    assert time.process_time() - started < 5


def test_a_secret_on_the_command_line_is_refused_and_not_shown(tmp_path: Path) -> None:
    """`schedule add` and `schedule set` write nothing."""
    root = write(tmp_path, {"schedules/a.yml": EXTRACT_LOAD})
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    secret = "glpat-" + string.ascii_lowercase
    pair = ("--loader", "target-postgres")
    for arguments in (
        ("add", "new", "--extractor", secret, *pair, "--interval", "@daily"),
        ("set", "a", "--extractor", secret),
        ("set", "a", "--interval", secret),
    ):
        code, out, err = dagpress(root, "schedule", *arguments)
        assert code == 2
        assert "looks like a secret" in err
        assert secret not in out + err
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before


def test_a_message_hides_what_others_would_show(tmp_path: Path) -> None:
    """A trap of YAML, a wrong default and an unknown name are told with their value, unless it is a secret."""
    text = """\
extractor: tap-a
loader: target-b
interval: "@daily"
params: {password: {type: integer, default: hunter2}}
env: {TAP_A_PASSWORD: 0123456, TAP_B_TOKEN: [hunter2]}
timezone: ghp_0123456789abcdefghijABCDEFGHIJ012345
"""
    code, _, err = dagpress(write(tmp_path, {"schedules/a.yml": text}), "validate")
    assert code == 2
    assert err.count("looks like a secret") == 4
    assert not any(secret in err for secret in ("hunter2", "0123456", "ghp_"))
