"""The memory of everything that is Lochan while the demo goes on: PSS of its processes together, sampled."""
import os
import pathlib
import subprocess
import threading
import time

from measure import Failed

ROOT = pathlib.Path(__file__).resolve().parents[1]


def children_of(pid):
    """All processes below one, by the kernel's lists."""
    found, left = [], [pid]
    while left:
        at = left.pop()
        found.append(at)
        try:
            for task in os.listdir(f"/proc/{at}/task"):
                left += [int(child) for child in pathlib.Path(f"/proc/{at}/task/{task}/children").read_text().split()]
        except OSError:
            continue  # it has just ended
    return found


def pss_mb(pid):
    """Of one process that is Lochan; nothing for others and for one that has just ended."""
    try:
        if os.path.basename(os.readlink(f"/proc/{pid}/exe")) != "lochan":
            return None
        for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return None


def bench(folder):
    """(the most PSS at once in MB, how many processes had it, seconds of the demo)"""
    log = pathlib.Path(folder, "demo.log")
    most, having, begin = 0.0, 0, time.monotonic()
    with open(log, "w") as output:
        demo = subprocess.Popen([ROOT / "examples/fruit_shop/demo.sh"], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output,
                                stderr=subprocess.STDOUT)
        done = threading.Event()
        threading.Thread(target=lambda: (demo.wait(), done.set())).start()
        while not done.wait(0.02):
            sizes = [size for size in map(pss_mb, children_of(demo.pid)) if size is not None]
            if sum(sizes) > most:
                most, having = sum(sizes), len(sizes)
    if demo.returncode != 0:
        raise Failed(f"the demo: exit {demo.returncode}\n{log.read_text()[-2000:]}")
    return most, having, time.monotonic() - begin
