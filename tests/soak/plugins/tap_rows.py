"""A Singer tap with a bookmark: each run extracts the three rows after it."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

STREAM = "rows"
ROWS_PER_RUN = 3
SCHEMA = {"type": "object", "properties": {"pipeline": {"type": "string"}, "id": {"type": "integer"}}}
ENTRY = {"tap_stream_id": STREAM, "stream": STREAM, "schema": SCHEMA, "metadata": []}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--state", type=Path)
    parser.add_argument("--catalog", type=Path)
    parser.add_argument("--discover", action="store_true")
    arguments = parser.parse_args()
    if arguments.discover:
        print(json.dumps({"streams": [ENTRY]}, indent=2))
        return
    config = json.loads(arguments.config.read_text())
    # A real tap takes about as long to import its libraries. A run with the same state file replaces it in that time.
    time.sleep(0.7)
    state = json.loads(arguments.state.read_text()) if arguments.state else {}
    last = state.get("bookmarks", {}).get(STREAM, {}).get("id", 0)
    keys = ["pipeline", "id"]
    print(json.dumps({"type": "SCHEMA", "stream": STREAM, "schema": SCHEMA, "key_properties": keys}))
    pipeline = f"{config['pipeline']}/{config['source']}"
    for number in range(last + 1, last + 1 + ROWS_PER_RUN):
        print(json.dumps({"type": "RECORD", "stream": STREAM, "record": {"pipeline": pipeline, "id": number}}))
    print(json.dumps({"type": "STATE", "value": {"bookmarks": {STREAM: {"id": last + ROWS_PER_RUN}}}}))


if __name__ == "__main__":
    main()
