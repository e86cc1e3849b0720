"""Runs an example's demo: demo.py PROGRAM… With the switches of tests/support/places.py its lake and its state lie elsewhere."""
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from places import Place  # noqa: E402

place = Place(".")
sys.exit(subprocess.run(sys.argv[1:], env=os.environ | place.environment()).returncode)
