"""The history of the middle grade; nothing bad ever seen; a load test whose figures can be true."""
import json
import os
import subprocess
import threading

from grading import Missing, ok
from history_rules import cents, check_history, compare_sales, left, revenue

BAD = {
    "history.product": "price <= 0 or unit not in ('kg', 'piece')",
    "staging.sale_item": "quantity <= 0 or price < 0",
}


def check(work):
    versions = check_history(work)
    work.has_table("mart.sales_by_branch", "branch sales revenue")
    reader = Reader(work)
    try:
        check_audit(work, versions)
        check_load_test(work)
    finally:
        reader.leave()
    answers = reader.told()
    ok(f"a reader saw the marts agree, and nothing bad, {answers} times")


class Reader:
    """Somebody who asks again and again, whatever is going on."""

    def __init__(self, work):
        self.work, self.answers, self.problem = work, 0, None
        self.is_closed = threading.Event()
        self.thread = threading.Thread(target=self.read)
        self.thread.start()

    def read(self):
        bad = " + ".join(f"(select count(*) from {table} where {condition})" for table, condition in BAD.items())
        sql = f"select (select sum(revenue) from mart.sales_by_day) = (select sum(revenue) from mart.sales_by_branch), {bad}"
        while not self.is_closed.wait(0.2) and not self.problem:
            try:
                agree, count = self.work.lake(sql)[0]
                self.answers += 1
                if agree != "true":
                    self.problem = "a reader saw mart.sales_by_day and mart.sales_by_branch with another revenue"
                elif count != "0":
                    self.problem = f"a reader saw {count} bad rows"
            except Missing as missing:
                self.problem = str(missing)

    def leave(self):
        self.is_closed.set()
        self.thread.join()

    def told(self):
        if self.problem:
            raise Missing(self.problem, "what fails a check is held back with what is made from it, or put aside row by row")
        return self.answers


def check_audit(work, versions):
    shop = work.shops[0]
    later = shop.later()
    shop.change(f"update product set price = -price, updated_at = '{later}' where id = 2")
    shop.change(f"update product set unit = 'basket', updated_at = '{later}' where id = 3")
    shop.change(f"update sale_item set quantity = -quantity, updated_at = '{later}' where id = (select max(id) from sale_item)")
    shop.change(f"update customer set city = 'Lima', updated_at = '{later}' where id = 1")
    before, unit = mart(work), shop_unit(work)
    work.run(may_fail=True)
    for table, condition in BAD.items():
        count = work.number(f"select count(*) from {table} where {condition}")
        work.need(count == 0, f"{table} has no bad row", f"{table} has {count} bad rows that readers see: {condition}",
                  "leave out or put aside what no version may be, and have a check that holds the table back otherwise")
    # The line is left out, or the mart is still that of before.
    after = mart(work)
    good = {key: value for key, value in revenue(work)}
    negative = shop.rows("select quantity, price, discount from sale_item where quantity < 0")[0]
    without = dict(good)
    without[shop.name] -= (cents(negative[0]) * cents(negative[1]) * (100 - cents(negative[2])) + 5000) // 10000
    if after not in (before, without) and not is_near(after, without):
        raise Missing(f"mart.sales_by_day counts a line that should not be there: {after}, before {before}")
    ok("the mart does not count what was refused")
    moved = work.number("select count(*) from history.customer where is_current and branch = 'branch_1' and customer_id = 1 and city = 'Lima'")
    work.need(moved == 1, "a customer who moved is seen to have moved", "history.customer was stopped by what is wrong in other tables")
    mend(work, shop, unit)
    versions.look()
    work.run()
    versions.compare()
    compare_sales(work)
    ok("everything is right when the shop has mended it, and the mistake is no version")


def mart(work):
    return {branch: cents(total) for branch, total in work.lake("select branch, sum(revenue) from mart.sales_by_day group by branch")}


def is_near(after, without):
    """A cent more or less: the refused line is rounded away from zero."""
    return after.keys() == without.keys() and all(abs(after[key] - without[key]) <= 1 for key in after)


def shop_unit(work):
    return work.lake("select unit from history.product where branch = 'branch_1' and product_id = 3 and is_current")[0][0]


def mend(work, shop, unit):
    later = shop.later()[:19] + ".999900"
    shop.change(f"update product set price = -price, updated_at = '{later}' where id = 2")
    shop.change(f"update product set unit = '{unit}', updated_at = '{later}' where id = 3")
    shop.change(f"update sale_item set quantity = -quantity, updated_at = '{later}' where quantity < 0")


def check_load_test(work):
    program = work.folder / "load_test"
    work.need(program.is_file() and os.access(program, os.X_OK), "load_test can be run", "there is no program `load_test`")
    before = work.number("select count(distinct (_source, id)) from raw.sale")
    done = subprocess.run([program], cwd=work.folder, capture_output=True, text=True, timeout=240,
                          env={**work.environment, "RATES": "5 40", "SECONDS": "3", "LOCHAN_BIN": work.program})
    if done.returncode != 0:
        raise Missing(f"load_test ends with {done.returncode}:\n{done.stderr}")
    try:
        report = json.loads((work.folder / "load_test.json").read_text())
        steps = [tuple(float(step[name]) for name in ("rate", "sales", "p50", "p95", "max")) for step in report["steps"]]
        verdict = report["saturates_at"], report["bound_by"]
    except (OSError, ValueError, KeyError, TypeError) as why:
        raise Missing(f"load_test.json is not as the task says: {why!r}")
    work.need([step[0] for step in steps] == [5, 40], "load_test.json has both rates", f"load_test.json has the rates {[step[0] for step in steps]}")
    sold = work.number("select count(distinct (_source, id)) from raw.sale") - before
    work.need(sum(step[1] for step in steps) == sold, f"and {sold} sales, as the lake",
              f"load_test.json has {sum(step[1] for step in steps):g} sales, {sold} came to the lake")
    work.need(all(0 < p50 <= p95 <= most for _, _, p50, p95, most in steps), "p50, p95 and max are in order",
              "p50, p95 and max are not in order, or not above zero")
    work.need(isinstance(verdict[1], str) and verdict[1] and (verdict[0] is None or verdict[0] in (5, 40)), "and a verdict",
              "`saturates_at` is one of the rates or null, and `bound_by` says why")
