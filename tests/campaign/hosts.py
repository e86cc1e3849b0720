"""Several hosts on one lake, whose state is in PostgreSQL: each host is a project's folder of its own, with its own
`.lochan`; the lake's folder and the state are theirs together.

  hosts.py [SCENE…] [--times N] [--seed S]

  fenced    a run stands still between its last check and its publish for longer than its lease; another host takes over
            and publishes; woken up, the first one is refused
  holding   a run stands still in the middle of a writing transaction: the others don't wait for it for ever
  chaos     runs of three hosts, and tending, are killed and stopped at random: what was acknowledged is there once, what
            was refused is not, and no file is missing
  cut       the state's server ends all sessions, and is stopped and started again, during runs: they wait and go on, or fail
            clearly, and nothing is half there

LOCHAN_SERVICES and POSTGRES_PORT say where the server is (see tests/services).
"""
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time

from shop_lake import Broken, PROJECT, ShopLake, fault_library, finish, main_of_scenes, must_succeed

SERVICES = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "services")
LEASE = 3  # seconds


def service(*words):
    # Its server must not hold our pipe, nor what is preloaded.
    done = subprocess.run([os.path.join(SERVICES, "postgres.sh"), *words], check=True, capture_output=True, text=True)
    return dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)


class Team:
    """Hosts of one lake, and the shops that they all load."""

    def __init__(self, folder, seed, number=3):
        self.folder = folder
        self.url = service("start")["POSTGRES_URL"]
        self.schema = "hosts_" + os.urandom(8).hex()
        self.shops = ShopLake(folder / "shops", seed).create()
        text = PROJECT["lochan.yaml"].replace("./shop_", f"{folder}/shops/shop_").replace("./drop", f"{folder}/shops/drop")
        text = text.replace("lake: ./lake", f"lake: {folder}/lake\nstate: {self.url}?schema={self.schema}&sslmode=disable")
        text = text.replace("run: { retry_delay: 10ms }", f"run: {{ retry_delay: 100ms, lease: {LEASE}s }}")
        self.hosts = []
        for i in range(number):
            host = ShopLake(folder / f"host_{i + 1}", seed)
            for name, content in {**PROJECT, "lochan.yaml": text}.items():
                host.write(name, content)
            self.hosts.append(host)

    def ask(self, sql):
        done = subprocess.run(["psql", "-qAt", self.url, "-c", f"set search_path = {self.schema}; {sql}"],
                              check=True, capture_output=True, text=True)
        return [line.split("|") for line in done.stdout.splitlines()]

    def end_sessions(self):
        self.ask("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'lochan' and pid <> pg_backend_pid()")

    def drop(self):
        subprocess.run(["psql", "-q", self.url, "-c", f"set client_min_messages = error; drop schema if exists {self.schema} cascade"], check=False)

    def must_hold(self, host=0):
        """What the shops say, once, and readable to the last file; nothing is left that nothing can reach."""
        expected = self.shops.oracle.contents()
        self.hosts[host].must_hold({name: expected[name] for name in self.hosts[host].tables})


def has_stopped(process, seconds=120):
    """Waits until the process stands still; False when it ended instead."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            return False
        with open(f"/proc/{process.pid}/stat") as file:
            if file.read().rpartition(")")[2].split()[0] == "T":
                return True
        time.sleep(0.02)
    raise Broken("it neither stood still nor ended")


def outcome(done):
    """Of a run that printed its document."""
    try:
        return json.loads(done.stdout)
    except ValueError:
        return None


def stopped_run(team, library, env):
    """A run of the first host that stands still at a place, and what the second makes of it meanwhile."""
    team.shops.trade()
    team.shops.oracle.load(team.shops)
    first = team.hosts[0].start("run", "--output", "json", env={"LD_PRELOAD": str(library), **env})
    if not has_stopped(first):
        raise Broken(f"it was to stand still, and ended: {finish(first)}")
    begin = time.monotonic()
    second = must_succeed(team.hosts[1].command("run", "--output", "json"))
    took = time.monotonic() - begin
    team.must_hold(1)
    number = json.loads(second)["publication"]
    first.send_signal(signal.SIGCONT)
    done = finish(first)
    team.must_hold(2)
    if done.returncode == 0 or outcome(done) is not None and outcome(done).get("publication"):
        raise Broken(f"a run that was taken over ended with {done.returncode}\n{done.stdout}{done.stderr}")
    if team.hosts[2].publications()[0] != number:
        raise Broken(f"publication {team.hosts[2].publications()[0]} came after {number}")
    team.hosts[2].maintain()
    team.must_hold(2)
    left = team.hosts[1].maintain("--dry-run")["removed_files"]
    if left:
        raise Broken(f"files are left that nothing can reach: {left[:3]}")
    return took


def fenced(team, library, chooser, times):
    team.shops.trade()
    team.shops.oracle.load(team.shops)
    team.hosts[0].must("run")
    for _ in range(times):
        took = stopped_run(team, library, {"FAULT_STOP_AT_SYNC": "1"})
        if took > 60:
            raise Broken(f"the second host waited {took:.0f} s for a lease of {LEASE} s")


def holding(team, library, chooser, times):
    team.shops.trade()
    team.shops.oracle.load(team.shops)
    team.hosts[0].must("run")
    for _ in range(times):
        # The publication's row is written, and its transaction open.
        took = stopped_run(team, library, {"FAULT_STOP_AT_SEND": "1", "FAULT_STOP_TEXT": "insert into entry("})
        if took > 90:
            raise Broken(f"the second host waited {took:.0f} s for a transaction that nobody ends")


def disturb(process, chooser):
    time.sleep(chooser.uniform(0.05, 4))
    if process.poll() is not None:
        return
    if chooser.random() < 0.5:
        process.kill()
        return
    process.send_signal(signal.SIGSTOP)
    time.sleep(LEASE * chooser.uniform(0.3, 2.5))
    process.send_signal(signal.SIGCONT)


def host_at_work(team, host, chooser, times, told, wrong):
    try:
        for _ in range(times):
            tends = chooser.random() < 0.2
            process = host.start(*(["maintain"] if tends else ["run"]), "--output", "json")
            disturbing = threading.Thread(target=disturb, args=(process, chooser)) if chooser.random() < 0.7 else None
            if disturbing:
                disturbing.start()
            done = finish(process)
            if disturbing:
                disturbing.join()
            if not tends:
                told.append((done.returncode, outcome(done), done.stderr))
    except Exception as error:  # told by the main thread
        wrong.append(repr(error))


def chaos(team, library, chooser, times):
    told, wrong = [], []
    team.shops.trade()
    hosts = [threading.Thread(target=host_at_work, args=(team, host, random.Random(chooser.random()), times, told, wrong))
             for host in team.hosts]
    for host in hosts:
        host.start()
    while any(host.is_alive() for host in hosts):
        team.shops.trade(sales=5)
        time.sleep(0.3)
    for host in hosts:
        host.join()
    if wrong:
        raise Broken(wrong[0])
    time.sleep(LEASE + 1)
    team.hosts[0].must("run")
    published = [(int(number), int(run)) for number, run in team.ask("select number, run from publication")]
    runs = [run for _, run in published if run]
    tended = {int(run) for (run,) in team.ask("select run from run where command = 'maintain'")}
    twice = [run for run in set(runs) - tended if runs.count(run) > 1]
    if twice:
        raise Broken(f"runs {twice} published twice")
    states = {int(run): state for run, state in team.ask("select run, state from run")}
    for code, document, error in told:
        if document is None:
            continue
        if code == 0 and document.get("publication") and states.get(document["run"], "succeeded") != "succeeded":
            raise Broken(f"run {document['run']} said that it had published, and is {states[document['run']]}")
        if code == 0 and document.get("publication") and document["run"] in states and document["run"] not in runs and document["publication"] >= min(n for n, _ in published):
            raise Broken(f"publication {document['publication']} was acknowledged and is nowhere")
        if code != 0 and document.get("publication") is None and document.get("run") in runs:
            raise Broken(f"run {document['run']} said that nothing was published\n{error}")
    if "running" in states.values():
        raise Broken(f"runs go on that nobody runs: {states}")
    found = team.hosts[1].contents()
    team.shops.oracle.load(team.shops)
    expected = team.shops.oracle.contents()
    for name in ("staging.product", "staging.sale", "mart.revenue", "mart.biggest"):
        if found[name] != expected[name]:
            raise Broken(f"{name} has {len(found[name])} rows that are not the shops' {len(expected[name])}")
    if len(found["raw.sale"]) != len(set(found["raw.sale"])) or len(found["raw.sale"]) != len(found["staging.sale_log"]):
        raise Broken("a version of a sale was loaded twice, or did not reach the log")
    team.hosts[2].maintain()
    left = team.hosts[1].maintain("--dry-run")["removed_files"]
    if left:
        raise Broken(f"files are left that nothing can reach: {left[:3]}")
    if team.hosts[0].contents() != found:
        raise Broken("tending changed what the tables hold")
    ended = sum(1 for code, _, _ in told if code == 0)
    print(f"chaos: {len(told)} runs, {ended} ended well, {len(published)} publications kept")


def cut(team, library, chooser, times):
    team.shops.trade()
    team.shops.oracle.load(team.shops)
    team.hosts[0].must("run")
    well = 0
    for i in range(times):
        team.shops.trade()
        team.shops.oracle.load(team.shops)
        process = team.hosts[i % 3].start("run", "--output", "json")
        time.sleep(chooser.uniform(0.05, 2.5))
        if i % 2 == 0:
            for _ in range(3):
                team.end_sessions()
                time.sleep(0.2)
        else:
            service("stop")
            time.sleep(chooser.uniform(0.5, 2))
            service("start")
        done = finish(process)
        if done.returncode == 0:
            well += 1
        elif "state" not in done.stdout + done.stderr:
            raise Broken(f"a run that lost its state says only:\n{done.stdout}{done.stderr}")
        time.sleep(LEASE + 1)
        team.hosts[(i + 1) % 3].must("run")
        team.must_hold()
    print(f"cut: {well} of {times} runs went on and ended well")


SCENES = {scene.__name__: scene for scene in (fenced, holding, chaos, cut)}


def play(scene, folder, options):
    team = Team(folder, options.seed)
    try:
        return scene(team, fault_library(folder), random.Random(options.seed), options.times)
    finally:
        team.drop()


if __name__ == "__main__":
    sys.exit(main_of_scenes(__doc__, "hosts", SCENES, play))
