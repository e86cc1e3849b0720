"""Measures Lochan beside its peers: the same work, turn by turn, and a table of medians (least-most).

  bench.py [--rounds N] [--models N] [--rows N] [models | commit | demo | checks | scd2 | upsert …]

There is no pass or fail here: times depend on the machine. What each line means stands in docs/benchmarks.md.
"""
import argparse
import os
import pathlib
import shutil
import statistics
import sys
import tempfile

import checks
import commit_cost
import demo_memory
import postgres_upsert
import scd2
from measure import Failed, measure, print_table, spread
from thousand_models import tools

# What issue 3 aims at, for 1,000 models on the machine it was written on.
AIMS = {"plan": "0.3 s, 100 MB", "build": "5 CPU-s", "again": "0.3 s", "plan again": "0.3 s"}
MEANS = {"plan": "planned, nothing built yet", "build": "built from nothing", "again": "run again, nothing stale",
         "plan again": "planned, nothing stale"}


def bench_models(folder, options):
    found, absent = tools(options.models, os.environ.get("LOCHAN_PEERS"))
    costs, failed = {}, {}
    for number in range(options.rounds):
        for tool in found:  # turn by turn: whatever else the machine does meets all of them
            if tool.name in failed:
                continue
            # A folder of its own each time: ext4 is slow where files were deleted seconds ago.
            at = tempfile.mkdtemp(dir=folder)
            tool.prepare(at)
            try:
                for benchmark, command in tool.commands.items():
                    costs.setdefault((benchmark, tool.name), []).append(measure(command, at, tool.env))
                    if benchmark == "build" and hasattr(tool, "built"):
                        tool.built(at)
            except Failed as why:
                failed[tool.name] = str(why)
            print(f"round {number + 1} of {options.rounds}: {tool.name}", file=sys.stderr, flush=True)
    lines = [[f"{options.models} models", "", "seconds", "CPU seconds", "peak MB", "Lochan in CPU"]]
    for benchmark, means in MEANS.items():
        ours = costs.get((benchmark, "lochan"))
        for tool in found:
            theirs = costs.get((benchmark, tool.name))
            if not theirs:
                continue
            ratio = aim = ""
            if tool.name == "lochan":
                aim = f"  (aim: {AIMS[benchmark]})" if options.models == 1000 else ""
            elif ours:
                ratio = f"{median(ours, 'cpu') / median(theirs, 'cpu'):.3f}x"
            lines.append([means + aim if tool.name == "lochan" else "", tool.name,
                          *(spread([getattr(cost, what) for cost in theirs], digits)
                            for what, digits in (("seconds", 2), ("cpu", 2), ("peak_mb", 0))), ratio])
    print_table(lines)
    for name, why in failed.items():
        print(f"left out: {name} failed: {why}")
    for why in absent:
        print(f"left out: {why}")


def bench_scd2(folder, options):
    peers = os.environ.get("LOCHAN_PEERS")
    if peers is None:
        raise Failed("the peers could not be installed (bench/requirements.txt): their DuckDB makes the rows")
    rows = options.rows or 1_000_000
    scd2.generate(folder, rows, peers + "/python")
    for kind, means in scd2.INPUTS.items():
        costs, counts, failed = {}, {}, {}
        for number in range(options.rounds):
            for tool in scd2.tools(folder, kind, peers):
                if tool.name in failed:
                    continue
                at = tempfile.mkdtemp(dir=folder)
                try:
                    tool.prepare(at)
                    measure(tool.first, at, tool.env)
                    tool.change(at)
                    costs.setdefault(tool.name, []).append(measure(tool.second, at, tool.env))
                    counts[tool.name] = scd2.count(at, tool, peers)
                except Failed as why:
                    failed[tool.name] = str(why)
                print(f"{kind}, round {number + 1} of {options.rounds}: {tool.name}", file=sys.stderr, flush=True)
        ours = costs["lochan"] if "lochan" in costs else None
        lines = [[f"{rows} rows: {means}", "", "seconds", "CPU seconds", "peak MB", "rows, open rows", "Lochan in CPU"]]
        for name, theirs in costs.items():
            ratio = f"{median(ours, 'cpu') / median(theirs, 'cpu'):.2f}x" if ours and name != "lochan" else ""
            lines.append(["", name, *(spread([getattr(cost, what) for cost in theirs], digits)
                                      for what, digits in (("seconds", 2), ("cpu", 2), ("peak_mb", 0))), counts[name], ratio])
        print_table(lines)
        for name, why in failed.items():
            print(f"left out: {name} failed: {why}")


def bench_checks(folder, options):
    peers, soda = os.environ.get("LOCHAN_PEERS"), os.environ.get("LOCHAN_SODA")
    if peers is None:
        raise Failed("the peers could not be installed (bench/requirements.txt): their DuckDB makes the rows")
    rows = options.rows or 5_000_000
    checks.generate(folder, rows, peers + "/python")
    folders, costs, failed = {}, {}, {}
    for tool in checks.tools(peers, soda):
        folders[tool] = pathlib.Path(tempfile.mkdtemp(dir=folder))
        tool.prepare(folders[tool], pathlib.Path(folder, "orders.parquet"))
        print(f"prepared: {tool.name}", file=sys.stderr, flush=True)
    for number in range(options.rounds):
        for tool, at in folders.items():
            if tool.name in failed:
                continue
            try:
                cost = measure(tool.command, at, tool.env)
                if tool.passed not in (at / "output.log").read_text():
                    raise Failed(f"it did not say `{tool.passed}`: " + (at / "output.log").read_text()[-2000:])
                costs.setdefault(tool.name, []).append(cost)
            except Failed as why:
                failed[tool.name] = str(why)
            print(f"round {number + 1} of {options.rounds}: {tool.name}", file=sys.stderr, flush=True)
    lines = [[f"{checks.CHECKS} checks of {rows} rows", "", "seconds", "CPU seconds", "peak MB", "Lochan in CPU"]]
    for name, theirs in costs.items():
        ratio = f"{median(costs['lochan'], 'cpu') / median(theirs, 'cpu'):.2f}x" if name != "lochan" and "lochan" in costs else ""
        lines.append(["", name, *(spread([getattr(cost, what) for cost in theirs], digits)
                                  for what, digits in (("seconds", 2), ("cpu", 2), ("peak_mb", 0))), ratio])
    print_table(lines)
    for name, why in failed.items():
        print(f"left out: {name} failed: {why}")
    if soda is None:
        print("left out: Soda could not be installed (bench/checks_requirements.txt)")


def bench_upsert(folder, options):
    peers = os.environ.get("LOCHAN_PEERS")
    if peers is None:
        raise Failed("the peers could not be installed (bench/requirements.txt): their DuckDB makes the rows")
    rows = options.rows or 1_000_000
    told = lambda text: print(text, file=sys.stderr, flush=True)
    for state, costs, sums in postgres_upsert.bench(folder, options.rounds, rows, peers + "/python", told):
        if len(set(sums.values())) != 1:
            raise Failed(f"{state}: the tables differ: {sums}")
        lines = [[f"{rows} rows to PostgreSQL: {state}", "", "seconds", "CPU seconds", "the server's", "peak MB", "Lochan in seconds"]]
        ours = statistics.median(cost.seconds for cost, _ in costs["lochan"])
        for name, theirs in costs.items():
            seconds = [cost.seconds for cost, _ in theirs]
            ratio = "" if name == "lochan" else f"{ours / statistics.median(seconds):.2f}x"
            lines.append(["", name, spread(seconds), spread([cost.cpu for cost, _ in theirs]), spread([server for _, server in theirs]),
                          spread([cost.peak_mb for cost, _ in theirs], 0), ratio])
        print_table(lines)


def median(costs, what):
    return statistics.median(getattr(cost, what) for cost in costs)


def bench_commit(folder, options):
    print_table(commit_cost.bench(folder, 5 * options.rounds))


def bench_demo(folder, options):
    most, having, seconds = demo_memory.bench(folder)
    print(f"the demo: {most:.0f} MB (PSS) at most for {having} processes of Lochan together, in {seconds:.0f} s  (aim: 300 MB)")


BENCHMARKS = {"models": bench_models, "commit": bench_commit, "demo": bench_demo, "checks": bench_checks, "scd2": bench_scd2,
              "upsert": bench_upsert}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("benchmarks", nargs="*", metavar="BENCHMARK", help=f"{', '.join(BENCHMARKS)}: all by default")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--models", type=int, default=1000)
    parser.add_argument("--rows", type=int, help="of a table: 1,000,000 by default, of that with checks 5,000,000")
    options = parser.parse_args()
    for name in options.benchmarks:
        if name not in BENCHMARKS:
            parser.error(f"no benchmark `{name}`: there are {', '.join(BENCHMARKS)}")
    status = 0
    for name in options.benchmarks or BENCHMARKS:
        folder = tempfile.mkdtemp(prefix="lochan-bench-")
        try:
            BENCHMARKS[name](folder, options)
        except Failed as why:
            print(f"{name}: {why}")
            status = 1
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        print(flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
