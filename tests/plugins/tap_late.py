#!/usr/bin/env python3
"""A Singer tap with a bookmark: three rows per run. It reads its state late, like a tap that logs in first."""

import argparse
import json
import sys
import time
from pathlib import Path

_SCHEMA = {"type": "object", "properties": {"id": {"type": "integer"}}}

parser = argparse.ArgumentParser()
parser.add_argument("--config", type=Path)
parser.add_argument("--catalog", type=Path)
parser.add_argument("--state", type=Path)
parser.add_argument("--discover", action="store_true")
options = parser.parse_args()
config = json.loads(options.config.read_text())
stream = config["stream"]
if options.discover:
    entry = {"stream": stream, "tap_stream_id": stream, "schema": _SCHEMA, "metadata": []}
    print(json.dumps({"streams": [entry]}))
    sys.exit()
time.sleep(config.get("seconds", 0.7))
state = json.loads(options.state.read_text()) if options.state and options.state.exists() else {}
last = state.get("last", 0)
rows = range(last + 1, last + 4)
print(json.dumps({"type": "SCHEMA", "stream": stream, "schema": _SCHEMA, "key_properties": ["id"]}))
for number in rows:
    print(json.dumps({"type": "RECORD", "stream": stream, "record": {"id": number}}))
print(json.dumps({"type": "STATE", "value": {"last": rows[-1]}}))
