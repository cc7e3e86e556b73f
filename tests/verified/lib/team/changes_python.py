import os
import sys

os.environ["TEAM"] = "1"
sys.path.append(os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", "hidden")))
os.chdir("/")
rows = 1
