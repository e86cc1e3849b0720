"""100 steps that do nothing (`true`; ten chains of ten), from the trigger to the end, beside Prefect and Dagster.

  commands.py [--rounds N] [--chains N] [--length N]

`whole process`: from starting the program to its exit. `from the trigger`: inside of a Python process that has its libraries loaded
and its flow defined already, which is the best that a warm worker could do; of Lochan it is the same as the whole process.
LOCHAN_BIN is the program, LOCHAN_PEERS the folder with the peers' Python (bench/commands.sh installs them).
"""
import argparse
import os
import pathlib
import re
import statistics
import sys
import tempfile

from measure import Failed, measure, print_table, spread

PREFECT = """
import subprocess, sys, time
from prefect import flow, task

@task
def step(before):
    subprocess.run(["true"], check=True)

@flow
def chains(count, length):
    last = []
    for _ in range(count):
        before = None
        for _ in range(length):
            before = step.submit(before)
        last.append(before)
    for future in last:
        future.result()

start = time.monotonic()
chains(int(sys.argv[1]), int(sys.argv[2]))
print("from the trigger:", time.monotonic() - start)
"""

DAGSTER = """
import subprocess, sys, time
from dagster import In, Nothing, Out, job, op

@op(ins={"before": In(Nothing)}, out=Out(Nothing))
def step():
    subprocess.run(["true"], check=True)

count, length = int(sys.argv[1]), int(sys.argv[2])

@job
def chains():
    for chain in range(count):
        before = None
        for at in range(length):
            one = step.alias(f"step_{chain}_{at}")
            before = one() if before is None else one(before)

start = time.monotonic()
result = chains.execute_in_process()
assert result.success
print("from the trigger:", time.monotonic() - start)
"""


def write_project(folder, chains, length):
    (folder / "commands").mkdir()
    (folder / "lochan.yaml").write_text("name: nothing\n")
    for chain in range(chains):
        for at in range(length):
            after = f"after: step_{chain}_{at - 1}\n" if at > 0 else ""
            (folder / "commands" / f"step_{chain}_{at}.yaml").write_text(
                f'command: step_{chain}_{at}\nrun: ["true"]\n{after}')


class Lochan:
    name = "lochan"

    def prepare(self, folder, options):
        write_project(folder, options.chains, options.length)
        self.command = [os.environ["LOCHAN_BIN"], "run", "--quiet"]


class Script:
    def __init__(self, name, text, python, env=None):
        self.name, self.text, self.python, self.env = name, text, python, env or {}

    def prepare(self, folder, options):
        (folder / "flow.py").write_text(self.text)
        # One that hangs, as Prefect's own server now and then does at its end, is left out.
        self.command = ["timeout", "120", self.python, "flow.py", str(options.chains), str(options.length)]
        self.env = {**self.env, "HOME": str(folder), "PREFECT_HOME": str(folder), "DAGSTER_HOME": ""}


def tools():
    found = [Lochan()]
    peers = os.environ.get("LOCHAN_PEERS")
    if peers:
        python = str(pathlib.Path(peers) / "python")
        found += [Script("prefect", PREFECT, python, {"PREFECT_LOGGING_LEVEL": "WARNING", "DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}),
                  Script("dagster", DAGSTER, python, {"DAGSTER_DISABLE_TELEMETRY": "true"})]
    return found


def from_trigger(folder, cost):
    log = (folder / "output.log").read_text()
    found = re.search(r"from the trigger: ([0-9.]+)", log)
    return float(found.group(1)) if found else cost.seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--chains", type=int, default=10)
    parser.add_argument("--length", type=int, default=10)
    options = parser.parse_args()
    costs, triggers, failed = {}, {}, {}
    with tempfile.TemporaryDirectory(prefix="lochan-bench-") as top:
        for number in range(options.rounds):
            for tool in tools():  # turn by turn: whatever else the machine does meets all of them
                if tool.name in failed:
                    continue
                folder = pathlib.Path(tempfile.mkdtemp(dir=top))
                tool.prepare(folder, options)
                try:
                    cost = measure(tool.command, str(folder), getattr(tool, "env", None))
                except Failed as why:
                    failed[tool.name] = str(why)
                    continue
                costs.setdefault(tool.name, []).append(cost)
                triggers.setdefault(tool.name, []).append(from_trigger(folder, cost))
                print(f"round {number + 1} of {options.rounds}: {tool.name}", file=sys.stderr, flush=True)
    steps = options.chains * options.length
    lines = [[f"{steps} steps `true`", "whole process, s", "from the trigger, s", "CPU s", "peak MB", "Lochan, from the trigger"]]
    ours = statistics.median(triggers["lochan"]) if "lochan" in triggers else None
    for name, measured in costs.items():
        theirs = statistics.median(triggers[name])
        ratio = "(aim: 0.2 s)" if name == "lochan" else f"{ours / theirs:.3f}x" if ours else ""
        lines.append([name, spread([cost.seconds for cost in measured]), spread(triggers[name]), spread([cost.cpu for cost in measured]),
                      spread([cost.peak_mb for cost in measured], 0), ratio])
    print_table(lines)
    for name, why in failed.items():
        print(f"{name} failed: {why}", file=sys.stderr)
    return 1 if "lochan" in failed else 0


if __name__ == "__main__":
    sys.exit(main())
