#!/usr/bin/env python3
"""A Singer target that appends the ID of each row to a file per stream, in the folder `path`."""

import argparse
import json
import sys
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("--config", type=Path)
folder = Path(json.loads(parser.parse_args().config.read_text())["path"])
folder.mkdir(exist_ok=True)
for line in sys.stdin:
    message = json.loads(line)
    if message["type"] == "RECORD":
        with (folder / message["stream"]).open("a") as file:
            file.write(f"{message['record']['id']}\n")
    elif message["type"] == "STATE":
        print(json.dumps(message["value"]), flush=True)
