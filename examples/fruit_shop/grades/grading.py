"""What the grades' rules have in common: a copy of the project, its shops, its lake, and a list of what was found."""
import csv
import io
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import uuid

HERE = pathlib.Path(__file__).resolve().parent
GRADES = ("trainee", "intern", "junior", "middle", "senior")
# What a run of the project leaves behind; the copy begins without it.
LEFT_BEHIND = shutil.ignore_patterns("lake", "data", ".lochan", ".env", ".git")


def place_of(grade):
    return HERE / f"{GRADES.index(grade)}-{grade}"


class Missing(Exception):
    """What a solution lacks, and what to do about it."""

    def __init__(self, text, hint=""):
        super().__init__(text)
        self.hint = hint


class Shop:
    """One branch's database, asked and changed as a person at the shop would, without Lochan."""

    def __init__(self, name, url):
        self.name, self.url = name, url

    def rows(self, sql):
        """Rows of texts, as tuples."""
        if self.url.startswith("sqlite:"):
            with sqlite3.connect(self.url.removeprefix("sqlite:"), timeout=10) as database:
                return [tuple("" if value is None else str(value) for value in row) for row in database.execute(sql)]
        done = subprocess.run(["psql", "-X", "-q", "--csv", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql, self.url],
                              capture_output=True, text=True)
        if done.returncode != 0:
            raise Missing(f"psql: {done.stderr.strip()}")
        return [tuple(row) for row in csv.reader(io.StringIO(done.stdout))]

    def change(self, sql):
        if self.url.startswith("sqlite:"):
            database = sqlite3.connect(self.url.removeprefix("sqlite:"), timeout=10)
            database.executescript(sql)
            database.close()
        else:
            self.rows(sql)

    def number(self, sql):
        return int(self.rows(sql)[0][0])

    def later(self):
        """A timestamp after every one in the shop, as text."""
        newest = max(self.rows(f"select max(updated_at) from {table}")[0][0]
                     for table in ("customer", "product", "employee", "sale", "sale_item"))
        return newest[:19] + ".999000"


class Work:
    """A throw-away copy of the project with two shops; `with` removes it."""

    def __init__(self, folder, server=None):
        self.given = folder.resolve()
        self.top = pathlib.Path(tempfile.mkdtemp(prefix="lochan-grade."))
        self.folder = self.top / "project"
        shutil.copytree(self.given, self.folder, ignore=LEFT_BEHIND)
        self.program = os.environ.get("LOCHAN_BIN") or shutil.which("lochan")
        if not self.program:
            sys.exit("check: there is no `lochan` on the PATH: set LOCHAN_BIN")
        self.server, self.made = server, []
        names = ("branch_1", "branch_2")
        self.shops = [Shop(name, self._database(name)) for name in names]
        urls = {f"{shop.name.upper()}_URL": shop.url for shop in self.shops}
        self.environment = {**os.environ, **urls, "NO_COLOR": "1", "GENERATOR_SEED": "42", "GENERATOR_START": "2026-01-05 08:00:00"}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for name in self.made:
            subprocess.run(["psql", "-X", "-q", "-c", f'drop database if exists "{name}" with (force)', self.server],
                           capture_output=True)
        shutil.rmtree(self.top, ignore_errors=True)

    def _database(self, name):
        if not self.server:
            (self.top / "shops").mkdir(exist_ok=True)
            return f"sqlite:{self.top}/shops/{name}.db"
        database = f"lochan_grade_{name}_{uuid.uuid4().hex[:8]}"
        done = subprocess.run(["psql", "-X", "-q", "-c", f'create database "{database}"', self.server], capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"check: the server takes no new database: {done.stderr.strip()}")
        self.made.append(database)
        return f"{self.server.rsplit('/', 1)[0]}/{database}"

    def lochan(self, *arguments, **settings):
        return subprocess.run([self.program, *map(str, arguments)], cwd=self.folder, text=True, capture_output=True,
                              env={**self.environment, **{name.upper(): str(value) for name, value in settings.items()}})

    def live(self, ticks, interval=1800, config=None, **settings):
        """The shops live so many ticks of simulated time."""
        # The branches' names are part of the seed, whatever their databases are called.
        places = [f"{shop.name}={shop.url}" for shop in self.shops]
        done = self.lochan("simulate", "shop", "--to", *places, *(["--config", config] if config else []), "--fast", "--ticks", ticks,
                           "--tick-interval", interval, **settings)
        if done.returncode != 0:
            raise Missing(f"the shops do not live:\n{done.stderr}")

    def run(self, may_fail=False):
        """`lochan run`: its report. With `may_fail` tables may be held back."""
        done = self.lochan("run", "--output", "json")
        if done.returncode == 2 or (done.returncode != 0 and not may_fail):
            raise Missing(f"`lochan run` ends with {done.returncode}:\n{done.stderr or done.stdout}",
                          "`lochan validate` shows every problem of the project's files at once")
        return json.loads(done.stdout)

    def lake(self, sql):
        """Rows of texts out of the lake, as tuples."""
        done = self.lochan("query", "--output", "csv", sql)
        if done.returncode != 0:
            raise Missing(f"the lake cannot answer `{sql}`:\n{done.stderr}")
        return [tuple(row) for row in csv.reader(io.StringIO(done.stdout))][1:]

    def number(self, sql):
        return int(self.lake(sql)[0][0])

    def has_table(self, table, columns=""):
        """Missing, unless the lake has the table with these columns."""
        done = self.lochan("show", table, "--output", "json")
        if done.returncode != 0:
            how = "a source brings it: sources/*.yaml" if table.startswith("raw.") else f"make it: models/{table.replace('.', '/')}.sql"
            raise Missing(f"there is no table `{table}`", how)
        found = {column["name"] for column in json.loads(done.stdout)["columns"]}
        if lacking := [name for name in columns.split() if name not in found]:
            raise Missing(f"`{table}` has no column `{lacking[0]}`", f"it has {', '.join(sorted(found))}")

    def of_shops(self, columns, table, where="true"):
        """The rows of all shops, with the branch's name first, sorted."""
        return sorted((shop.name, *row) for shop in self.shops for row in shop.rows(f"select {columns} from {table} where {where}"))

    def same(self, what, in_lake, at_shops, hint=""):
        """Missing, unless both are the same rows; says the first that differs."""
        ours, theirs = sorted(in_lake), sorted(at_shops)
        if ours == theirs:
            return ok(f"{what}: {len(theirs)} rows, as at the shops")
        only_ours = [row for row in ours if row not in set(theirs)][:1]
        only_theirs = [row for row in theirs if row not in set(ours)][:1]
        if not only_ours and not only_theirs:
            only_ours = [next(row for row in ours if ours.count(row) != theirs.count(row))]
            raise Missing(f"{what}: {len(ours)} rows in the lake, {len(theirs)} at the shops; doubled: {only_ours[0]}", hint)
        raise Missing(f"{what}: {len(ours)} rows in the lake, {len(theirs)} at the shops"
                      + "".join(f"\n  only in the lake: {row}" for row in only_ours)
                      + "".join(f"\n  only at the shop: {row}" for row in only_theirs), hint)

    def need(self, found, what, missing, hint=""):
        if not found:
            raise Missing(missing, hint)
        ok(what)


def ok(text):
    print(f"ok      {text}", flush=True)


def step(report, name):
    """A run's step by its name, or nothing."""
    return next((step for step in report["steps"] if step["step"] == name), None)
