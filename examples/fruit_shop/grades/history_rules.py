"""What middle and senior have in common: the lake's history is the list of versions that were seen at the shops."""
import os
import signal
import subprocess
import time

from grading import Missing, ok

COLUMNS = {
    "customer": "first_name last_name email phone city",
    "product": "name country unit price",
    "employee": "name position hired_at",
}
SETTINGS = {"update_rows_per_tick": 8, "delete_older_than_sec": 40_000, "product_rows_per_tick": 1}


def cents(text):
    return round(float(text) * 100)


def instant(text):
    """Without the zeros that some leave away."""
    return text.rstrip("0").rstrip(".") if "." in text else text


class Versions:
    """What each row of the three tables was, at each look."""

    def __init__(self, work):
        self.work = work
        self.seen = {table: {} for table in COLUMNS}  # key: [[values, since, is it there no more], …]

    def look(self):
        for table, columns in COLUMNS.items():
            present = {}
            for branch, key, since, *values in self.work.of_shops(f"id, updated_at, {columns.replace(' ', ', ')}", table):
                present[branch, key] = (self.comparable(table, values), instant(since))
            for key, (values, since) in present.items():
                versions = self.seen[table].setdefault(key, [])
                if not versions or versions[-1][0] != values or versions[-1][2]:
                    versions.append([values, since, False])
            for key in self.seen[table].keys() - present.keys():
                self.seen[table][key][-1][2] = True

    @staticmethod
    def comparable(table, values):
        return tuple(cents(value) if name == "price" else value for name, value in zip(COLUMNS[table].split(), values))

    def compare(self):
        for table, columns in COLUMNS.items():
            names = f"branch, {table}_id, valid_from::timestamp, valid_to is null, is_current, {columns.replace(' ', ', ')}"
            rows = self.work.lake(f"select {names} from history.{table} order by branch, {table}_id, valid_from")
            found = {}
            for branch, key, since, is_open, is_current, *values in rows:
                if is_open != is_current:
                    raise Missing(f"history.{table}: {branch} {key} has is_current = {is_current}, and valid_to is {'null' if is_open == 'true' else 'not null'}")
                found.setdefault((branch, key), []).append((self.comparable(table, values), instant(since), is_open == "false"))
            self.compare_keys(table, found)
            self.check_ranges(table)

    def compare_keys(self, table, found):
        for key, versions in self.seen[table].items():
            # A version ends with the next one; the last when the row is deleted.
            wanted = [(values, since, last or i + 1 < len(versions)) for i, (values, since, last) in enumerate(versions)]
            ours = found.get(key, [])
            # When a row is gone and comes back, it may be open since its own time or since it was seen again.
            same = len(ours) == len(wanted) and all(
                one[0] == other[0] and one[2] == other[2] and (one[1] == other[1] or (i > 0 and versions[i - 1][2]))
                for i, (one, other) in enumerate(zip(ours, wanted)))
            if not same:
                shown = "".join(f"\n    {values} since {since}{', ended' if ended else ''}" for values, since, ended in wanted)
                has = "".join(f"\n    {values} since {since}{', ended' if ended else ''}" for values, since, ended in ours) or " nothing"
                raise Missing(f"history.{table}: {key[0]} {key[1]}\n  had at the shop{shown}\n  has in the history{has}",
                              "materialized: scd2 with the key, updated_at and _deleted")
        if more := found.keys() - self.seen[table].keys():
            raise Missing(f"history.{table} has {len(more)} keys that no shop had, such as {min(more)}")
        ok(f"history.{table}: {sum(map(len, self.seen[table].values()))} versions of {len(self.seen[table])} rows, as they were seen")

    def check_ranges(self, table):
        crossed = self.work.number(f"""
            select count(*) from history.{table} as a join history.{table} as b
              on a.branch = b.branch and a.{table}_id = b.{table}_id and a.valid_from < b.valid_from
             and (a.valid_to is null or a.valid_to > b.valid_from)""")
        if crossed:
            raise Missing(f"history.{table}: {crossed} pairs of versions of one row hold at the same time")


def check_tables(work):
    for table, columns in COLUMNS.items():
        work.has_table(f"history.{table}", f"branch {table}_id valid_from valid_to is_current {columns}")
    work.has_table("staging.sale", "branch sale_id employee_id sold_at payment_type")
    work.has_table("staging.sale_item", "branch item_id sale_id product_id quantity price discount")
    work.has_table("mart.sales_by_day", "branch day sales revenue")


def left(work, table):
    """The condition for rows that are there."""
    done = work.lochan("query", "--output", "csv", f"select is_deleted from {table} limit 0")
    return "not is_deleted" if done.returncode == 0 else "true"


def compare_sales(work):
    hint = "`deletes: detect` finds what is gone at an incrementally loaded source"
    work.same("staging.sale", work.lake(f"select branch, sale_id, employee_id, payment_type from staging.sale where {left(work, 'staging.sale')}"),
              work.of_shops("id, employee_id, payment_type", "sale"), hint)
    columns = "sale_id, product_id, quantity, price, discount"
    work.same("staging.sale_item",
              [(*row[:4], *map(cents, row[4:])) for row in work.lake(
                  f"select branch, item_id, {columns} from staging.sale_item where {left(work, 'staging.sale_item')}")],
              [(*row[:4], *map(cents, row[4:])) for row in work.of_shops(f"id, {columns}", "sale_item")], hint)
    in_mart = [(branch, cents(revenue)) for branch, revenue in work.lake("select branch, sum(revenue) from mart.sales_by_day group by branch")]
    work.same("mart.sales_by_day", in_mart, revenue(work))


def revenue(work):
    """Of each branch, in cents, each line rounded."""
    totals = {}
    for branch, quantity, price, discount in work.of_shops("quantity, price, discount", "sale_item"):
        totals[branch] = totals.get(branch, 0) + (cents(quantity) * cents(price) * (100 - cents(discount)) + 5000) // 10000
    return list(totals.items())


def live_and_load(work, versions, ticks):
    work.live(ticks, **SETTINGS)
    versions.look()
    work.run()


def check_history(work):
    """The whole story of the middle grade; returns what was seen, for more."""
    versions = Versions(work)
    live_and_load(work, versions, 40)
    check_tables(work)
    versions.compare()
    compare_sales(work)
    live_and_load(work, versions, 10)
    check_deletes(work, versions)
    check_killed_run(work, versions)
    versions.compare()
    compare_sales(work)
    # A server may have to be asked whether there is something; nothing is written then.
    work.need(not work.run()["published"], "a run with nothing new publishes nothing", "a run with nothing new publishes something")
    return versions


def check_deletes(work, versions):
    shop = work.shops[0]
    free = shop.rows("select max(id) from customer where id not in (select customer_id from sale)")[0][0]
    kept = shop.rows(f"select first_name, last_name, email, phone, city, created_at from customer where id = {free}")[0]
    shop.change(f"delete from customer where id = {free}")
    shop.change("delete from product where id = (select max(id) from product where id not in (select product_id from sale_item))")
    versions.look()
    work.run()
    versions.compare()
    ok("what was deleted at the shop is closed")
    values = ", ".join(f"'{value}'" for value in kept)
    shop.change(f"insert into customer(id, first_name, last_name, email, phone, city, created_at, updated_at)"
                f" values ({free}, {values}, '{shop.later()}')")
    versions.look()
    work.run()
    versions.compare()
    ok("a customer who came back is open again")


def check_killed_run(work, versions):
    work.live(5, **SETTINGS)
    versions.look()
    run = subprocess.Popen([work.program, "run"], cwd=work.folder, env=work.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(0.4)
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    work.run()
    ok("a run after a killed one")
