"""Things that go wrong in the middle of a run, or under it: each is told, loses nothing, and is over when it is over.

  mishaps.py [MISHAP…] [--times N]

  gone        a shop's database is removed at a random instant of a run, and comes back
  locked      a shop's database is locked: the other shop is loaded, the message names the one that is not
  vanished    a table of a shop is dropped
  dimension   a dimension fails its audit under a fact that passes: the fact is held back with it
  read_only   the lake can't be written
  newer       the state was written by a newer version
"""
import json
import random
import sqlite3
import sys
import time

from shop_lake import Broken, ShopLake, fault_library, finish, main_of_scenes

SHOP_1 = "select count(*) as n from raw.sale where _source = 'shop_1'"


def must_fail(done, *words, codes=(1,)):
    """It failed as it should, and its message has the words."""
    said = done.stdout + done.stderr
    if done.returncode not in codes:
        raise Broken(f"exit {done.returncode}, expected {codes}\n{said}")
    for word in words:
        if word not in said:
            raise Broken(f"the message does not say `{word}`:\n{said}")


def gone(lake, chooser, times):
    lake.trade()
    begin = time.monotonic()
    lake.run()
    usual = time.monotonic() - begin
    shop, aside = lake.folder / "shop_2.db", lake.folder / "aside.db"
    for _ in range(times):
        lake.trade()
        lake.oracle.load(lake)
        run = lake.start("run", "--output", "json")
        time.sleep(chooser.uniform(0, usual))
        shop.rename(aside)
        done = finish(run)
        if done.returncode == 1:
            must_fail(done, "shop_2")
            failed = [step["step"] for step in json.loads(done.stdout)["steps"] if step["state"] == "failed"]
            if failed != ["source:shop/shop_2"]:
                raise Broken(f"without shop_2's database, these steps failed: {failed}\n{done.stdout}")
        elif done.returncode != 0:
            raise Broken(f"exit {done.returncode}\n{done.stdout}{done.stderr}")
        if shop.exists():
            raise Broken("the run made a database where one had been")
        aside.rename(shop)
        lake.must("run")
        lake.must_hold(lake.oracle.contents())


def locked(lake, chooser, times):
    lake.trade()
    lake.run()
    for _ in range(times):
        lake.trade()
        lake.oracle.load(lake)
        before = lake.query(SHOP_1)[0]["n"]
        holder = sqlite3.connect(lake.folder / "shop_2.db", isolation_level=None)
        holder.execute("begin exclusive")
        done = lake.command("run")
        holder.execute("rollback")
        holder.close()
        must_fail(done, "shop_2", "locked")
        if lake.query(SHOP_1)[0]["n"] <= before:
            raise Broken("shop_1 was not loaded while shop_2 was locked")
        lake.must("run")
        lake.must_hold(lake.oracle.contents())


def vanished(lake, chooser, times):
    lake.trade()
    lake.run()
    lake.trade()
    with lake.shop(2) as database:
        database.execute("alter table sale rename to sales")
    must_fail(lake.command("run"), "shop_2", "`sale`")
    with lake.shop(2) as database:
        database.execute("alter table sales rename to sale")
    lake.run()
    lake.must_hold(lake.oracle.contents())


def dimension(lake, chooser, times):
    lake.trade()
    lake.run()
    good = lake.oracle.copy()
    lake.trade()
    with lake.shop(1) as database:
        database.execute("update product set price = null where id = 3")
    done = lake.command("run", "--output", "json")
    must_fail(done, "staging.product")
    outcome = json.loads(done.stdout)
    held = {entry["table"] for entry in outcome["held_back"]}
    # The fact is held with the dimension: its mart reads it, and its own check does.
    if not {"staging.product", "staging.sale", "mart.revenue"} <= held or "staging.sale_log" in held:
        raise Broken(f"held back were {sorted(held)}")
    found = lake.contents()
    for table in ("staging.product", "staging.sale", "mart.revenue", "mart.biggest"):
        if found[table] != good.contents()[table]:
            raise Broken(f"{table} was published although it was to be held back")
    branch = outcome["branch"]
    failing = lake.query("select count(*) as n from staging.product where price is null", "--branch", branch)[0]["n"]
    if failing != 1:
        raise Broken(f"branch {branch} shows {failing} of the rows that were held back")
    with lake.shop(1) as database:
        database.execute("update product set price = 2 where id = 3")
    lake.must("run")
    found = lake.contents()
    lake.oracle.load(lake)
    for table in ("staging.product", "staging.sale", "mart.revenue", "mart.biggest"):
        if found[table] != lake.oracle.contents()[table]:
            raise Broken(f"{table} is not right after the dimension was put right")


def read_only(lake, chooser, times):
    if lake.place.bucket or lake.place.schema:
        return  # of folders only
    library = fault_library(lake.folder)
    lake.trade()
    lake.run()
    lake.trade()
    must_fail(lake.command("run", env={"LD_PRELOAD": str(library), "FAULT_READ_ONLY": str(lake.folder / "lake")}), "lake")
    must_fail(lake.command("run", env={"LD_PRELOAD": str(library), "FAULT_READ_ONLY": str(lake.folder)}), "state")
    lake.run()
    lake.must_hold(lake.oracle.contents())


def newer(lake, chooser, times):
    lake.trade()
    lake.run()
    lake.trade()
    tables = ("schema_version", "run", "step", "publication", "entry", "claim", "branch")
    lake.place.ask_state("update schema_version set version = version + 1 returning 1")
    dump = [sorted(map(str, lake.place.ask_state(f"select * from {table}"))) for table in tables]
    for command in (["run"], ["plan"], ["query", "select 1"], ["maintain"], ["history"], ["rollback", "--to", "1"]):
        must_fail(lake.command(*command), "newer", codes=(1, 2))
    if [sorted(map(str, lake.place.ask_state(f"select * from {table}"))) for table in tables] != dump:
        raise Broken("the newer state was changed")
    lake.place.ask_state("update schema_version set version = version - 1 returning 1")
    lake.run()
    lake.must_hold(lake.oracle.contents())


MISHAPS = {mishap.__name__: mishap for mishap in (gone, locked, vanished, dimension, read_only, newer)}


def play(scene, folder, options):
    return scene(ShopLake(folder / "lake", options.seed).create(), random.Random(options.seed), options.times)


if __name__ == "__main__":
    sys.exit(main_of_scenes(__doc__, "mishaps", MISHAPS, play, times=2))
