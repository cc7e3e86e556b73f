"""A Singer target that loads rows into PostgreSQL, and records duplicates separately."""

from __future__ import annotations

import argparse
import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

LOAD = "INSERT INTO warehouse (pipeline, id) VALUES (%s, %s) ON CONFLICT DO NOTHING"
REPORT = "INSERT INTO conflicts (pipeline, id) VALUES (%s, %s)"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", type=Path, required=True)
    config = json.loads(parser.parse_args().config.read_text())
    # Only the environment of the target has the driver.
    psycopg: Any = import_module("psycopg")
    with psycopg.connect(config["dsn"], autocommit=True) as connection:
        for line in sys.stdin:
            message = json.loads(line)
            if message["type"] == "RECORD":
                row = (message["record"]["pipeline"], message["record"]["id"])
                if not connection.execute(LOAD, row).rowcount:
                    connection.execute(REPORT, row)
            elif message["type"] == "STATE":
                print(json.dumps(message["value"]), flush=True)


if __name__ == "__main__":
    main()
