"""Only what is new is read, and the lake has every row of the shops once, whatever happened meanwhile."""
import os
import signal
import subprocess
import time

from grading import Missing, ok, step

SETTINGS = {"update_rows_per_tick": 0, "delete_older_than_sec": 0}


def check(work):
    work.live(60, **SETTINGS)
    work.run()
    work.has_table("raw.sale", "_source _loaded_at")
    work.has_table("raw.sale_item", "_source _loaded_at")
    work.has_table("staging.sale", "branch sale_id sold_at payment_type")
    work.has_table("staging.sale_item", "branch item_id sale_id product_id quantity price discount")
    work.has_table("mart.sales_by_day")
    compare(work)
    check_second_load(work)
    check_killed_run(work)
    check_cursor(work)


def compare(work):
    work.same("staging.sale", work.lake("select branch, sale_id, payment_type from staging.sale"),
              work.of_shops("id, payment_type", "sale"), "every branch counts from 1: the key needs the branch")
    work.same("staging.sale_item", [(*row[:4], *map(cents, row[4:])) for row in work.lake(
        "select branch, item_id, sale_id, product_id, quantity, price, discount from staging.sale_item")],
        [(*row[:4], *map(cents, row[4:])) for row in work.of_shops("id, sale_id, product_id, quantity, price, discount", "sale_item")])
    in_mart = sum(cents(row[0]) for row in work.lake("select revenue from mart.sales_by_day"))
    at_shops = sum((cents(quantity) * cents(price) * (100 - cents(discount)) + 5000) // 10000
                   for _, quantity, price, discount in work.of_shops("quantity, price, discount", "sale_item"))
    work.need(in_mart == at_shops, f"mart.sales_by_day: {at_shops / 100:.2f} in all, as at the shops",
              f"mart.sales_by_day has {in_mart / 100:.2f} in all, the shops have {at_shops / 100:.2f}")


def cents(text):
    return round(float(text) * 100)


def check_second_load(work):
    before = counts(work)
    work.live(10, **SETTINGS)
    new = {table: counts(work)[table] - before[table] for table in before}
    report = work.run()
    compare(work)
    versions = work.lake("select (select count(*) from raw.sale), (select count(*) from raw.sale_item)")[0]
    work.need(list(map(int, versions)) == [counts(work)["sale"], counts(work)["sale_item"]],
              "raw has each row once, after two loads", "raw has rows twice: a load repeats what is there",
              "with a `key` a row that is in the lake already is not written again")
    for table in ("sale", "sale_item"):
        built = step(report, f"staging.{table}")
        if built is None or built["kind"] != "incremental":
            raise Missing(f"staging.{table} is built whole each time", "materialized: incremental")
        work.need(built["rows_written"] <= new[table], f"staging.{table} wrote {built['rows_written']} rows, of {new[table]} new ones",
                  f"staging.{table} wrote {built['rows_written']} rows where {new[table]} were new",
                  "read on from $since: `where $since is null or _loaded_at > $since`")
    work.need(not work.run()["steps"], "a run with nothing new does nothing", "a run with nothing new does something")


def counts(work):
    return {table: sum(shop.number(f"select count(*) from {table}") for shop in work.shops) for table in ("sale", "sale_item")}


def check_killed_run(work):
    work.live(20, **SETTINGS)
    run = subprocess.Popen([work.program, "run"], cwd=work.folder, env=work.environment, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
    time.sleep(0.4)
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    work.run()
    compare(work)
    ok("nothing is lost or doubled after a run was killed")


def check_cursor(work):
    for shop in work.shops:
        shop.change("update sale set payment_type = 'shells' where id = 1")
    work.live(1, **SETTINGS)
    work.run()
    seen = work.number("select count(*) from raw.sale where payment_type = 'shells'")
    work.need(seen == 0, "old rows are not read again", "a change of an old row, unseen by any cursor, has been read: raw.sale is read whole",
              "load: incremental, with a cursor that grows")
