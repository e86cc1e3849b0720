"""What the shops, their database and the machine cost while the shops live: CPU by who had it, waiting for the disk."""
import os
import pathlib
import subprocess
import time

from demo_memory import children_of

HERTZ = os.sysconf("SC_CLK_TCK")


def postmaster(server):
    """The process number of a server of this machine; nothing for SQLite and for a server elsewhere."""
    if not server:
        return None
    folder = subprocess.run(["psql", "-X", "-q", "-A", "-t", "-c", "show data_directory", server], capture_output=True, text=True).stdout.strip()
    try:
        return int(pathlib.Path(folder, "postmaster.pid").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None


def cpu_of(pid, with_ended=False):
    """Seconds; with those of ended children that were waited for."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15] if with_ended else fields[11:13])) / HERTZ


def machine():
    """(busy, waiting for the disk) in CPU seconds since the start, and how many CPUs there are."""
    lines = pathlib.Path("/proc/stat").read_text().splitlines()
    user, nice, system, idle, waiting, *rest = map(int, lines[0].split()[1:])
    return (user + nice + system + sum(rest[:3])) / HERTZ, waiting / HERTZ, sum(line.startswith("cpu") for line in lines) - 1


class Meter:
    """From its making to the last look at it."""

    def __init__(self, server):
        self.server = server
        self.begin, self.before = time.monotonic(), self._now()

    def _now(self):
        server = 0.0
        if self.server:
            server = cpu_of(self.server, True) + sum(cpu_of(pid) for pid in children_of(self.server) if pid != self.server)
        busy, waiting, _ = machine()
        return {"server": server, "busy": busy, "waiting": waiting}

    def look(self):
        self.end, self.after = time.monotonic(), self._now()

    def figures(self, lochan, shops):
        """Of CPU seconds that others have counted, and of our own: CPUs in use. 1.0 is one that is never idle."""
        seconds = self.end - self.begin
        used = {f"cpu_{name}": (self.after[name] - self.before[name]) / seconds for name in self.before}
        return {"seconds": seconds, "cpus": machine()[2], "cpu_lochan": lochan / seconds, "cpu_shops": shops / seconds, **used}
