"""History (a slowly changing dimension of type 2): 1 % of a table's rows change; what the second build costs.

Each tool gets the same Parquet file: of the rows that changed, or of the whole state in which they did. Every table has the
first state already; only the build that follows is measured.
"""
import os
import pathlib
import subprocess

from thousand_models import write

COLUMNS = "id, name, city, status, amount, updated_at"
FIRST = ("select i::bigint as id, 'customer ' || i as name, 'city ' || (hash(i) % 500) as city, "
         "['new', 'active', 'gone'][1 + (hash(i + 7) % 3)::int] as status, ((hash(i + 3) % 100000)::bigint / 100)::decimal(10,2) as amount, "
         "timestamp '2026-01-01' + interval (i % 86400) second as updated_at from range({rows}) r(i)")
CHANGED = ("select id, name, city, 'changed' as status, (amount + 1)::decimal(10,2) as amount, "
           "timestamp '2026-02-01' + interval (id % 86400) second as updated_at from ({first}) where id % 100 = 7")
INPUTS = {"changes": "1 % of the rows changed, these are given", "state": "1 % of the rows changed, all rows are given"}


def generate(folder, rows, python):
    """first.parquet, changes.parquet and state.parquet: made once, linked into each tool's folder."""
    first = FIRST.format(rows=rows)
    changed = CHANGED.format(first=first)
    files = {"first": first, "changes": changed, "state": f"{changed} union all select * from ({first}) where id % 100 <> 7"}
    script = "import duckdb\n" + "".join(f'duckdb.execute("""copy ({sql}) to \'{name}.parquet\'""")\n' for name, sql in files.items())
    subprocess.run([python, "-c", script], cwd=folder, check=True)


class Tool:
    env = {}

    def __init__(self, inputs, kind):
        self.inputs, self.kind = pathlib.Path(inputs), kind

    def give(self, folder, name, at="new.parquet"):
        path = pathlib.Path(folder, at)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        os.link(self.inputs / f"{name}.parquet", path)


class Lochan(Tool):
    """The raw table's log and the history: both are written, on a branch, audited and published."""

    name = "lochan"

    def __init__(self, inputs, kind):
        super().__init__(inputs, kind)
        self.first = self.second = [os.environ["LOCHAN_BIN"], "run"]

    def prepare(self, folder):
        load = "load: incremental" if self.kind == "changes" else "load: full, key: id"
        write(folder, "lochan.yaml", "name: history\nlake: ./lake\nconnections: { drop: 'files:./drop' }\n")
        write(folder, "sources/shop.yaml", f"source: shop\nfrom: drop\ntables:\n  customer: {{ {load}, from: '*.parquet' }}\n")
        write(folder, "models/staging/customer.sql",
              "/* ---\nmaterialized: scd2\nkey: id\nupdated_at: updated_at\n--- */\n"
              f"select {COLUMNS} from raw.customer where $since is null or _loaded_at > $since\n")
        self.give(folder, "first", "drop/first.parquet")

    def change(self, folder):
        if self.kind == "state":
            pathlib.Path(folder, "drop/first.parquet").unlink()
        self.give(folder, self.kind, f"drop/{self.kind}.parquet")


class PlainSql(Tool):
    """What a person writes by hand: one UPDATE and one INSERT in a DuckDB file; neither late rows nor repeats are seen to."""

    name = "plain SQL in DuckDB"

    def __init__(self, inputs, kind, peers):
        super().__init__(inputs, kind)
        self.first, self.second = [peers + "/python", "first.py"], [peers + "/python", "second.py"]

    def prepare(self, folder):
        self.give(folder, "first")
        write(folder, "first.py", "import duckdb\nc = duckdb.connect('lake.db')\nc.execute(\"create table customer as select *, updated_at as "
                                  "valid_from, null::timestamp as valid_to, true as is_current from 'new.parquet'\")\n")
        write(folder, "second.py", "import duckdb\nc = duckdb.connect('lake.db')\nc.execute('begin')\nc.execute(\"create temp table changed as select n.* "
                                   "from 'new.parquet' n join customer c on c.id = n.id and c.is_current and n.updated_at > c.valid_from\")\n"
                                   "c.execute('update customer c set valid_to = n.updated_at, is_current = false from changed n where n.id = c.id "
                                   "and c.is_current')\n"
                                   "c.execute('insert into customer select *, updated_at, null, true from changed')\nc.execute('commit')\n")

    def change(self, folder):
        self.give(folder, self.kind)


class Dbt(Tool):
    name = "dbt snapshot"
    env = {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DBT_PROFILES_DIR": ".", "DO_NOT_TRACK": "1"}

    def __init__(self, inputs, kind, peers):
        super().__init__(inputs, kind)
        self.first = self.second = [peers + "/dbt", "snapshot"]

    def prepare(self, folder):
        self.give(folder, "first")
        write(folder, "dbt_project.yml", "name: history\nprofile: history\n")
        write(folder, "profiles.yml", f"history:\n  target: dev\n  outputs:\n    dev: {{type: duckdb, path: lake.db, threads: {os.cpu_count()}}}\n")
        write(folder, "snapshots/customer.sql",
              "{% snapshot customer %}\n{{ config(target_schema='main', unique_key='id', strategy='timestamp', updated_at='updated_at') }}\n"
              "select * from read_parquet('new.parquet')\n{% endsnapshot %}\n")

    def change(self, folder):
        self.give(folder, self.kind)


class SqlMesh(Tool):
    name = "SQLMesh SCD_TYPE_2_BY_TIME"
    env = {"SQLMESH__DISABLE_ANONYMIZED_ANALYTICS": "true", "DO_NOT_TRACK": "1", "NO_COLOR": "1"}

    def __init__(self, inputs, kind, peers):
        super().__init__(inputs, kind)
        mesh = peers + "/sqlmesh"
        self.first = [mesh, "plan", "--no-prompts", "--auto-apply", "--execution-time", "3 days ago"]
        self.second = [mesh, "run"]

    def prepare(self, folder):
        self.give(folder, "first")
        write(folder, "config.yaml", "gateways:\n  local:\n    connection: {type: duckdb, database: lake.db}\n"
                                     "default_gateway: local\nmodel_defaults: {dialect: duckdb, start: 2026-01-01}\n")
        write(folder, "models/customer.sql",
              "MODEL (name mart.customer, kind SCD_TYPE_2_BY_TIME (unique_key id, updated_at_name updated_at), cron '@daily', columns (id bigint, "
              "name text, city text, status text, amount decimal(10,2), updated_at timestamp, valid_from timestamp, valid_to timestamp));\n\n"
              f"select {COLUMNS} from read_parquet('new.parquet')\n")

    def change(self, folder):
        self.give(folder, self.kind)


def tools(inputs, kind, peers):
    return [Lochan(inputs, kind), PlainSql(inputs, kind, peers), Dbt(inputs, kind, peers), SqlMesh(inputs, kind, peers)]


def count(folder, tool, peers):
    """Rows of the history and open rows: what each tool must have the same of."""
    if tool.name == "lochan":
        command = [os.environ["LOCHAN_BIN"], "query", "--output", "csv", "select count(*), count(*) filter (where is_current) from staging.customer"]
        return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.splitlines()[-1]
    table, end = {"dbt snapshot": ("customer", "dbt_valid_to"), "plain SQL in DuckDB": ("customer", "valid_to")}.get(tool.name, ("mart.customer", "valid_to"))
    script = (f"import duckdb\nprint(*duckdb.connect('lake.db').execute('select count(*), count(*) filter (where {end} is null) from {table}')"
              ".fetchone(), sep=',')")
    return subprocess.run([peers + "/python", "-c", script], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()
