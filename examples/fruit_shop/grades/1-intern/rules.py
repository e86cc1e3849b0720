"""The suppliers' files are in the lake, bad ones are not in a mart, and the broom sweeps what it should."""
import csv
import json
import os
import re
import subprocess
import time

from grading import Missing, ok

NIGHTLY = re.compile(r"[0-5]?\d (1?\d|2[0-3]) \* \* \*")
ENTRY = re.compile(r"^\s*((?:[\d*/,-]+\s+){5})(.*)$")


def check(work):
    check_source(work)
    check_broom(work)
    check_schedule(work)


def check_source(work):
    work.live(5)
    work.run()
    work.has_table("raw.supplier", "id name country")
    work.has_table("raw.delivery", "id supplier_id product quantity cost delivered_at")
    work.has_table("staging.delivery", "delivery_id supplier product quantity cost delivered_at")
    work.has_table("mart.deliveries_by_product", "product deliveries quantity cost")
    compare(work)
    drop(work, "delivery_2026-01-05.csv", "106,1,Mango,10,12.50,2026-01-05 06:00:00", "107,2,Guava,8,9.99,2026-01-05 06:30:00")
    work.run()
    compare(work)
    work.same("raw.delivery, each line once", work.lake("select id from raw.delivery"), [(row["id"],) for row in dropped(work)],
              "an old file never changes: `load: incremental` reads only those that are new")
    before = mart(work)
    drop(work, "delivery_2026-01-06.csv", "108,3,Mango,-500,650.00,2026-01-06 06:00:00")
    work.run(may_fail=True)
    if mart(work) != before:
        raise Missing("a delivery of -500 mangoes has reached the mart", "give staging.delivery a check that `quantity > 0`")
    ok("a delivery of -500 mangoes is held back")
    (work.folder / "drop/delivery_2026-01-06.csv").unlink()
    drop(work, "delivery_2026-01-07.csv", "108,3,Mango,50,650.00,2026-01-06 06:00:00")
    work.run()
    work.same("mart.deliveries_by_product, when it is mended", mart(work), expected(work),
              "a delivery that comes again in a later file is the same delivery: the last one counts")


def drop(work, name, *lines):
    head = "id,supplier_id,product,quantity,cost,delivered_at"
    (work.folder / "drop" / name).write_text("\n".join((head, *lines, "")))


def dropped(work):
    return [row for file in sorted((work.folder / "drop").glob("delivery_*.csv")) for row in csv.DictReader(file.open())]


def mart(work):
    return sorted(work.lake("select product, deliveries, quantity, cost::decimal(18,2) from mart.deliveries_by_product"))


def expected(work):
    totals = {}
    for row in dropped(work):
        count, quantity, cents = totals.get(row["product"], (0, 0, 0))
        totals[row["product"]] = count + 1, quantity + int(row["quantity"]), cents + round(float(row["cost"]) * 100)
    return sorted((product, str(count), str(quantity), f"{cents // 100}.{cents % 100:02}")
                  for product, (count, quantity, cents) in totals.items())


def compare(work):
    suppliers = {row["id"]: row["name"] for row in csv.DictReader((work.folder / "drop/supplier.csv").open())}
    work.same("staging.delivery", work.lake("select delivery_id, supplier, product, quantity, cost from staging.delivery"),
              [(row["id"], suppliers[row["supplier_id"]], row["product"], row["quantity"], row["cost"]) for row in dropped(work)])
    work.same("mart.deliveries_by_product", mart(work), expected(work))


def check_broom(work):
    broom = work.folder / "clean.sh"
    work.need(broom.is_file() and os.access(broom, os.X_OK), "clean.sh can be run", "there is no clean.sh that can be run",
              "write it, then `chmod +x clean.sh`")
    old, young = ["tmp/a b.tmp", "tmp/deep/er/c.tmp"], ["tmp/d.tmp", "tmp/deep/e.tmp"]
    others = ["drop/supplier.csv", "f.tmp", "elsewhere/g.tmp"]
    for name in old + young + others[1:]:
        (work.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (work.folder / name).write_text("x")
    for name in old + others:
        os.utime(work.folder / name, (time.time() - 3 * 86400,) * 2)
    done = subprocess.run([broom], cwd=work.top, capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise Missing(f"clean.sh ends with {done.returncode}: {done.stderr}")
    left = [name for name in old if (work.folder / name).exists()]
    gone = [name for name in young + others if not (work.folder / name).exists()]
    work.need(not left, "clean.sh removes what is older than a day", f"clean.sh leaves {', '.join(left)}, of three days ago")
    work.need(not gone, "and nothing else", f"clean.sh has removed {', '.join(gone)}")
    again = subprocess.run([broom], cwd=work.top, capture_output=True, text=True, timeout=60)
    work.need(again.returncode == 0, "it may run when there is nothing to do", f"clean.sh fails the second time: {again.stderr}")


def check_schedule(work):
    if (work.folder / "crontab").is_file():
        check_crontab(work)
    else:
        check_own_schedule(work)


def check_own_schedule(work):
    done = work.lochan("schedule", "--output", "json")
    if done.returncode != 0:
        raise Missing(f"`lochan schedule` ends with {done.returncode}:\n{done.stderr}")
    schedules = json.loads(done.stdout)["schedules"]
    work.need(schedules, "there is a schedule", "lochan.yaml has no `schedules`, and there is no file `crontab`")
    work.need(any(NIGHTLY.fullmatch(schedule["when"]) for schedule in schedules), "once a night",
              "no schedule is once a night", "`cron`: minute and hour are numbers, the rest is `*`")
    commands = re.findall(r"command:(\w+)", (work.folder / "lochan.yaml").read_text())
    work.need(commands, "it selects a command", "no schedule of lochan.yaml selects a command", 'such as `select: "command:broom"`')
    sweep(work, ["run"], "a run of everything sweeps nothing", False)
    sweep(work, ["run", "--select", f"command:{commands[0]}"], f"command:{commands[0]} sweeps", True)


def sweep(work, command, what, is_gone):
    old = work.folder / "tmp/old.tmp"
    old.write_text("x")
    os.utime(old, (time.time() - 3 * 86400,) * 2)
    done = work.lochan(*command)
    if done.returncode != 0:
        raise Missing(f"`lochan {' '.join(command)}` ends with {done.returncode}:\n{done.stdout}{done.stderr}")
    work.need(old.exists() != is_gone, what, f"after `lochan {' '.join(command)}` tmp/old.tmp is {'there' if is_gone else 'gone'}",
              "`run: [sh, clean.sh]` and `when: selected` in commands/broom.yaml")


def check_crontab(work):
    file = work.folder / "crontab"
    lines = [line for line in file.read_text().splitlines() if line.strip() and not line.startswith("#") and "=" not in line.split()[0]]
    entries = [ENTRY.match(line) for line in lines]
    for line, entry in zip(lines, entries):
        if not entry:
            raise Missing(f"crontab: `{line}` is no entry", "minute hour day month weekday command")
    found = [entry for entry in entries if "/srv/shop/clean.sh" in entry.group(2)]
    work.need(found, "crontab starts /srv/shop/clean.sh", "crontab does not start /srv/shop/clean.sh")
    minute, hour, *days = found[0].group(1).split()
    work.need(minute.isdigit() and hour.isdigit() and days == ["*"] * 3 and int(minute) < 60 and int(hour) < 24,
              "once a night", f"`{found[0].group(1).strip()}` is not once a night", "minute and hour are numbers, the rest is `*`")
