"""Small projects, one for each connector, on its real server behind a proxy: what is new there, and what must be at the end.

What must be is worked out in Python, from what was written there or from what the server says; never by Lochan.
"""
import collections
import csv
import gzip
import hashlib
import io
import itertools
import json
import os
import pathlib
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.parse
import urllib.request
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from places import BUCKET, SERVICES, Bucket, Proxies, clean_environment, service  # noqa: E402
from shop_lake import LOCHAN, Broken, finish, must_succeed  # noqa: E402

LATEST = ("select concat_ws('|', {columns}) as line from (select * from {table} qualify row_number() over (partition by id "
          "order by _loaded_at desc) = 1) where not _deleted")
PLAIN = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def digest(lines):
    """Equal for the same lines in whatever order; a million of them need not be held for it."""
    count = total = 0
    for line in lines:
        count += 1
        total += int.from_bytes(hashlib.md5(line.encode()).digest()[:8], "big")
    return count, total


class Scene:
    """A project in a folder. `command` brings to the end what `change` began; `wanted` and `found` are lines, in any order."""

    command = ["run"]
    connection = ""  # as messages call it
    kilobytes = 0    # that the program may need for a million rows
    wrong = []       # (name, file, what stands there, what then stands there, what the message must say)

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.random = random.Random(7)
        self.proxies = Proxies()
        self.rows = {}
        self.times = 0

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def start(self, *arguments, env=None):
        return subprocess.Popen([LOCHAN, "-C", str(self.folder), *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, start_new_session=True,
                                env={**clean_environment(), "TMPDIR": str(self.temporary()), **(env or {})})

    def temporary(self):
        """Its own folder for temporary files: what is left there is seen."""
        path = self.folder / "tmp"
        path.mkdir(exist_ok=True)
        return path

    def lochan(self, *arguments, env=None, timeout=300):
        return finish(self.start(*arguments, env=env), timeout)

    def must(self, *arguments):
        return must_succeed(self.lochan(*arguments))

    def query(self, sql):
        for row in csv.reader(io.StringIO(self.must("query", sql, "--output", "csv")[len("line\n"):])):
            yield row[0]

    def must_be_equal(self):
        if digest(self.wanted()) != digest(self.found()):
            wanted, found = collections.Counter(self.wanted()), collections.Counter(self.found())
            missing, extra = wanted - found, found - wanted
            raise Broken(f"{found.total()} rows, wanted {wanted.total()}: {missing.total()} missing {list(missing)[:3]}, "
                         f"{extra.total()} too many {list(extra)[:3]}")

    def must_have_nothing_to_do(self):
        said = self.must(*self.command)
        if "nothing" not in said:
            raise Broken(f"with nothing new it found something to do: {said}")

    def must_be_tidy(self):
        """Nothing of what was given up lies about any more."""
        left = [path.name for path in self.temporary().iterdir() if path.suffix != ".lock"]
        if left:
            raise Broken(f"temporary files are left: {left}")

    def another(self):
        """The same from the beginning."""
        self.others = getattr(self, "others", 0) + 1
        return type(self)(self.folder.with_name(f"{self.folder.name}_{self.others}"))

    def close(self):
        self.proxies.drop()


class Api(Scene):
    """An HTTP API: `lochan simulate api`, a process of its own."""

    connection = "volt"
    kilobytes = 450_000
    auth = []
    wrong = [("a wrong token", ".env", "lochan-secret", "wrong", r"connection `volt`: .*answered 401.*\n.*look at the connection's `auth`")]

    def __init__(self, folder, rows=400):
        super().__init__(folder)
        self.api = subprocess.Popen([LOCHAN, "simulate", "api", "--port", "0", "--orders", str(rows), "--users", "50", "--tick-interval", "0",
                                     "--auth", "bearer", "--secret", "lochan-secret"], stderr=subprocess.PIPE, text=True)
        self.url = next(word.rstrip(":") for word in self.api.stderr.readline().split() if word.startswith("http://"))
        address = "http://" + self.proxies.add("volt", self.url.split("://")[1])
        self.write("lochan.yaml", f"name: volt\nconnections:\n  volt: {{ url: '{address}', auth: {{ bearer: '${{TOKEN}}' }}, retries: 1, "
                                  "retry_delay: 10ms, timeout: 60s }\nrun: { retries: 0 }\n")
        self.write(".env", "TOKEN=lochan-secret\n")
        size = 1000 if rows > 10_000 else 100
        self.write("sources/volt.yaml", f"""\
source: volt
from: volt
tables:
  orders:
    load: incremental
    cursor: updated_at
    key: id
    request:
      path: cursor/orders
      records: data
      params: {{ updated_since: $since }}
      start: "2026-01-01T00:00:00.000Z"
      pagination: {{ by: cursor, at: meta.next_cursor, size: {size}, size_param: limit }}
  users:
    load: full
    key: id
    request: {{ path: page/users, records: data, pagination: {{ by: page_number, total: meta.total, size: 20, size_param: limit }} }}
""")

    def ask(self, path, method="GET"):
        request = urllib.request.Request(self.url + path, method=method, headers={"Authorization": "Bearer lochan-secret"})
        with PLAIN.open(request, timeout=60) as answer:
            return json.loads(answer.read() or "null")

    def change(self):
        for _ in range(3):
            self.ask("/_tick", "POST")

    def wanted(self):
        for page in itertools.count(1):
            orders = self.ask(f"/page/orders?limit=1000&page={page}")["data"]
            yield from (f"order|{row['id']}|{row['product']}|{row['quantity']}|{row['status']}" for row in orders)
            if len(orders) < 1000:
                break
        yield from (f"user|{row['id']}|{row['name']}" for row in self.ask("/list/users"))

    def found(self):
        return self.query(LATEST.format(columns="'order', id, product, quantity, status", table="raw.orders") + " union all "
                          + LATEST.format(columns="'user', id, name", table="raw.users"))

    def close(self):
        super().close()
        self.api.send_signal(signal.SIGINT)
        self.api.wait(60)
        self.api.stderr.close()


class Files(Scene):
    """Deliveries: a new file each time, one packed now and then, the one before written again with further rows."""

    connection = "drop"

    def __init__(self, folder, place, rows=0):
        super().__init__(folder)
        self.write("lochan.yaml", f"name: drops\nconnections:\n  drop: {place}\nrun: {{ retries: 0 }}\n")
        self.write("sources/drop.yaml", "source: drop\nfrom: drop\ntables:\n  sale:\n    load: incremental\n    from: '*.csv*'\n    key: id\n"
                                        "    columns: { id: BIGINT, what: VARCHAR, pieces: INTEGER }\n")
        self.last = []
        self.many = rows
        self.change()

    def change(self):
        self.times += 1
        first, count = self.times * 10_000_000, self.many or 300
        rows = [(first + i, f"what, {first + i}", i % 7) for i in range(count)]
        name = f"sale_{self.times:04}.csv" + (".gz" if self.times % 3 == 0 else "")
        self.put(name, rows)
        if self.last and self.last[0] != name:
            self.put(self.last[0], self.last[1] + [(first + count, "more", 1)])
        self.last = [name, rows]
        self.many = 0

    def put(self, name, rows):
        self.rows |= {row[0]: row for row in rows}
        text = io.StringIO()
        csv.writer(text).writerows([("id", "what", "pieces"), *rows])
        data = text.getvalue().encode()
        self.put_file(name, gzip.compress(data, 1) if name.endswith(".gz") else data)

    def wanted(self):
        return ("|".join(map(str, row)) for row in self.rows.values())

    def found(self):
        return self.query(LATEST.format(columns="id, what, pieces", table="raw.sale"))


class Folder(Files):
    kilobytes = 400_000

    def __init__(self, folder, rows=0):
        self.drop = pathlib.Path(folder) / "drop"
        self.drop.mkdir(parents=True)
        super().__init__(folder, "files:./drop", rows)

    def put_file(self, name, data):
        (self.drop / (name + ".part")).write_bytes(data)
        (self.drop / (name + ".part")).rename(self.drop / name)


class InBucket:
    """A bucket below a prefix of its own, behind the proxy."""

    def make_bucket(self):
        self.bucket = Bucket(service("s3"), str(uuid.uuid4()))

    def place(self):
        endpoint = "http://" + self.proxies.add("s3", self.bucket.host)
        self.write(".env", f"SECRET={self.bucket.keys[1]}\n")
        return (f"{{ url: 's3://{BUCKET}/{self.bucket.prefix}', endpoint: '{endpoint}', region: us-east-1, "
                f"access_key_id: {self.bucket.keys[0]}, secret_access_key: '${{SECRET}}' }}")

    def empty_bucket(self):
        for name in self.bucket.list():
            self.bucket.remove(name)
        self.bucket.connection.close()


WRONG_KEYS = [("a wrong secret key", ".env", "lochan-secret", "wrong", r"refuses the secret key of `lochan`\n.*correct `secret_access_key`"),
              ("an unknown key", "lochan.yaml", "access_key_id: lochan,", "access_key_id: nobody,", r"knows no access key `nobody`")]


class BucketFiles(InBucket, Files):
    kilobytes = 430_000
    wrong = WRONG_KEYS

    def __init__(self, folder, rows=0):
        self.make_bucket()
        self.later = lambda: None
        super().__init__(folder, "DROP", rows)
        self.write("lochan.yaml", (self.folder / "lochan.yaml").read_text().replace("DROP", self.place()))

    def put_file(self, name, data):
        self.bucket.write(name, data)

    def close(self):
        super().close()
        self.empty_bucket()


class WebFiles(Files):
    """Of nginx, in the folder that a token opens."""

    kilobytes = 480_000
    wrong = [("a wrong token", ".env", "lochan-secret", "wrong", r"connection `drop`: .*answered 401.*\n.*these credentials are not let in")]

    def __init__(self, folder, rows=0):
        served = service("web")
        self.name = str(uuid.uuid4())
        self.served = pathlib.Path(served["WEB_FOLDER"]) / "locked" / self.name
        self.served.mkdir()
        self.served.chmod(0o755)
        self.clock = int(time.time()) - 1_000_000
        super().__init__(folder, "DROP", rows)
        address = self.proxies.add("web", served["WEB_URL"].split("://")[1])
        self.write("lochan.yaml", (self.folder / "lochan.yaml").read_text().replace(
            "DROP", f"{{ url: 'files:http://{address}/locked/{self.name}', auth: {{ bearer: '${{TOKEN}}' }}, retries: 1, retry_delay: 10ms }}"))
        self.write(".env", "TOKEN=lochan-secret\n")

    def put_file(self, name, data):
        self.clock += 1  # its ETag has the time in seconds
        path = self.served / (name + ".part")
        path.write_bytes(data)
        path.chmod(0o644)
        os.utime(path, (self.clock, self.clock))
        path.rename(self.served / name)

    def close(self):
        super().close()
        for path in self.served.iterdir():
            path.unlink()
        self.served.rmdir()


class Carried(Scene):
    """A shop in SQLite, carried out to files: one table whole, a folder for each day, and a log that grows."""

    connection = "out"

    def __init__(self, folder, rows=200):
        super().__init__(folder)
        self.write("sources/shop.yaml", "source: shop\nfrom: shop\ntables:\n  sale: { load: incremental, cursor: updated_at, key: id }\n")
        self.write("models/mart/sale.sql", "select id, day, pieces from raw.sale qualify row_number() over (partition by id order by _loaded_at desc) = 1\n")
        self.write("sinks/out.yaml", "sink: out\nto: out\ntables:\n  mart.sale: { format: csv, partition_by: day }\n"
                                     "  raw.sale: { format: json, write: append, to: log }\n")
        self.clock, self.versions = 0, []
        with self.shop() as shop:
            shop.execute("create table sale (id integer primary key, day text, pieces integer, updated_at integer)")
        self.sell(rows)

    def shop(self):
        return sqlite3.connect(self.folder / "shop.db", timeout=60)

    def sell(self, count, changed=5):
        self.clock += 1
        first = len(self.rows)
        made = {first + i: (first + i, f"2026-11-{1 + i % 5:02}", i % 9) for i in range(count)}
        for key in self.random.sample(sorted(self.rows), changed if self.times else 0):
            made[key] = (*self.rows[key][:2], self.clock + 100)
        shop = self.shop()
        shop.executemany("insert or replace into sale values (?, ?, ?, ?)", [(*row, self.clock) for row in made.values()])
        shop.commit()
        shop.close()
        self.rows |= made
        self.versions += made.values()

    def change(self):
        """No row changes that no run has seen."""
        self.sell(40)
        self.times += 1

    def change_hundredth(self):
        self.sell(0, len(self.rows) // 100)

    def wanted(self):
        return [*(f"sale|{key}|{day}|{pieces}" for key, day, pieces in self.rows.values()),
                *(f"log|{key}|{day}|{pieces}" for key, day, pieces in self.versions)]

    def days(self):
        """As the model mart.by_day has them."""
        sales, pieces = collections.Counter(), collections.Counter()
        for _, day, number in self.rows.values():
            sales[day] += 1
            pieces[day] += number
        return [f"day|{day}|{sales[day]}|{pieces[day]}" for day in sales]

    def found(self):
        lines = []
        for name, data in self.files("sale"):
            day = pathlib.PurePath(name).parent.name.removeprefix("day=")
            lines += [f"sale|{row['id']}|{day}|{row['pieces']}" for row in csv.DictReader(io.StringIO(data.decode()))]
        for _, data in self.files("log"):
            lines += ["log|{id}|{day}|{pieces}".format(**json.loads(line)) for line in data.decode().splitlines()]
        return lines

    def project(self, place):
        self.write("lochan.yaml", f"name: shop\nconnections:\n  shop: sqlite:./shop.db\n  out: {place}\nrun: {{ retries: 0 }}\n")


class CarriedToFolder(Carried):
    kilobytes = 400_000

    def __init__(self, folder, rows=200):
        super().__init__(folder, rows)
        self.project("files:./out")

    def files(self, table):
        """All that a reader finds there: nothing but the table's files, and the mark."""
        root = self.folder / "out" / table
        return [(str(path), path.read_bytes()) for path in root.rglob("*") if path.is_file() and path.name != "_lochan.json"]


class CarriedToBucket(InBucket, Carried):
    kilobytes = 430_000
    wrong = WRONG_KEYS

    def __init__(self, folder, rows=200):
        self.make_bucket()
        super().__init__(folder, rows)
        self.project(self.place())

    def files(self, table):
        """Those that the newest manifest names."""
        marks = [name for name in self.bucket.list() if name.startswith(f"{table}/_lochan/0")]
        manifest = json.loads(self.bucket.read(max(marks)))
        return [(f"{table}/{file['name']}", self.bucket.read(f"{table}/{file['name']}")) for file in manifest["files"]]

    def must_be_tidy(self):
        super().must_be_tidy()
        for table in ("sale", "log"):
            there = {name for name in self.bucket.list() if name.startswith(table + "/")}
            surplus = there - {name for name, _ in self.files(table)}
            if len(surplus) != 1:
                raise Broken(f"beside the files that are named lie {sorted(surplus)}, wanted the mark alone")

    def close(self):
        super().close()
        self.empty_bucket()


class Postgres(Scene):
    """Databases of their own, behind the proxy; roles that may little."""

    def database(self, name):
        self.server = service("postgres")["POSTGRES_URL"]
        made = f"{name}_{os.urandom(6).hex()}"
        self.sql(self.server, f"create database {made}")
        self.databases = [*getattr(self, "databases", []), made]
        return self.server.rsplit("/", 1)[0] + "/" + made

    def sql(self, url, *statements):
        done = subprocess.run(["psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", url, *(part for one in statements for part in ("-c", one))],
                              capture_output=True, text=True, env=clean_environment())
        if done.returncode:
            raise Broken(f"psql: {done.stderr}")
        return done.stdout.splitlines()

    def through(self, url, kind):
        host = url.split("@")[1].split("/")[0]
        return url.replace(host, self.proxies.add(kind, host)) + "?sslmode=disable"

    def close(self):
        super().close()
        for name in self.databases:
            self.sql(self.server, f"drop database if exists {name} with (force)")


BY_DAY = "select day, count(*)::integer as sales, sum(pieces)::integer as pieces from mart.sale group by day\n"
ROLE = ("do $$ begin create role campaign_reader login; exception when duplicate_object or unique_violation then null; end $$")


class Models(Postgres):
    """A table, one that is merged, a view and a materialized view."""

    connection = "warehouse"
    kilobytes = 100_000
    wrong = [("an unknown user", ".env", "postgres@", "nobody@", r'connection `warehouse`: .*role "nobody" does not exist'),
             ("a user who may not", ".env", "postgres@", "campaign_reader@", r"permission denied for .*\n.*the connection's user needs")]

    def __init__(self, folder, rows=200):
        super().__init__(folder)
        self.url = self.database("models")
        self.write(".env", f"WAREHOUSE={self.through(self.url, 'warehouse')}\n")
        self.write("lochan.yaml", "name: shop\nconnections:\n  warehouse: ${WAREHOUSE}\nrun: { retries: 0 }\n")
        self.write("models/mart/by_day.sql", "/* ---\nin: warehouse\nkey: day\nindexes: [ { columns: pieces } ]\n--- */\n"
                                             "select day, sum(pieces) as pieces from shop.sale group by day\n")
        self.write("models/mart/sale.sql", "/* ---\nin: warehouse\nmaterialized: incremental\nkey: id\n--- */\nselect id, day, pieces from shop.sale "
                                           "where $since is null or changed_at > $since - interval '1 minute'\n")
        self.write("models/mart/seen.sql", "/* ---\nin: warehouse\nmaterialized: view\n--- */\nselect day, pieces from mart.by_day where pieces > 0\n")
        self.write("models/mart/golden.sql", "/* ---\nin: warehouse\nmaterialized: materialized_view\nindexes: [ { columns: id, unique: true } ]\n--- */\n"
                                             "select id, pieces, now() as last_refresh_date from shop.sale\n")
        self.sql(self.url, ROLE, "create schema shop", "create table shop.sale (id int primary key, day date, pieces int, changed_at timestamptz "
                                                       "default clock_timestamp())")
        self.count = rows
        self.sell(1, rows)

    def sell(self, first, last):
        self.sql(self.url, f"insert into shop.sale select n, date '2026-11-01' + n % 5, n % 9 from generate_series({first}, {last}) n")

    def change(self):
        self.sell(self.count + 1, self.count + 20)
        self.count += 20
        self.sql(self.url, f"update shop.sale set pieces = pieces + 1, changed_at = clock_timestamp() where id % 17 = {self.random.randrange(17)}")

    def wanted(self):
        return self.sql(self.url, "select 'day', day, sum(pieces) from shop.sale group by day", "select 'sale', id, day, pieces from shop.sale",
                        "select 'seen', day, sum(pieces) from shop.sale group by day having sum(pieces) > 0", "select 'golden', id, pieces from shop.sale",
                        "select 0 where exists (select 1 from shop.sale having count(*) < 100)")

    def found(self):
        return self.sql(self.url, "select 'day', day, pieces from mart.by_day", "select 'sale', id, day, pieces from mart.sale",
                        "select 'seen', day, pieces from mart.seen", "select 'golden', id, pieces from mart.golden",
                        "select 'left behind', relname from pg_class where relname like '%\\_\\_lochan%'")


class CarriedToPostgres(Carried, Postgres):
    """A shop in SQLite, carried out to PostgreSQL: one table by key, one that is swapped in, and a log that grows."""

    connection = "warehouse"
    kilobytes = 350_000
    wrong = [("an unknown user", ".env", "postgres@", "nobody@", r'connection `warehouse`: .*role "nobody" does not exist'),
             ("a user who may not", ".env", "postgres@", "campaign_reader@", r"permission denied for .*\n.*the connection's user needs")]

    def __init__(self, folder, rows=200):
        super().__init__(folder, rows)
        self.url = self.database("carried")
        self.sql(self.url, ROLE)
        self.write(".env", f"WAREHOUSE={self.through(self.url, 'warehouse')}\n")
        self.write("lochan.yaml", "name: shop\nconnections:\n  shop: sqlite:./shop.db\n  warehouse: ${WAREHOUSE}\nrun: { retries: 0 }\n")
        self.write("models/mart/by_day.sql", BY_DAY)
        self.write("sinks/out.yaml", "sink: out\nto: warehouse\nschema: dwh\ntables:\n  mart.sale: { write: upsert, key: id, indexes: [ { columns: day } ] }\n"
                                     "  mart.by_day: { write: replace, key: day }\n  raw.sale: { write: append, to: log }\n")

    def wanted(self):
        return [*super().wanted(), *self.days()]

    def found(self):
        return self.sql(self.url, "select 'sale', id, day, pieces from dwh.sale", "select 'log', id, day, pieces from dwh.log",
                        "select 'day', day, sales, pieces from dwh.by_day",
                        "select 'left behind', relname from pg_class where relname ~ '_lochan|lochan_' and relname !~ '^lochan_mark'")


class CarriedToMongo(Carried):
    """The same as documents: some that are nested, by key, and a collection that is swapped in."""

    kilobytes = 350_000
    wrong = [("a user whom the server doesn't know", ".env", "mongodb://", "mongodb://loader:wrong@",
              r"connection `out`: .*refuses the user `loader`.*\n.*check user and password")]

    def __init__(self, folder, rows=200):
        super().__init__(folder, rows)
        import pymongo
        self.own_server = self.start_server() if rows > 10_000 else None
        url = (self.own_server or service("mongodb"))["MONGODB_URL"]
        self.name = "carried_" + os.urandom(6).hex()
        self.client = pymongo.MongoClient(url)
        self.database = self.client[self.name]
        address = self.proxies.add("documents", url.split("://")[1])
        # An answer that never comes is given up sooner than by itself.
        self.write(".env", f"DOCUMENTS=mongodb://{address}/{self.name}?serverSelectionTimeoutMS=5000&socketTimeoutMS=20000\n")
        self.write("lochan.yaml", "name: shop\nconnections:\n  shop: sqlite:./shop.db\n  out: ${DOCUMENTS}\nrun: { retries: 0 }\n")
        self.write("models/mart/sale.sql", "select id, { day: day, pieces: [pieces, pieces + 1] } as sold from raw.sale "
                                           "qualify row_number() over (partition by id order by _loaded_at desc) = 1\n")
        self.write("models/mart/by_day.sql", BY_DAY.replace("day, count", "sold.day as day, count").replace("sum(pieces)", "sum(sold.pieces[1])"))
        self.write("sinks/out.yaml", "sink: out\nto: out\ntables:\n  mart.sale: { write: upsert, key: id, indexes: [ { columns: sold.day } ] }\n"
                                     "  mart.by_day: { write: replace, key: day, to: days }\n")

    def start_server(self):
        """One of its own, that is fast enough for many documents, and holds a million."""
        self.server_variables = {**clean_environment(), "LOCHAN_SERVICES": str(self.folder / "services"), "MONGODB_PORT": str(free_port()),
                                 "MONGODB_STORE": "memory", "MONGODB_HEAP": "4g"}
        return self.run_server("start")

    def run_server(self, word):
        done = subprocess.run([SERVICES / "mongodb.sh", word], check=True, capture_output=True, text=True, env=self.server_variables)
        return dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)

    def wanted(self):
        yield from (f"sale|{key}|{day}|[{pieces}, {pieces + 1}]" for key, day, pieces in self.rows.values())
        yield from self.days()

    def found(self):
        yield from ("sale|{_id}|{sold[day]}|{sold[pieces]}".format(**one) for one in self.database["sale"].find(batch_size=10_000))
        yield from ("day|{_id}|{sales}|{pieces}".format(**one) for one in self.database["days"].find())
        yield from ("left behind|" + name for name in self.database.list_collection_names() if name not in ("sale", "days", "lochan_mark"))

    def must_be_tidy(self):
        super().must_be_tidy()
        for mark in self.database["lochan_mark"].find():
            if mark.get("begun") or mark.get("owner"):
                raise Broken(f"a mark is left as it was in the middle: {mark}")

    def close(self):
        super().close()
        self.client.drop_database(self.name)
        self.client.close()
        if self.own_server:
            self.run_server("clean")


class Migration(Postgres):
    """Three tables that refer to each other, brought to another database; disturbed on either side."""

    connection = "(old|new)"
    kilobytes = 100_000
    wrong = [("an unknown user at the source", ".env", "OLD=postgresql://postgres@", "OLD=postgresql://nobody@", r'connection `old`: .*role "nobody" does not exist'),
             ("a user who may not read", ".env", "OLD=postgresql://postgres@", "OLD=postgresql://campaign_reader@", r"may not be read by the connection's user\n.*grant"),
             ("a user who may not write", ".env", "NEW=postgresql://postgres@", "NEW=postgresql://campaign_reader@", r"may not make (one|tables)[^\n]*\n.*(grant|authorization)")]

    def __init__(self, folder, rows=300):
        super().__init__(folder)
        self.command = ["migrate", str(self.folder / "tables.json"), "--from", "old", "--to", "new"]
        self.old, self.new = self.database("old"), self.database("new")
        self.write(".env", f"OLD={self.through(self.old, 'old')}\nNEW={self.through(self.new, 'new')}\n")
        self.write("lochan.yaml", "name: moving\nconnections:\n  old: ${OLD}\n  new: ${NEW}\n")
        self.write("tables.json", json.dumps([{"name": "sale", "schema_in": "shop", "schema_out": "dwh", "depends_on": ["product"]},
                                              {"name": "product", "schema_in": "shop", "schema_out": "dwh", "depends_on": []},
                                              {"name": "note", "schema_in": "shop", "schema_out": "dwh", "depends_on": ["sale"]}]))
        self.sql(self.old, ROLE, "create schema shop", "create table shop.product (id serial primary key, name text not null)",
                 "create table shop.sale (id serial primary key, product int references shop.product, pieces int check (pieces >= 0))",
                 "create table shop.note (sale int references shop.sale, text text)", "create index on shop.sale (pieces)",
                 "create view shop.sold as select product, sum(pieces) as pieces from shop.sale group by product",
                 "insert into shop.product (name) select 'product ' || n from generate_series(1, 20) n",
                 f"insert into shop.sale (product, pieces) select 1 + n % 20, n % 9 from generate_series(1, {rows}) n",
                 "insert into shop.note select id, 'note ' || id from shop.sale where id % 3 = 0")

    def change(self):
        """The target is as if nothing had been."""
        self.sql(self.new, "set client_min_messages = error", "drop schema if exists dwh cascade")

    def lines(self, url, schema):
        return self.sql(url, f"set search_path to {schema}", "select 'product', id, name from product", "select 'sale', id, product, pieces from sale",
                        "select 'note', sale, text from note", "select 'sold', product, pieces from sold",
                        "select 'constraint', conrelid::regclass, pg_get_constraintdef(oid) from pg_constraint where connamespace = current_schema()::regnamespace "
                        "and conrelid::regclass::text <> 'lochan_migration'",
                        "select 'next', last_value from sale_id_seq")

    def wanted(self):
        return self.lines(self.old, "shop")

    def found(self):
        return self.lines(self.new, "dwh")


SCENES = {"api": Api, "folder": Folder, "bucket": BucketFiles, "web": WebFiles, "to_folder": CarriedToFolder, "to_bucket": CarriedToBucket,
          "to_postgres": CarriedToPostgres, "documents": CarriedToMongo, "models": Models, "migrate": Migration}
