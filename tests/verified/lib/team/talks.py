import os
import subprocess
import sys
import warnings

from team.operators import Load

print("{}", file=sys.__stdout__, flush=True)
os.write(1, b"[1]\n" * 100_000)
subprocess.run(["echo", "{}"], check=True)
subprocess.Popen(["sleep", "100"])
with warnings.catch_warnings(action="ignore") if sys.version_info >= (3, 11) else warnings.catch_warnings():
    os.fork()
