"""Runs a program and says what it cost: seconds, CPU seconds of it and its children, the most memory it had at once."""
import dataclasses
import os
import statistics
import subprocess
import sys


@dataclasses.dataclass
class Cost:
    seconds: float
    cpu: float
    peak_mb: float


class Failed(Exception):
    """A program that is measured ended badly: its figures would mean nothing."""


# Small, and between us and the program: a process begins with the peak of the one that started it.
LAUNCHER = """
import os, sys, time
begin = time.monotonic()
_, status, usage = os.wait4(os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ), 0)
told = f"{time.monotonic() - begin} {usage.ru_utime + usage.ru_stime} {usage.ru_maxrss / 1024} {os.waitstatus_to_exitcode(status)}"
os.write(int(sys.argv[1]), told.encode())
"""


def measure(command, folder, env=None):
    """The kernel's own count for the process and all children it waited for. Peaks under 20 MB can't be told apart."""
    log = os.path.join(folder, "output.log")
    told, tell = os.pipe()
    try:
        with open(log, "w") as output:
            subprocess.run([sys.executable, "-ISc", LAUNCHER, str(tell), *map(str, command)], cwd=folder, env={**os.environ, **(env or {})},
                           stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, pass_fds=[tell])
        os.close(tell)
        seconds, cpu, peak_mb, code = map(float, os.read(told, 1000).split() or [0, 0, 0, 1])
    finally:
        os.close(told)
    if code != 0:
        with open(log) as output:
            raise Failed(f"{' '.join(map(str, command))}: exit {code:.0f}\n{output.read()[-2000:]}")
    return Cost(seconds, cpu, peak_mb)


def spread(values, digits=2):
    """The median, and the least and the most of it: `0.31 (0.30-0.35)`."""
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}-{max(values):.{digits}f})"


def print_table(lines):
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    for line in lines:
        print("  ".join(cell.ljust(width) if i < 2 else cell.rjust(width) for i, (cell, width) in enumerate(zip(line, widths))).rstrip())
