#!/usr/bin/env python3
"""Checks that the tests which docs/proofs.md names are there.

    tests/check_proofs.py [ROOT]

In its tables all but the first column name tests, in backticks: `Suite.Name` of a GoogleTest, `Suite.*` for all of a suite,
`cli.name` of a text test, `outside.name`, `campaign.name` of a short campaign, `connectors MODE` of tests/campaign/connectors.py.
Nothing else may stand in backticks there, and each cell names one at least, or says `–`. Exit code 1 when anything is wrong.
"""

import re
import sys
from pathlib import Path

TEST = re.compile(r"^TEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\)", re.MULTILINE)
NAMED = re.compile(r"`([^`]*)`")


def read_tests(root):
    tests = set()
    for path in sorted((root / "tests").rglob("*")):
        if path.suffix in {".cc", ".h"}:
            for suite, name in TEST.findall(path.read_text()):
                tests |= {f"{suite}.{name}", f"{suite}.*"}
    tests |= {f"cli.{path.stem}" for path in (root / "tests/cli/cases").glob("*.case")}
    tests |= {f"outside.{path.stem.removesuffix('_test')}" for path in (root / "tests/outside").glob("*_test.py")}
    lists = (root / "tests/campaign/CMakeLists.txt").read_text()
    tests |= {f"campaign.{name}" for name in re.findall(r"lochan_campaign\((\w+)|campaign\.(\w+) COMMAND", lists) for name in name if name}
    modes = re.search(r"^MODES = .*?\(([^)]*)\)\}", (root / "tests/campaign/connectors.py").read_text(), re.MULTILINE)
    return tests | {f"connectors {name.strip()}" for name in modes.group(1).split(" in (")[-1].split(",")}


def problems_of(page, tests):
    found, cells = [], 0
    for number, line in enumerate(page.splitlines(), 1):
        if not line.startswith("|") or set(line) <= set("|- "):
            continue
        for cell in line.strip("|").split("|")[1:]:
            names = NAMED.findall(cell)
            if "proven by" in cell:
                continue
            cells += 1
            if not names and cell.strip() != "–":
                found.append(f"docs/proofs.md:{number}: `{cell.strip()}` names no test")
            found += [f"docs/proofs.md:{number}: no test `{name}`" for name in names if name not in tests]
    if cells < 10:
        found.append("docs/proofs.md: it has no tables any more")
    return found


def main():
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[1]
    problems = problems_of((root / "docs/proofs.md").read_text(), read_tests(root))
    print("\n".join(problems) if problems else "ok: all tests that docs/proofs.md names are there")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
