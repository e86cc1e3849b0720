"""Ticks a small lake again and again, with merges, and fails when it rots.

  ticks.py N [--maintain-every M] [--csv FILE]

Each tick: a few sales and corrections in both shops, then a run. It fails when the median of the last 50 ticks costs
more than 1.5 times the CPU of the first 50 (or a third of N, where N is small; the first 10 are not counted), when a
tick asks the catalog for more, or when files, metadata or state grow on and on.
"""
import argparse
import csv
import os
import statistics
import sys
import time

from shop_lake import Broken, ShopLake, clean, fault_library, finish, must_succeed, work_folder

WARM_UP = 10
COLUMNS = ("tick", "cpu", "seconds", "requests", "files", "metadata_bytes", "data_bytes", "state_bytes", "home_files")


def cpu_of_children():
    times = os.times()
    return times.children_user + times.children_system


def tick(lake, number, library, count_file):
    lake.trade(sales=5, updates=3)
    lake.oracle.load(lake)
    cpu, begin = cpu_of_children(), time.monotonic()
    said = must_succeed(finish(lake.start("run", env={"LD_PRELOAD": str(library), "FAULT_COUNT_FILE": str(count_file)})))
    if "nothing to do" in said:
        raise Broken(f"tick {number} found nothing to do")
    row = {"tick": number, "cpu": cpu_of_children() - cpu, "seconds": time.monotonic() - begin,
           "requests": int(count_file.read_text().split()[3])}
    return row | sizes(lake)


def sizes(lake):
    files = lake.files()
    home = [path for path in (lake.folder / ".lochan").rglob("*") if path.is_file()]
    return {"files": len(files),
            "metadata_bytes": sum(size for name, size in files.items() if "/metadata/" in name),
            "data_bytes": sum(size for name, size in files.items() if "/metadata/" not in name),
            "state_bytes": lake.place.state_bytes() + sum(path.stat().st_size for path in home if path.name.startswith("state.db-")),
            "home_files": len(home)}


def judge(rows, tended):
    """`tended`: sizes after each maintain. Returns what is wrong."""
    window = min(50, len(rows) // 3)
    first, last = rows[WARM_UP:WARM_UP + window], rows[-window:]
    wrong = []
    for what, bound in (("cpu", 1.5), ("requests", 1.5)):
        early, late = (statistics.median(row[what] for row in part) for part in (first, last))
        print(f"{what} of a tick: {early:.3f} at first, {late:.3f} at last, ratio {late / early:.2f}")
        if late > bound * early:
            wrong.append(f"the last ticks cost {late / early:.2f} times the {what} of the first")
    early, late = tended[len(tended) // 3], tended[-1]
    between = (len(tended) - 1 - len(tended) // 3) * len(rows) // len(tended)
    for what in ("files", "metadata_bytes", "state_bytes"):
        print(f"{what} after maintain: {early[what]} after a third of the ticks, {late[what]} at the end")
        # The state may grow by the journal's rows of each run, until those of old runs roll over.
        bound = early[what] + 4000 * between if what == "state_bytes" else 1.5 * early[what]
        if what == "metadata_bytes":  # a table's metadata names up to a hundred of those before it
            bound += 1000 * min(between, 100)
        if late[what] > bound:
            wrong.append(f"{what} grow on: {early[what]} after a third of the ticks, {late[what]} at the end")
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ticks", type=int, metavar="N")
    parser.add_argument("--maintain-every", type=int, default=10)
    parser.add_argument("--check-every", type=int, default=50, help="compare the tables with the shops")
    parser.add_argument("--csv", help="every tick's figures")
    options = parser.parse_args()
    folder = work_folder("ticks")
    rows, tended, wrong = [], [], []
    try:
        library = fault_library(folder)
        lake = ShopLake(folder / "lake").create()
        lake.trade()
        lake.run()
        for number in range(1, options.ticks + 1):
            rows.append(tick(lake, number, library, folder / "count"))
            if number % options.maintain_every == 0:
                lake.sweep()
                lake.place.vacuum_state()
                tended.append(sizes(lake))
            if number % options.check_every == 0 or number == options.ticks:
                lake.must_hold(lake.oracle.contents())
                print("  ".join(f"{name} {rows[-1][name]:.3g}" if name in ("cpu", "seconds") else f"{name} {rows[-1][name]}"
                                for name in COLUMNS), flush=True)
        wrong = judge(rows, tended)
    except Broken as broken:
        wrong = [str(broken)]
    finally:
        if options.csv:
            with open(options.csv, "w", newline="") as file:
                writer = csv.DictWriter(file, COLUMNS)
                writer.writeheader()
                writer.writerows(rows)
        clean(folder, wrong)
    for line in wrong:
        print("FAILED", line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
