#!/usr/bin/env python3
"""Holds docs/commands.md against what the program says of its commands. What stands before the first of them is left as it is.

    tests/cli/commands_page.py            fails where they differ, and shows where
    tests/cli/commands_page.py --write    writes the page anew

LOCHAN_BIN names the program (build/dev/lochan by default).
"""

import difflib
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/commands.md"
PROGRAM = os.environ.get("LOCHAN_BIN", ROOT / "build/dev/lochan")


def help_of(*words):
    told = subprocess.run([PROGRAM, *words, "--help"], check=True, capture_output=True, text=True, env={**os.environ, "NO_COLOR": "1"})
    return told.stdout.strip()


def commands_in(told):
    """The names in the lists that stand before the options."""
    listed = told.split("\noptions")[0]
    return re.findall(r"^  ([a-z_]+) {2,}", listed, re.MULTILINE)


def block(heading, told):
    return f"\n{heading}\n\n```\n{told}\n```\n"


def page():
    whole = help_of()
    text = PAGE.read_text().split("```")[0] + f"```\n{whole}\n```\n"
    for command in commands_in(whole):
        told = help_of(command)
        text += block(f"## {command}", told)
        if "\ncommands\n" not in told:
            continue
        for under in commands_in("\ncommands\n" + told.split("\ncommands\n")[1]):
            text += block(f"### {command} {under}", help_of(command, under))
    return text


def main():
    made = page()
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(made)
        return
    there = PAGE.read_text()
    if there != made:
        sys.stdout.writelines(difflib.unified_diff(there.splitlines(True), made.splitlines(True), "docs/commands.md", "what the program says"))
        sys.exit("write it anew: tests/cli/commands_page.py --write")


if __name__ == "__main__":
    main()
