#!/usr/bin/env python3
"""Says again, at the end of a long test run, what the tests that failed printed.

  show_failed.py BUILD_FOLDER
"""
import re
import sys
from pathlib import Path

LINES = 60  # of each test, the last ones


def main():
    folder = Path(sys.argv[1]) / "Testing" / "Temporary"
    failed = [line.split(":", 1)[1].strip() for line in (folder / "LastTestsFailed.log").read_text().splitlines()]
    log = (folder / "LastTest.log").read_text(errors="replace")
    for section in re.split(r"(?m)^(?=\d+/\d+ Testing: )", log):
        name = re.match(r"\d+/\d+ Testing: (.*)", section)
        if name and name[1] in failed:
            output = re.search(r"(?s)Output:\n-{58}\n(.*?)\n<end of output>", section)
            lines = (output[1] if output else section).splitlines()
            print(f"\n== {name[1]} failed", *lines[-LINES:], sep="\n")


if __name__ == "__main__":
    main()
