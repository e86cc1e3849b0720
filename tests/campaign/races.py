"""Lets runs, tending, rollbacks, interrupts and readers meet, again and again.

  races.py [SCENE…] [--times N] [--seed S]

  runs        two runs (or three) started at once: all end well, no row is lost or doubled
  maintain    a run while `maintain` is started over and over: nothing that is needed goes
  rollback    after a rollback, ticks leave the held tables as they are until they are released
  interrupt   Ctrl-C at random instants: exit 130, nothing published, the next run is as if it had not been
  readers     `query` over and over during runs: every answer is one publication's, whole
  living      the shops sell while runs go on: afterwards the lake equals the shops
"""
import random
import signal
import sys
import threading
import time

from shop_lake import Broken, ShopLake, finish, main_of_scenes, must_succeed

# Of one publication: the mart's sum, the table it is made from, and the log of versions; and how often a sale was seen.
TOTALS = """
select (select sum(pieces) from mart.revenue)::bigint as mart, (select sum(quantity) from staging.sale)::bigint as staging,
  (select count(*) from staging.sale_log) as log, (select count(*) from raw.sale) as raw"""


def totals(oracle):
    pieces = sum(sale[3] for sale in oracle.newest["sale"].values())
    seen = len(oracle.versions["sale"])
    return (pieces, pieces, seen, seen)


def newest_publication(lake):
    return max(lake.publications(), default=0)


def runs(lake, chooser, times):
    for _ in range(times):
        lake.trade()
        lake.oracle.load(lake)
        published = newest_publication(lake)
        started = [lake.start("run") for _ in range(chooser.choice([2, 2, 3]))]
        for process in started:
            must_succeed(finish(process))
        lake.must_hold(lake.oracle.contents())
        if newest_publication(lake) != published + 1:
            raise Broken(f"{len(started)} runs at once made {newest_publication(lake) - published} publications of the same news")


def maintain(lake, chooser, times):
    for _ in range(times):
        lake.trade()
        lake.oracle.load(lake)
        time.sleep(chooser.random() / 10)
        run = lake.start("run")
        while run.poll() is None:
            lake.must("maintain")
        must_succeed(finish(run))
        lake.must_hold(lake.oracle.contents())
    lake.sweep()
    lake.must_hold(lake.oracle.contents())
    if lake.maintain("--dry-run")["removed_files"]:
        raise Broken("maintain left files that nothing can reach")


def rollback(lake, chooser, times):
    for _ in range(times):
        lake.trade()
        lake.run()
        good, oracle = lake.publications()[0], lake.oracle.copy()
        lake.trade()
        lake.run()
        lake.must("rollback", "--to", str(good))
        lake.must_hold(oracle.contents())
        for _ in range(2):
            lake.trade()
            lake.must("run")
            lake.must_hold(oracle.contents())
        lake.must("maintain")
        lake.must("rollback", "--release", "all")
        lake.oracle = oracle  # what came after `good` has never been seen
        lake.run()
        lake.must_hold(lake.oracle.contents())


def interrupt(lake, chooser, times):
    lake.trade()
    lake.run()
    lake.trade(sales=200)
    begin = time.monotonic()
    lake.run()
    usual = time.monotonic() - begin
    stopped = 0
    for _ in range(times):
        lake.trade(sales=200)
        before, published = lake.oracle.copy(), lake.publications()[0]
        lake.oracle.load(lake)
        run = lake.start("run")
        time.sleep(chooser.uniform(0, usual * 1.1))
        run.send_signal(signal.SIGINT)
        began = time.monotonic()
        done = finish(run)
        if time.monotonic() - began > 10:
            raise Broken(f"a cancelled run took {time.monotonic() - began:.1f} s to end")
        if done.returncode in (130, -signal.SIGINT):  # before it listens, the signal ends it
            stopped += 1
            if lake.publications()[0] != published:
                raise Broken(f"an interrupted run published\n{done.stdout}{done.stderr}")
            lake.must_hold(before.contents())
        else:
            must_succeed(done)
        lake.must("run")
        lake.must_hold(lake.oracle.contents())
    states = {run["state"] for run in lake.runs()}
    if "running" in states:
        raise Broken(f"states of the runs at the end: {states}")
    print(f"interrupt: {stopped} of {times} were stopped")


class Readers:
    """Threads that ask for TOTALS over and over; every answer must be one of those that were ever published."""

    def __init__(self, lake, number):
        self.lake = lake
        self.answers = 0
        self.wrong = []
        self.published = set()
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.read) for _ in range(number)]

    def read(self):
        while not self.stopping.is_set():
            try:
                answer = tuple(self.lake.query(TOTALS)[0].values())
            except Broken as broken:
                self.wrong.append(str(broken))
                continue
            self.answers += 1
            if answer not in self.published:
                self.wrong.append(f"{answer} was never published; published were {sorted(self.published)[-4:]}")

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()


def readers(lake, chooser, times):
    lake.trade()
    lake.run()
    with Readers(lake, 2) as reading:
        reading.published.add(totals(lake.oracle))
        for _ in range(times):
            lake.trade(sales=chooser.randint(1, 60))
            lake.oracle.load(lake)
            reading.published.add(totals(lake.oracle))  # from some instant of this run on
            lake.must("run")
            lake.must("maintain")
    if reading.wrong:
        raise Broken(f"{len(reading.wrong)} of {reading.answers} answers were wrong: {reading.wrong[0]}")
    print(f"readers: {reading.answers} answers during {times} runs")


def living(lake, chooser, times):
    stopping = threading.Event()

    def sell():
        while not stopping.is_set():
            lake.trade(sales=3, updates=2)
            stopping.wait(0.005)

    seller = threading.Thread(target=sell)
    seller.start()
    try:
        for _ in range(times):
            lake.must("run")
    finally:
        stopping.set()
        seller.join()
    lake.run()
    found, expected = lake.contents(), lake.oracle.contents()
    for name in ("staging.product", "staging.sale", "mart.revenue", "mart.biggest"):
        if found[name] != expected[name]:
            raise Broken(f"{name} has {len(found[name])} rows that are not the shops' {len(expected[name])}")
    if len(found["raw.sale"]) != len(set(found["raw.sale"])) or len(found["raw.sale"]) != len(found["staging.sale_log"]):
        raise Broken("a version of a sale was loaded twice, or did not reach the log")


SCENES = {scene.__name__: scene for scene in (runs, maintain, rollback, interrupt, readers, living)}


def play(scene, folder, options):
    return scene(ShopLake(folder / "lake", options.seed).create(), random.Random(options.seed), options.times)


if __name__ == "__main__":
    sys.exit(main_of_scenes(__doc__, "races", SCENES, play))
