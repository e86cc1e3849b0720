"""Hosts that serve and work on one lake, which lies on S3, with their state in PostgreSQL: each host is a project's folder
of its own, with its own `.lochan`.

  serving.py [SCENE…] [--times N] [--seed S]

  ticks   `lochan serve` on two hosts: the one that looks after the schedules is killed, or stands still for longer than its
          lease, again and again; the other goes on, and every tick fired once
  queue   `lochan work` on three hosts: workers and runs are killed while runs are queued; each run is executed once, or told
          as failed or dead, and none is forgotten
"""
import collections
import json
import os
import random
import signal
import subprocess
import sys
import time

os.environ |= {"LOCHAN_TEST_LAKE": "s3", "LOCHAN_TEST_STATE": "postgresql"}
from shop_lake import Broken, LOCHAN, PROJECT, ShopLake, main_of_scenes  # noqa: E402
from places import Place  # noqa: E402

LEASE = 8  # seconds: these machines are shared
EVERY = 5
ENDS = {"succeeded", "failed", "cancelled", "dead", "nothing to do"}


class Host:
    def __init__(self, folder, text, place):
        self.lake = ShopLake(folder, place=place)
        for name, content in {**PROJECT, "lochan.yaml": text}.items():
            self.lake.write(name, content)
        self.process, self.said = None, folder.parent / f"{folder.name}.out"

    def start(self, *arguments):
        with open(self.said, "a", encoding="utf-8") as out:
            self.process = subprocess.Popen([LOCHAN, "-C", str(self.lake.folder), *arguments], stdin=subprocess.DEVNULL, stdout=out,
                                            stderr=out, start_new_session=True)

    def is_up(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.is_up():
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(120)


class Team:
    def __init__(self, folder, number, more=""):
        self.place = Place(folder)
        self.shops = ShopLake(folder / "shops", place=self.place).create()
        text = PROJECT["lochan.yaml"].replace("./shop_", f"{folder}/shops/shop_").replace("./drop", f"{folder}/shops/drop")
        text = text.replace("run: { retry_delay: 10ms }", f"run: {{ retry_delay: 100ms, lease: {LEASE}s }}") + more
        self.hosts = [Host(folder / f"host_{i + 1}", text, self.place) for i in range(number)]

    def said(self):
        return "".join(host.said.read_text(errors="replace")[-1500:] for host in self.hosts if host.said.exists())

    def wait_for(self, what, condition, seconds=180):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if found := condition():
                return found
            time.sleep(0.1)
        raise Broken(f"{what} did not come within {seconds} s\n{self.said()}")

    def must_hold(self):
        """What the shops say, once, and readable to the last file; nothing is left that nothing can reach."""
        host = self.hosts[0].lake
        host.must("run")
        self.shops.oracle.load(self.shops)
        expected, found = self.shops.oracle.contents(), host.contents()
        for name in ("staging.product", "staging.sale", "mart.revenue", "mart.biggest"):
            if found[name] != expected[name]:
                raise Broken(f"{name} has {len(found[name])} rows that are not the shops' {len(expected[name])}")
        if len(found["raw.sale"]) != len(set(found["raw.sale"])) or len(found["raw.sale"]) != len(found["staging.sale_log"]):
            raise Broken("a version of a sale was loaded twice, or did not reach the log")

    def end(self):
        for host in self.hosts:
            host.stop()
        for (process,) in self.place.ask_state("select process from run where state = 'running'"):
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.place.drop()


def ticks(folder, chooser, times):
    team = Team(folder, 2, f"schedules:\n  - {{ name: shops, every: {EVERY}s }}\n")
    try:
        return look_at_ticks(team, chooser, times)
    finally:
        team.end()


def leader(team):
    for (holder,) in team.place.ask_state("select holder from lease where name = 'schedules' and expires_at > "
                                          "cast(extract(epoch from clock_timestamp()) * 1000000 as bigint)"):
        for host in team.hosts:
            if str(host.lake.folder) in str(holder):
                return host
    return None


def ended_ticks(team):
    return team.place.ask_state("select count(*) from tick where ended_at is not null")[0][0]


def look_at_ticks(team, chooser, times):
    team.shops.trade()
    team.hosts[0].lake.must("run")
    for host in team.hosts:
        host.start("serve", "--port", "0")
    deeds = collections.Counter()
    for number in range(times):
        chief = team.wait_for("a server that looks after the schedules", lambda: leader(team))
        before = ended_ticks(team)
        team.wait_for("two ticks", lambda: ended_ticks(team) >= before + 2)
        team.shops.trade(sales=5)
        stands_still = number % 3 == 2
        deeds["stood still" if stands_still else "killed"] += 1
        if stands_still:
            chief.process.send_signal(signal.SIGSTOP)
        else:
            chief.kill()
        heir = team.wait_for("another server", lambda: (found := leader(team)) and found is not chief and found)
        if not heir.is_up():
            raise Broken("a server that is gone looks after the schedules")
        before = ended_ticks(team)
        team.wait_for("two ticks of the other", lambda: ended_ticks(team) >= before + 2)
        if stands_still:
            chief.process.send_signal(signal.SIGCONT)
        else:
            chief.start("serve", "--port", "0")
    team.wait_for("an end of what runs", lambda: not team.place.ask_state("select 1 from tick where state = 'running'"))
    for host in team.hosts:
        host.stop()
    rows = team.place.ask_state("select due_at, state, run, starts, reason from tick where schedule = 'shops' order by due_at")
    for (earlier, *_), (later, *_) in zip(rows, rows[1:]):
        if later - earlier != EVERY * 1_000_000:
            raise Broken(f"{(later - earlier) / 1e6} s lie between two ticks")
    # What was due as the last server ended is the next one's.
    while rows and rows[-1][1] in ("due", "running"):
        rows.pop()
    states = collections.Counter(state for _, state, *_ in rows)
    silent = [row for row in rows if row[1] in ("skipped", "missed", "failed") and not row[4]]
    if silent:
        raise Broken(f"ticks that say nothing of why they did not run: {silent[:3]}")
    if set(states) - {"succeeded", "skipped", "missed"} or not states["succeeded"]:
        raise Broken(f"ticks ended so: {dict(states)}, {[row for row in rows if row[1] not in ('succeeded', 'skipped')][:3]}\n{team.said()}")
    runs = [run for (run,) in team.place.ask_state("select run from tick where run > 0")]
    if len(runs) != len(set(runs)):
        raise Broken("two ticks have one run")
    journal = team.place.ask_state("select run from run where author = 'schedule shops'")
    if stray := {run for (run,) in journal} - set(runs):
        raise Broken(f"runs {sorted(stray)} were started for ticks that another run has: a tick fired twice")
    team.must_hold()
    return f"{len(rows)} ticks, {dict(states)}, {len(runs)} runs; servers: {dict(deeds)}"


def queue(folder, chooser, times):
    team = Team(folder, 3)
    try:
        return look_at_queue(team, chooser, times)
    finally:
        team.end()


def run_processes(team):
    """Of runs that workers started."""
    found = []
    for name in os.listdir("/proc"):
        try:
            command = open(f"/proc/{name}/cmdline", "rb").read().decode(errors="replace").split("\0") if name.isdigit() else []
        except OSError:
            continue
        if "--queued" in command and any(str(host.lake.folder) in command for host in team.hosts):
            found.append(int(name))
    return found


def look_at_queue(team, chooser, times):
    team.shops.trade()
    team.hosts[0].lake.must("run")
    queued, deeds = [], collections.Counter()
    for host in team.hosts:
        host.start("work", "--runs", "2")
    for _ in range(times):
        for _ in range(3):
            team.shops.trade(sales=3)
            host = chooser.choice(team.hosts)
            queued.append(json.loads(host.lake.must("run", "--queue", "--output", "json"))["run"])
            time.sleep(chooser.uniform(0, 1.5))
        host = chooser.choice(team.hosts)
        deed = chooser.choice(["worker", "run", "both", "cancel"])
        deeds[deed] += 1
        if deed in ("worker", "both"):
            host.kill()
        if deed in ("run", "both"):
            for process in run_processes(team)[:2]:
                try:
                    os.kill(process, signal.SIGKILL)
                except ProcessLookupError:
                    pass
        if deed == "cancel":
            host.lake.command("cancel", str(queued[-1]))
        if not host.is_up():
            host.start("work", "--runs", "2")
    def states():
        return dict(team.place.ask_state(f"select run, state from run where run in ({','.join(map(str, queued))})"))
    team.wait_for("an end of all that was queued", lambda: set(states().values()) <= ENDS, 300)
    for host in team.hosts:
        host.stop()
    found = states()
    if len(set(queued)) != len(queued) or set(found) != set(queued):
        raise Broken(f"queued were {queued}, and known are {sorted(found)}")
    published = team.place.ask_state("select run, count(*) from publication where run > 0 group by run having count(*) > 1")
    if published:
        raise Broken(f"runs that published twice: {published}")
    if left := team.place.ask_state("select run from queued_run"):
        raise Broken(f"rows of runs that have ended are still queued: {left}")
    counts = collections.Counter(found.values())
    killed = deeds["run"] + deeds["both"]
    if counts["failed"] or counts["dead"] > 2 * killed or counts["cancelled"] > deeds["cancel"]:
        raise Broken(f"of {len(queued)} runs {dict(counts)}, after {dict(deeds)}\n{team.said()}")
    if not counts["succeeded"]:
        raise Broken("no run went well")
    team.must_hold()
    return f"{len(queued)} queued, {dict(counts)}; killed and cancelled: {dict(deeds)}"


SCENES = {scene.__name__: scene for scene in (ticks, queue)}


def play(scene, folder, options):
    return scene(folder, random.Random(options.seed), options.times)


if __name__ == "__main__":
    sys.exit(main_of_scenes(__doc__, "serving", SCENES, play))
