#!/usr/bin/env python3
"""Checks that the house stands: what DESIGN asks of the folders of src/, read off the #include lines.

    tests/check_floors.py [ROOT]

A file includes from its own folder or from a lower floor (cmake/floors.txt, the ground first); `source` and `sink` do
not know each other; files do not include each other in a circle; an included file exists; no two headers have a type of
one name, which the linker would take for one; no file has more than 800 lines. Files over 500 lines are listed as a warning. Exit code 1 when anything is wrong.
"""

import re
import sys
from pathlib import Path

INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)
# At the beginning of a line: of the namespace itself, with its body.
TYPE = re.compile(r"^(?:struct|class|enum class) (\w+)(?: final)?(?: *:(?!:)[^;{]*)? *\{", re.MULTILINE)
APART = [{"source", "sink"}]
SPLIT_LINES = 500
REFUSED_LINES = 800
NAMES_OF_NOTHING = {"utils", "util", "helpers", "helper", "manager", "common", "misc"}


def read_floors(root):
    return (root / "cmake" / "floors.txt").read_text().split()


def read_includes(root):
    """Each file of src/, relative to it, with the names it includes in quotes and the lines they stand on."""
    includes = {}
    for path in sorted((root / "src").rglob("*")):
        if path.suffix in {".h", ".cc"}:
            text = path.read_text()
            found = [(match.group(1), text.count("\n", 0, match.start(1)) + 1) for match in INCLUDE.finditer(text)]
            includes[path.relative_to(root / "src").as_posix()] = found
    return includes


def check_include(file, name, floors, files):
    """What is wrong with one include, or None."""
    here, there = file.split("/")[0], name.split("/")[0]
    if name not in files:
        return f"includes `{name}`, which is not in src/"
    if here == there:
        return None
    if there not in floors or floors.index(there) > floors.index(here):
        return f"includes upwards: `{here}` may not know `{there}`"
    if {here, there} in APART:
        return f"`{here}` and `{there}` may not know each other"
    return None


def find_circle(includes):
    """The first circle of files, as a list that ends where it starts, or None."""
    state = {}

    def visit(file, way):
        if state.get(file) == "done":
            return None
        if file in way:
            return way[way.index(file):] + [file]
        for name, _ in includes.get(file, []):
            circle = visit(name, way + [file])
            if circle:
                return circle
        state[file] = "done"
        return None

    for file in includes:
        circle = visit(file, [])
        if circle:
            return circle
    return None


def check_lines(root):
    errors, warnings = [], []
    for folder in ("src", "tests", "bench"):
        for path in sorted((root / folder).rglob("*")):
            if path.suffix not in {".h", ".cc"}:
                continue
            count = len(path.read_text().splitlines())
            text = f"{path.relative_to(root)}: {count} lines"
            if count > REFUSED_LINES:
                errors.append(f"{text}, at most {REFUSED_LINES} are allowed")
            elif count > SPLIT_LINES:
                warnings.append(f"{text}, split it before it has {REFUSED_LINES}")
    return errors, warnings


def find_twins(root):
    """Types that two headers define under one name. Folders that do not know each other compile; their program crashes."""
    homes, twins = {}, []
    for path in sorted((root / "src").rglob("*.h")):
        for name in TYPE.findall(path.read_text()):
            file = path.relative_to(root).as_posix()
            if homes.setdefault(name, file) != file:
                twins.append(f"{file}: `{name}` is also the name of a type in {homes[name]}")
    return twins


def check(root):
    floors, includes = read_floors(root), read_includes(root)
    errors, warnings = check_lines(root)
    for file, found in includes.items():
        if file.split("/")[0] not in floors:
            errors.append(f"src/{file}: its folder is not a floor of cmake/floors.txt")
            continue
        if Path(file).stem in NAMES_OF_NOTHING:
            errors.append(f"src/{file}: `{Path(file).stem}` says nothing; name the file for what is in it")
        for name, line in found:
            wrong = check_include(file, name, floors, includes)
            if wrong:
                errors.append(f"src/{file}:{line}: {wrong}")
    errors += find_twins(root)
    circle = find_circle(includes)
    if circle:
        errors.append("files include each other in a circle: " + " -> ".join(circle))
    return errors, warnings


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent)
    errors, warnings = check(root)
    for text in warnings:
        print(f"warning: {text}")
    for text in errors:
        print(f"error: {text}")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
