"""A thousand small models, the same SQL for each tool: built from nothing, planned, and run again with nothing stale.

Ten generations of a hundred tables with ten rows each; each table but the first hundred joins two of the generation
before it. Every build starts with an empty folder.
"""
import os
import pathlib
import shutil

GENERATION = 100


def models(count, name, table):
    """(name, SQL) of each model; `table` writes a reference to another model as the tool wants it."""
    for i in range(count):
        if i < GENERATION:
            yield name(i), f"select range::bigint as id, {i}::bigint as n from range(10)"
        else:
            first = i - GENERATION
            second = first - first % GENERATION + (first + 1) % GENERATION
            yield name(i), (f"select a.id, (a.n + b.n) % 1000003 as n\n"
                            f"from {table(first)} a join {table(second)} b on b.id = a.id")


def model_name(i):
    return f"m_{i:04}"


def write(folder, name, text):
    path = pathlib.Path(folder, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


class Tool:
    """`commands` of each benchmark, run in a folder that `prepare` has filled; a missing one is not in the table."""

    env = {}

    def __init__(self, count):
        self.count = count


class Lochan(Tool):
    name = "lochan"

    def __init__(self, count):
        super().__init__(count)
        lochan = os.environ["LOCHAN_BIN"]
        self.commands = {"plan": [lochan, "plan"], "build": [lochan, "run"], "again": [lochan, "run"],
                         "plan again": [lochan, "plan"]}

    def prepare(self, folder):
        write(folder, "lochan.yaml", "name: thousand\nlake: ./lake\n")
        for name, sql in models(self.count, model_name, lambda i: f"mart.{model_name(i)}"):
            write(folder, f"models/mart/{name}.sql", f"/* ---\nmaterialized: table\n--- */\n{sql}\n")


class PlainSql(Tool):
    """The same tables made by one Python process in one DuckDB file: what the engine alone costs."""

    name = "plain SQL in DuckDB"

    def __init__(self, count, peers):
        super().__init__(count)
        self.commands = {"build": [peers + "/python", "build.py"]}

    def prepare(self, folder):
        statements = [f"create or replace table {name} as {sql}" for name, sql in models(self.count, model_name, model_name)]
        write(folder, "statements.sql", ";\n".join(statements))
        write(folder, "build.py", "import duckdb\nc = duckdb.connect('lake.db')\n"
                                  "for s in open('statements.sql').read().split(';\\n'): c.execute(s)\n")


class Dbt(Tool):
    name = "dbt-duckdb"
    env = {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DBT_PROFILES_DIR": ".", "DO_NOT_TRACK": "1"}

    def __init__(self, count, peers):
        super().__init__(count)
        dbt = peers + "/dbt"
        # It has no state of its own: nothing stale is what differs from the last build's manifest, which is nothing.
        self.commands = {"plan": [dbt, "parse", "--no-partial-parse"], "build": [dbt, "run"],
                         "again": [dbt, "run", "--select", "state:modified", "--state", "last"]}

    def prepare(self, folder):
        write(folder, "dbt_project.yml", "name: thousand\nprofile: thousand\nmodels:\n  +materialized: table\n")
        write(folder, "profiles.yml", "thousand:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: lake.db, "
                                      f"threads: {os.cpu_count()}}}\n")
        for name, sql in models(self.count, model_name, lambda i: f"{{{{ ref('{model_name(i)}') }}}}"):
            write(folder, f"models/{name}.sql", sql + "\n")

    def built(self, folder):
        os.makedirs(pathlib.Path(folder, "last"))
        shutil.copy(pathlib.Path(folder, "target/manifest.json"), pathlib.Path(folder, "last/manifest.json"))


class SqlMesh(Tool):
    name = "SQLMesh"
    env = {"SQLMESH__DISABLE_ANONYMIZED_ANALYTICS": "true", "DO_NOT_TRACK": "1", "NO_COLOR": "1"}

    def __init__(self, count, peers):
        super().__init__(count)
        mesh = [peers + "/sqlmesh"]
        self.commands = {"plan": [*mesh, "plan", "--explain", "--no-prompts"],
                         "build": [*mesh, "plan", "--no-prompts", "--auto-apply"],
                         "again": [*mesh, "plan", "--no-prompts", "--auto-apply"]}

    def prepare(self, folder):
        write(folder, "config.yaml", "gateways:\n  local:\n    connection: {type: duckdb, database: lake.db}\n"
                                     "default_gateway: local\nmodel_defaults: {dialect: duckdb, start: 2026-01-01}\n")
        for name, sql in models(self.count, model_name, lambda i: f"mart.{model_name(i)}"):
            write(folder, f"models/{name}.sql", f"MODEL (name mart.{name}, kind FULL);\n\n{sql}\n")


def tools(count, peers):
    """Lochan, then the peers that are installed; and why the others are not there."""
    found, absent = [Lochan(count)], []
    if peers is None:
        absent.append("plain SQL, dbt-duckdb, SQLMesh: could not be installed (bench/requirements.txt)")
    else:
        found += [PlainSql(count, peers), Dbt(count, peers), SqlMesh(count, peers)]
    absent.append("Bruin: a Go program whose module the Go proxy does not serve; nothing to install")
    return found, absent
