"""A small fruit shop for campaigns: two shops in SQLite files, a project over them, and what its lake must hold.

Only the standard library and the `lochan` program are used here, as a user has them. What the tables must hold is
computed in Python from the shops, so it rests on nothing that Lochan says.
"""
import argparse
import calendar
import collections
import datetime
import json
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from places import Place  # noqa: E402

LOCHAN = os.environ.get("LOCHAN_BIN", str(pathlib.Path(__file__).resolve().parents[2] / "build/release/lochan"))

PROJECT = {
    "lochan.yaml": """\
name: campaign
lake: ./lake
connections:
  shop_1: sqlite:./shop_1.db
  shop_2: sqlite:./shop_2.db
  drop: files:./drop
retention: { publications: 0s, keep_publications: 3, failed_branches: 0s }
run: { retry_delay: 10ms }
""",
    "sources/shop.yaml": """\
source: shop
from: [shop_1, shop_2]
tables:
  product: { load: full, key: id }
  sale: { load: incremental, cursor: updated_at, key: id, lookback: 1m }
""",
    "models/staging/product.sql": """\
/* ---
materialized: table
checks:
  - not_null: [id, price]
  - unique: [_source, id]
--- */
select _source, id, name, price from raw.product
qualify row_number() over (partition by _source, id order by _loaded_at desc) = 1 and not _deleted
""",
    "models/staging/sale.sql": """\
/* ---
materialized: incremental
key: [_source, id]
checks:
  - relationships: { column: product_id, to: staging.product, field: id }
--- */
select _source, id, product_id, quantity, updated_at from raw.sale
where $since is null or _loaded_at > $since
qualify row_number() over (partition by _source, id order by _loaded_at desc) = 1
""",
    "models/staging/sale_log.sql": """\
/* ---
materialized: append
--- */
select _source, id, quantity, _loaded_at from raw.sale where $since is null or _loaded_at > $since
""",
    "models/staging/product_history.sql": """\
/* ---
materialized: scd2
key: [_source, id]
--- */
select _source, id, name, price, _loaded_at, _deleted from raw.product where $since is null or _loaded_at > $since
""",
    "models/staging/sale_history.sql": """\
/* ---
materialized: scd2
key: [_source, id]
updated_at: updated_at
--- */
select _source, id, product_id, quantity, updated_at, _loaded_at from raw.sale where $since is null or _loaded_at > $since
""",
    "models/mart/revenue.sql": """\
/* ---
materialized: table
--- */
select s._source, p.name, count(*) as sales, sum(s.quantity) as pieces, sum(s.quantity * p.price) as revenue
from staging.sale s join staging.product p on p._source = s._source and p.id = s.product_id
group by all
""",
    # By months: a new hour or day would be news to it, where a campaign expects that there is nothing to do.
    "models/mart/sales_by_month.sql": """\
/* ---
materialized: incremental
time: month
interval: month
inputs: { staging.sale: updated_at }
--- */
select date_trunc('month', updated_at) as month, _source, count(*) as sales, sum(quantity) as pieces
from staging.sale where updated_at >= $since and updated_at < $until group by all
""",
    "models/mart/biggest.sql": "/* ---\nmaterialized: view\n--- */\nselect * from mart.revenue where revenue > 100\n",
}

# Files with lines that can't be read and rows that checks refuse: for lakes that deliver().
DELIVERIES = {
    "sources/drop.yaml": """\
source: drop
from: drop
tables:
  delivery:
    load: incremental
    from: '*.csv'
    columns: { day: integer, id: integer, pieces: integer }
    checks:
      - range: { column: pieces, min: 1, on_fail: quarantine }
""",
    "models/staging/delivery.sql": """\
/* ---
materialized: incremental
key: id
checks:
  - range: { column: pieces, max: 8, on_fail: quarantine }
--- */
select id, day, pieces from raw.delivery where $since is null or _loaded_at > $since
qualify row_number() over (partition by id order by day desc) = 1
""",
}

# Each table as lines of text, numbers as integers: what Oracle.contents() computes without Lochan.
COMPARED = {
    "raw.product": "_source, id, name, round(price * 100)::bigint, coalesce(_deleted, false)",
    "raw.sale": "_source, id, product_id, quantity, epoch(updated_at)::bigint, coalesce(_deleted, false)",
    "staging.product": "_source, id, name, round(price * 100)::bigint",
    "staging.sale": "_source, id, product_id, quantity, epoch(updated_at)::bigint",
    "staging.sale_log": "_source, id, quantity",
    "staging.product_history": "_source, id, name, round(price * 100)::bigint, is_current",
    "staging.sale_history": "_source, id, product_id, quantity, epoch(updated_at)::bigint, epoch(valid_from)::bigint, "
                            "coalesce(epoch(valid_to)::bigint::varchar, 'open')",
    "mart.revenue": "_source, name, sales, pieces, round(revenue * 100)::bigint",
    "mart.sales_by_month": "epoch(month)::bigint, _source, sales, pieces",
    "mart.biggest": "_source, name, sales, pieces, round(revenue * 100)::bigint",
}
# Of a row that was refused its day and id, of a line that can't be read its text; and whether it still is missing.
REFUSED = "position, {key}, closed_run is null"
DELIVERED = {
    "raw.delivery": "day, id, pieces",
    "raw.delivery__rejected": REFUSED.format(key="case when checks is null then payload else payload::json->>'id' end"),
    "staging.delivery": "id, day, pieces",
    "staging.delivery__rejected": REFUSED.format(key="payload::json->>'day'"),
}

PRODUCTS = "select id, name, cast(round(price * 100) as integer) from product"
SALES = "select id, product_id, quantity, cast(strftime('%s', updated_at) as integer) from sale"


class Broken(Exception):
    """Something that must hold does not."""


def sale_history(versions):
    """Of two corrections with one time the one that was loaded last; equal ones in a row are one, which shows the last."""
    keys = collections.defaultdict(dict)
    for version in versions:
        keys[version[:2]][version[4]] = version
    for by_time in keys.values():
        rows = []
        for at, version in sorted(by_time.items()):
            if rows and rows[-1][1][2:4] == version[2:4]:
                rows[-1][1] = version
            else:
                rows.append([at, version])
        ends = [begin for begin, _ in rows[1:]] + ["open"]
        yield from ((*version, begin, end) for (begin, version), end in zip(rows, ends))


class Oracle:
    """What the tables must hold: the shops' rows, and every version of them that a load came to see."""

    def __init__(self):
        self.versions = {"product": [], "sale": []}  # of raw.*: (source, id, the other columns …)
        self.newest = {"product": {}, "sale": {}}
        self.files = {}  # of deliveries: name and lines

    def copy(self):
        other = Oracle()
        other.versions = {table: list(rows) for table, rows in self.versions.items()}
        other.newest = {table: dict(rows) for table, rows in self.newest.items()}
        other.files = dict(self.files)
        return other

    def load(self, shop):
        """A run has seen the shops as they are now, and the files that were delivered."""
        self.files |= {path.name: path.read_text().splitlines() for path in (shop.folder / "drop").glob("*.csv")}
        for number in (1, 2):
            with shop.shop(number) as database:
                for table, sql in (("product", PRODUCTS), ("sale", SALES)):
                    for row in database.execute(sql):
                        version = (f"shop_{number}", *row)
                        if self.newest[table].get(version[:2]) != version:
                            self.newest[table][version[:2]] = version
                            self.versions[table].append(version)

    def contents(self):
        products, sales = self.newest["product"], self.newest["sale"]
        groups = collections.defaultdict(lambda: [0, 0, 0])
        for source, _, product, quantity, _ in sales.values():
            group = groups[source, products[source, product][2]]
            group[0] += 1
            group[1] += quantity
            group[2] += quantity * products[source, product][3]
        months = collections.defaultdict(lambda: [0, 0])
        for source, _, _, quantity, updated_at in sales.values():
            day = datetime.datetime.fromtimestamp(updated_at, datetime.timezone.utc)
            month = months[calendar.timegm((day.year, day.month, 1, 0, 0, 0)), source]
            month[0] += 1
            month[1] += quantity
        revenue = [(*names, *sums) for names, sums in groups.items()]
        tables = {
            "raw.product": [(*version, "false") for version in self.versions["product"]],
            "raw.sale": [(*version, "false") for version in self.versions["sale"]],
            "staging.product": products.values(),
            "staging.sale": sales.values(),
            "staging.sale_log": [(version[0], version[1], version[3]) for version in self.versions["sale"]],
            "staging.product_history": [(*version, str(products[version[:2]] == version).lower()) for version in self.versions["product"]],
            "staging.sale_history": sale_history(self.versions["sale"]),
            "mart.revenue": revenue,
            "mart.sales_by_month": [(*names, *sums) for names, sums in months.items()],
            "mart.biggest": [row for row in revenue if row[4] > 100_00],
        } | self.delivered()
        return {name: sorted("|".join(str(value) for value in row) for row in rows) for name, rows in tables.items()}


    def delivered(self):
        """Each line of a file is a row or a rejected one; an id that was refused is so until a later day brings it right."""
        sound, refused, days = [], [], collections.defaultdict(list)
        for name, lines in self.files.items():
            for number, line in enumerate(lines[1:], 2):
                values = line.split(",")
                if len(values) != 3 or not all(value.isdecimal() for value in values):
                    refused.append((f"{name}:{number}", line, "true"))
                elif int(values[2]) < 1:
                    refused.append((name, values[1], "true"))
                else:
                    sound.append(tuple(map(int, values)))
                    days[sound[-1][1]].append(sound[-1])
        newest = {key: max(rows) for key, rows in days.items()}
        return {
            "raw.delivery": sound,
            "raw.delivery__rejected": refused,
            "staging.delivery": [(key, day, pieces) for key, (day, _, pieces) in newest.items() if pieces <= 8],
            "staging.delivery__rejected": [(f"id = {key}", day, str(newest[key][0] == day).lower())
                                           for key, rows in days.items() for day, _, pieces in rows if pieces > 8],
        }


class ShopLake:
    def __init__(self, folder, seed=1, place=None):
        self.folder = pathlib.Path(folder)
        self.place = place or Place(folder)
        self.random = random.Random(seed)
        self.clock = 1_701_388_620  # three minutes before December
        self.oracle = Oracle()
        self.tables = COMPARED

    def create(self, changes=None):
        """Writes the project (files in `changes` instead of its own) and two shops that have products."""
        for name, text in {**PROJECT, **(changes or {})}.items():
            self.write(name, text)
        for number in (1, 2):
            with self.shop(number) as database:
                database.executescript(
                    "create table product(id integer primary key, name text, price decimal(10,2), updated_at timestamp);"
                    "create table sale(id integer primary key, product_id integer, quantity integer, updated_at timestamp);")
                database.executemany("insert into product values (?, ?, ?, '2023-01-01 00:00:00')",
                                     [(i, f"fruit {i}", 1 + i / 4) for i in range(1, 9)])
        return self

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("lake: ./lake\n", self.place.lines()).replace("archive: ./cold", f"archive: '{self.place.archive_url()}'"))

    def shop(self, number):
        return Shop(self.folder / f"shop_{number}.db")

    def trade(self, sales=20, updates=5, late=False):
        """Some sales and corrections in each shop; several share one timestamp. Late ones have a time that was read already."""
        opened = self.clock
        for number in (1, 2):
            with self.shop(number) as database:
                last = database.execute("select coalesce(max(id), 0) from sale").fetchone()[0]
                for i in range(sales):
                    self.clock += self.random.choice([0, 0, 1, 7])
                    database.execute("insert into sale values (?, ?, ?, datetime(?, 'unixepoch'))",
                                     (last + 1 + i, self.random.randint(1, 8), self.random.randint(1, 9), self.clock))
                for _ in range(min(updates, last)):
                    database.execute("update sale set quantity = ?, updated_at = datetime(?, 'unixepoch') where id = ?",
                                     (self.random.randint(1, 9), opened - 40 if late and self.random.random() < 0.4 else self.clock,
                                      self.random.randint(1, last)))
                database.execute("update product set price = price + 0.25 where id = ?", (self.random.randint(1, 8),))

    def deliver(self):
        """One more day's file. It brings right what the day before had wrong, once: two days never are for one run."""
        files = sorted((self.folder / "drop").glob("*.csv"))
        day = len(files) + 1
        lines = [*(f"{day},{day * 100 + i},{self.random.randint(1, 8)}" for i in range(10)),
                 f"{day},{day * 100 + 10},0", f"{day},{day * 100 + 11},9", f"{day},{day * 100 + 12},12", f"{day},{day * 100 + 13},many",
                 f"{day},{day * 100 + 14}", f"{day},{day * 100 + 14}"]
        if files:
            lines.append(f"{day},{(day - 1) * 100 + 11},{self.random.randint(1, 8)}")
        self.random.shuffle(lines)
        self.write(f"drop/day_{day:03}.csv", "\n".join(["day,id,pieces", *lines]) + "\n")
        self.tables = COMPARED | DELIVERED

    def save(self, folder):
        """Keeps the lake as it is now. An Iceberg table names its files by their whole path: it can only come back here."""
        shutil.copytree(self.folder, folder)
        self.place.save(pathlib.Path(f"{folder}-elsewhere"))
        return folder, self.random.getstate(), self.clock, self.oracle.copy()

    def restore(self, saved):
        folder, state, self.clock, oracle = saved
        shutil.rmtree(self.folder)
        shutil.copytree(folder, self.folder)
        self.place.restore(f"{folder}-elsewhere")
        self.random.setstate(state)
        self.oracle = oracle.copy()

    def start(self, *arguments, env=None):
        """`lochan`, started: it is in a process group of its own, so that a signal reaches it alone."""
        environment = {**os.environ, **(env or {})}
        if "LD_PRELOAD" in environment:  # the address sanitizer wants to be the first library
            environment["ASAN_OPTIONS"] = environment.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
        return subprocess.Popen([LOCHAN, "-C", str(self.folder), *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True)

    def command(self, *arguments, env=None, timeout=300):
        return finish(self.start(*arguments, env=env), timeout)

    def must(self, *arguments, env=None):
        return must_succeed(self.command(*arguments, env=env))

    def run(self):
        """A run that must go well, and what it must have seen."""
        self.oracle.load(self)
        return self.must("run")

    def query(self, sql, *arguments):
        return json.loads(self.must("query", sql, "--output", "json", *arguments) or "[]")

    def contents(self, *arguments):
        tables = {name: [] for name in self.tables}
        everything = " union all ".join(f"select '{table}' as t, concat_ws('|', {columns}) as line from {table}"
                                        for table, columns in self.tables.items())
        for row in self.query(everything, *arguments):
            tables[row["t"]].append(row["line"])
        return {name: sorted(lines) for name, lines in tables.items()}

    def must_hold(self, expected, *arguments):
        found = self.contents(*arguments)
        for name in self.tables:
            missing = collections.Counter(expected[name]) - collections.Counter(found[name])
            extra = collections.Counter(found[name]) - collections.Counter(expected[name])
            if missing or extra:
                raise Broken(f"{name} has {len(found[name])} rows, expected {len(expected[name])}: {missing.total()} missing "
                             f"{list(missing)[:3]}, {extra.total()} too many {list(extra)[:3]}")

    def publications(self):
        """Newest first."""
        return [entry["number"] for entry in json.loads(self.must("history", "--output", "json", "--limit", "1000"))["publications"]]

    def runs(self):
        return json.loads(self.must("history", "--runs", "--output", "json", "--limit", "1000"))["runs"]

    def maintain(self, *arguments):
        return json.loads(self.must("maintain", "--output", "json", *arguments))

    def sweep(self):
        """On S3 what was written in the last seconds is left for the next time: the server's clock is coarse."""
        if not self.place.bucket:
            return self.maintain()
        time.sleep(2)
        removed = self.maintain()
        for _ in range(30):
            time.sleep(2)  # what that one superseded
            if not self.maintain()["removed_files"]:
                break
        return removed

    def files(self):
        """Of the lake, with their sizes."""
        return self.place.files()

    def shape(self):
        """How many files of each kind each table has. Publications have a record each, and a fault may add some."""
        kinds = collections.Counter()
        for name in self.files():
            if name.startswith("_publications/"):
                continue
            path = pathlib.PurePath(name)
            kinds["/".join(path.parts[:2]) + " " + "".join(path.suffixes[-2:] if name.endswith(".metadata.json") else path.suffixes[-1:])] += 1
        return dict(sorted(kinds.items()))


class Shop:
    """A connection to a shop for one `with`: committed and closed at its end (sqlite3's own only commits)."""

    def __init__(self, path):
        self.connection = sqlite3.connect(path, timeout=60)

    def __enter__(self):
        return self.connection

    def __exit__(self, kind, *_):
        self.connection.commit() if kind is None else self.connection.rollback()
        self.connection.close()


def finish(process, timeout=300):
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGABRT)
        out, err = process.communicate()
        raise Broken(f"{process.args} did not end within {timeout} s\n{out}{err}") from None
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def must_succeed(done):
    if done.returncode != 0:
        raise Broken(f"lochan {' '.join(done.args[3:])}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def fault_library(folder):
    """Builds fault.c: what is preloaded to kill, stall or starve a run."""
    library = pathlib.Path(folder) / "fault.so"
    source = pathlib.Path(__file__).with_name("fault.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-D_LARGEFILE64_SOURCE", "-o", str(library), str(source), "-ldl"], check=True)
    return library


def work_folder(name):
    """A folder for a campaign; LOCHAN_CAMPAIGN_DIR says where, and then what is left of a failure is kept."""
    return pathlib.Path(tempfile.mkdtemp(prefix=f"lochan-{name}-", dir=os.environ.get("LOCHAN_CAMPAIGN_DIR")))


def clean(folder, failed):
    if failed and "LOCHAN_CAMPAIGN_DIR" in os.environ:
        print(f"kept: {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)


def main_of_scenes(about, kind, scenes, play, times=3):
    """The main of a campaign of scenes: each by its name, in a folder of its own. `play(scene, folder, options)` may return
    what is to be told of it."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenes", nargs="*", metavar="SCENE", help="all by default")
    parser.add_argument("--times", type=int, default=times)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    failures = 0
    for name in options.scenes or scenes:
        folder = work_folder(kind)
        begin = time.monotonic()
        try:
            told = play(scenes[name], folder, options)
            print(f"{name}: {options.times} times, {time.monotonic() - begin:.1f} s" + (f": {told}" if told else ""), flush=True)
        except Broken as broken:
            print(f"FAILED {name}: {broken}", flush=True)
            failures += 1
        clean(folder, failures)
    return 1 if failures else 0
