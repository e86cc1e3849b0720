#!/usr/bin/env python3
"""What schedules cost: a thousand of them that are not due, and a year of history.

    bench/schedules.py                 both; LOCHAN_BIN names the program
    bench/schedules.py --idle 60       how long the idle server is watched, in seconds
    bench/schedules.py --rows 1000000  ticks and runs in the history

The aims are issue 5's: 1,000 schedules idle under 1 % of a core; 10^6 rows slow no start, listing or plan. Times are of
the process alone (user and system CPU), so a busy machine tells the same.
"""

import argparse
import os
import resource
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

LOCHAN = os.environ.get("LOCHAN_BIN", "build/release/lochan")
SCHEDULES = 1000


def write_project(folder):
    lines = ["name: bench", "schedules:"]
    for i in range(SCHEDULES):
        lines.append(f"  - {{ name: s{i}, cron: '{i % 60} {i // 60 % 24} 29 2 *', timezone: Europe/Warsaw }}")
    (folder / "lochan.yaml").write_text("\n".join(lines) + "\n")
    (folder / "models/mart").mkdir(parents=True)
    (folder / "models/mart/one.sql").write_text("select 1 as n\n")


def cpu_seconds(process):
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def idle_share(folder, seconds):
    port = free_port()
    server = subprocess.Popen([LOCHAN, "-C", str(folder), "serve", "--port", str(port)], stdout=subprocess.DEVNULL)
    try:
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health").read()
                break
            except OSError:
                if server.poll() is not None:
                    sys.exit("lochan serve ended")
                time.sleep(0.1)
        time.sleep(5)  # what it does once, at its start
        before = cpu_seconds(server.pid)
        time.sleep(seconds)
        return (cpu_seconds(server.pid) - before) / seconds
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()


def timed(folder, *arguments):
    """CPU seconds of a command: the least of five."""
    best = None
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([LOCHAN, "-C", str(folder), *arguments], check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
        best = spent if best is None else min(best, spent)
    return best


def add_history(folder, rows):
    state = sqlite3.connect(folder / ".lochan/state.db")
    columns = [row[1] for row in state.execute("pragma table_info(run)")]
    known = {"state": "'succeeded'", "command": "'run'", "started_at": "i * 30000000", "finished_at": "i * 30000000 + 1",
             "run": "i", "branch": "'run-' || i", "target": "'main'", "publication": "0", "process": "1",
             "alerted": "1", "measured": "1"}
    kept = [name for name in columns if name in known or not name.startswith("cancel")]
    values = ", ".join(known.get(name, "''") for name in kept)
    numbers = f"with recursive n(i) as (select 2 union all select i + 1 from n where i <= {rows})"
    state.execute(f"insert into run({', '.join(kept)}) {numbers} select {values} from n")
    state.execute("insert into tick(number, schedule, due_at, state, by_hand, reason, run, starts, process, ended_at) "
                  f"{numbers} select i, 's' || (i % {SCHEDULES}), i * 30000000, 'succeeded', 0, '', i, 1, 1, i * 30000000 "
                  "from n")
    state.commit()
    state.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--idle", type=int, default=30)
    parser.add_argument("--rows", type=int, default=1_000_000)
    options = parser.parse_args()
    commands = [["plan"], ["schedule", "list"], ["schedule", "ticks", "s7"], ["history", "--runs"]]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_project(folder)
        subprocess.run([LOCHAN, "-C", name, "-q", "run"], check=True, stdout=subprocess.DEVNULL)
        before = [timed(folder, *command) for command in commands]
        print(f"{SCHEDULES} schedules, idle: {100 * idle_share(folder, options.idle):.2f} % of a core")
        add_history(folder, options.rows)
        print(f"{'command':<22} {'without':>9} {'with':>9} history of {options.rows} runs and ticks, CPU seconds")
        for command, empty in zip(commands, before):
            print(f"{' '.join(command):<22} {empty:9.3f} {timed(folder, *command):9.3f}")
        print(f"{SCHEDULES} schedules, idle, with history: {100 * idle_share(folder, options.idle):.2f} % of a core")


if __name__ == "__main__":
    main()
