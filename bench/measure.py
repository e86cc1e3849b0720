"""Runs a program and says what it cost: seconds, CPU seconds of it and its children, the most memory it had at once."""
import dataclasses
import os
import statistics
import subprocess
import time


@dataclasses.dataclass
class Cost:
    seconds: float
    cpu: float
    peak_mb: float


class Failed(Exception):
    """A program that is measured ended badly: its figures would mean nothing."""


def measure(command, folder, env=None):
    """The kernel's own count for the process and all children it waited for. Peaks under 20 MB can't be told apart."""
    log = os.path.join(folder, "output.log")
    with open(log, "w") as output:
        begin = time.monotonic()
        process = subprocess.Popen(command, cwd=folder, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL,
                                   stdout=output, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        with open(log) as output:
            raise Failed(f"{' '.join(map(str, command))}: exit {process.returncode}\n{output.read()[-2000:]}")
    return Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def spread(values, digits=2):
    """The median, and the least and the most of it: `0.31 (0.30-0.35)`."""
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}-{max(values):.{digits}f})"


def print_table(lines):
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    for line in lines:
        print("  ".join(cell.ljust(width) if i < 2 else cell.rjust(width) for i, (cell, width) in enumerate(zip(line, widths))).rstrip())
