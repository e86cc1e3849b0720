"""Kills runs at chosen writes, fills the disk from one on, or stalls one, then looks at what is left.

  crash.py kill  [--every N | --times N] [--seed S] [--case first|run|maintain|archive|restore]   SIGKILL at the n-th write
  crash.py full  […]                                                              no space from the n-th write on
  crash.py stall […]                           the n-th write takes longer than an attempt may: it comes too late
  crash.py cut   [--times N] [--case …]         the way to S3 or to the state's server is cut for a while, at random instants

LOCHAN_TEST_LAKE=s3 and LOCHAN_TEST_STATE=postgresql put the lake and the state elsewhere (tests/support/places.py); what is
sent to their servers counts as a write then. `cut` wants one of them, and sets both when neither is set.

After each: the next run succeeds, every table holds what the shops say (no row lost or doubled), each line of the files
that were delivered is a row or a rejected one and never both, as many publications were made as without the fault,
earlier ones can still be read, and `maintain` leaves neither a file too many nor too few.
"""
import argparse
import json
import os
import pathlib
import random
import re
import sys
import threading
import time

from shop_lake import Broken, DELIVERIES, PROJECT, Place, ShopLake, clean, fault_library, finish, work_folder

SAYS_FULL = re.compile(r"no space|disk is full|disk full|full disk", re.IGNORECASE)
COMMANDS = {"maintain": ["maintain"], "archive": ["maintain"], "restore": ["archive", "restore", "raw.delivery"]}
# Three days later the rows of raw.delivery are old enough.
ARCHIVED = PROJECT["lochan.yaml"] + "layers: { raw: { archive_after: 1d, archive: ./cold } }\n"
LATER = str(3 * 86400)
TIMEOUT = PROJECT["lochan.yaml"].replace("retry_delay: 10ms", "retry_delay: 10ms, timeout: 1s")


def prepare(folder, case, seed, library, cuttable=False):
    """A lake just before the command that is to be disturbed."""
    ages = case in ("archive", "restore")
    lake = ShopLake(folder, seed, place=Place(folder, cuttable, later=ages)).create(DELIVERIES | ({"lochan.yaml": ARCHIVED} if ages else {}))
    for _ in range({"first": 0, "run": 1}.get(case, 5)):
        lake.trade(late=True, updates=20 if ages else 5)  # of raw.sale older versions leave, if they are many
        lake.deliver()
        lake.run()
    if ages:
        os.environ |= {"LD_PRELOAD": str(library), "FAULT_TIME_OFFSET": LATER}
    else:
        lake.trade(late=True)
        lake.deliver()
    if case == "restore":
        lake.maintain()
    return lake


def tend(lake, case):
    """After which nothing is archived, so that the tables can be compared with the shops."""
    removed = lake.sweep()
    if case in ("archive", "restore"):
        for table in ("raw.delivery", "raw.sale"):
            lake.must("archive", "restore", table)
        removed = lake.sweep()
    return removed


def shape(lake):
    """The files of the newest publication alone: which tables the last few publications were of is chance, as tending takes
    those first that it gains most from, and a killed one leaves the rest to the next."""
    text = (lake.folder / "lochan.yaml").read_text()
    lake.write("lochan.yaml", text.replace("keep_publications: 3", "keep_publications: 1"))
    lake.sweep()
    lake.sweep()
    return lake.shape()


def look(lake, undisturbed, exactly, case):
    if case in COMMANDS:
        lake.must(*COMMANDS[case])
    for step in json.loads(lake.must("run", "--output", "json"))["steps"]:
        if step["step"] == "source:drop/drop" and step["rows_read"] != step["rows_written"] + step["rows_rejected"]:
            raise Broken(f"read, written and rejected rows don't add up: {step}")
    removed = tend(lake, case)
    lake.must_hold(undisturbed["contents"])
    again = lake.must("run")
    if "nothing to do" not in again:
        raise Broken(f"a run with nothing new found something to do: {again}")
    publications = lake.publications()
    if exactly and len(publications) != undisturbed["publications"]:
        raise Broken(f"{len(publications)} publications, without the fault {undisturbed['publications']}")
    for publication in publications[1:3]:
        lake.query("select count(*) from mart.revenue", "--at", str(publication))
    left = lake.maintain("--dry-run")["removed_files"]
    if left and lake.place.bucket:
        lake.sweep()  # of a run whose lease was still its own: what it left goes once that is over
        left = lake.maintain("--dry-run")["removed_files"]
    if left:
        raise Broken(f"maintain removed {len(removed['removed_files'])} files and left {left[:3]}")
    found = shape(lake) if exactly else {}
    if exactly and found != undisturbed["shape"]:
        differing = {kind: (found.get(kind, 0), undisturbed["shape"].get(kind, 0)) for kind in {*found, *undisturbed["shape"]}
                     if found.get(kind, 0) != undisturbed["shape"].get(kind, 0)}
        raise Broken(f"files of each kind, now and without the fault: {differing}")
    locks = list((lake.folder / ".lochan").rglob("*.lock"))
    if any(lock.parent.name == "runs" for lock in locks):
        raise Broken(f"locks of runs are left: {locks}")


def disturbed(options, lake, library, place):
    """Runs the command with a fault at a place. Returns whether the fault ended it; throws when it ended as it must not."""
    env = {"LD_PRELOAD": str(library)} | counting(lake)
    if options.mode == "cut":
        return cut(options, lake, place)
    if options.mode == "kill":
        env |= {"FAULT_KILL_AT": str(place), "FAULT_TORN": str(place % 2)}
    elif options.mode == "full":
        env |= {"FAULT_FULL_FROM": str(place)}
    else:
        env |= {"FAULT_STALL_AT": str(place), "FAULT_STALL_MS": "2500"}
        lake.write("lochan.yaml", TIMEOUT)
    done = lake.command(*COMMANDS.get(options.case, ["run"]), env=env)
    if options.mode == "stall":
        lake.write("lochan.yaml", PROJECT["lochan.yaml"])
    said = done.stdout + done.stderr
    if options.mode == "kill":
        return done.returncode != 0  # it may have ended by itself: how many writes there are depends on the threads
    if done.returncode not in (0, 1):
        raise Broken(f"exit {done.returncode}\n{said}")
    if options.mode == "full" and done.returncode == 1 and not SAYS_FULL.search(said):
        raise Broken(f"the message does not say that the disk is full:\n{said}")
    return done.returncode != 0


def counting(lake):
    return {"FAULT_SENDS": "1"} if lake.place.bucket or lake.place.schema else {}


def cut(options, lake, place):
    """`place`: a seed of its own."""
    chooser = random.Random(place)
    kinds = ["s3"] * bool(lake.place.bucket) + ["postgresql"] * bool(lake.place.schema)
    process = lake.start(*COMMANDS.get(options.case, ["run"]))

    def disturb():
        while process.poll() is None:
            time.sleep(chooser.uniform(0.05, 1.5))
            kind = chooser.choice(kinds)
            lake.place.proxies.set(kind, False)
            time.sleep(chooser.choice([0.05, 0.5, 2, 20]))
            lake.place.proxies.set(kind, True)

    disturbing = threading.Thread(target=disturb)
    disturbing.start()
    done = finish(process, 600)
    disturbing.join()
    said = done.stdout + done.stderr
    if done.returncode not in (0, 1):
        raise Broken(f"exit {done.returncode}\n{said}")
    if done.returncode == 1 and not re.search(r"state|s3://|lease|connection|http|reach", said, re.IGNORECASE):
        raise Broken(f"the message does not say what was cut:\n{said}")
    if "internal" in said.lower():
        raise Broken(f"a cut way is no fault of ours:\n{said}")
    return done.returncode != 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mode", choices=["kill", "full", "stall", "cut"])
    parser.add_argument("--case", choices=["first", "run", *COMMANDS], default="run", help="the command that is disturbed")
    parser.add_argument("--every", type=int, help="at each N-th write")
    parser.add_argument("--times", type=int, default=20, help="at N random writes (default 20)")
    parser.add_argument("--at", type=int, action="append", help="at this write")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    if options.mode == "cut" and not {"LOCHAN_TEST_LAKE", "LOCHAN_TEST_STATE"} & set(os.environ):
        os.environ |= {"LOCHAN_TEST_LAKE": "s3", "LOCHAN_TEST_STATE": "postgresql"}
    if options.mode == "full" and os.environ.get("LOCHAN_TEST_LAKE") == "s3":
        print("skipped: a bucket is never full")
        return 77
    folder = work_folder("crash")
    failures = ended = 0
    try:
        library = fault_library(folder)
        lake = prepare(folder / "lake", options.case, options.seed, library, options.mode == "cut")
        before = lake.save(folder / "before")
        lake.oracle.load(lake)
        expected = lake.oracle.contents()
        count_file = folder / "count"
        lake.must(*COMMANDS.get(options.case, ["run"]),
                  env={"LD_PRELOAD": str(library), "FAULT_COUNT_FILE": str(count_file)} | counting(lake))
        count = int(count_file.read_text().split()[1])
        lake.must("run")
        tend(lake, options.case)
        lake.must_hold(expected)
        undisturbed = {"contents": expected, "publications": len(lake.publications())}
        undisturbed["shape"] = shape(lake)
        chooser = random.Random(options.seed)
        if options.mode == "cut":
            count = 1_000_000  # seeds
        places = options.at or (list(range(1, count + 1, options.every)) if options.every else
                                sorted(chooser.sample(range(1, count + 1), min(options.times, count))))
        for place in places:
            lake.restore(before)
            try:
                ended += disturbed(options, lake, library, place)
                look(lake, undisturbed, options.mode == "kill", options.case)
            except Broken as broken:
                print(f"FAILED {options.mode} {options.case} at write {place} of {count}: {broken}", flush=True)
                failures += 1
                lake.save(folder / f"at_{place}")
        print(f"{options.mode} {options.case}: {len(places)} places of {count} writes, the fault ended {ended} of them, {failures} failed", flush=True)
    except Broken as broken:
        print(f"FAILED before any fault: {broken}")
        failures += 1
    finally:
        clean(folder, failures)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
