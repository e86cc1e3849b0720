"""A million rows into PostgreSQL, which has them in their former state: what the upsert costs.

By hand it is a COPY into a temporary table and one INSERT … ON CONFLICT, from a file that lies there ready, in PostgreSQL's own
binary format or as CSV. Lochan starts from the lake: it compares two publications, sends what differs, deletes what is gone, and
writes its mark.
"""
import os
import pathlib
import subprocess
import time

from measure import measure
from thousand_models import write

COLUMNS = "id, name, city, status, amount, updated_at"
TYPES = "id bigint primary key, name text, city text, status text, amount numeric(10,2), updated_at timestamp"
FIRST = ("select i::bigint as id, 'customer ' || i as name, 'city ' || (hash(i) % 500) as city, 'new' as status, "
         "((hash(i + 3) % 100000)::bigint / 100)::decimal(10,2) as amount, "
         "timestamp '2026-01-01' + interval (i % 86400) second as updated_at from range({rows}) r(i)")
CHANGED = "select * replace ('changed' as status, (amount + 1)::decimal(10,2) as amount) from ({first})"
STATES = {
    "every row changed": CHANGED,
    "1 % of the rows changed": CHANGED + " where id % 100 = 7 union all from ({first}) where id % 100 <> 7",
}
MERGE = ("insert into customer select * from stage on conflict (id) do update set "
         + ", ".join(f"{name} = excluded.{name}" for name in COLUMNS.split(", ")[1:]))


def service(verb):
    script = pathlib.Path(__file__).parent.parent / "tests/services/postgres.sh"
    output = subprocess.run([script, verb], check=True, capture_output=True, text=True).stdout
    return dict(line.split("=", 1) for line in output.splitlines() if "=" in line)


class Server:
    """A database of its own on the tests' server."""

    def __init__(self):
        found = service("start")
        self.pid, self.server = found["POSTGRES_PID"], found["POSTGRES_URL"]
        self.url = self.server.rsplit("/", 1)[0] + "/lochan_bench"

    def anew(self):
        for sql in ("drop database if exists lochan_bench with (force)", "create database lochan_bench"):
            subprocess.run(["psql", "-X", "-q", "-c", sql, self.server], check=True, stderr=subprocess.DEVNULL)

    def psql(self, *commands):
        arguments = [part for command in commands for part in ("-c", command)]
        return subprocess.run(["psql", "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", *arguments, self.url], check=True,
                              capture_output=True, text=True).stdout.strip()

    def cpu(self):
        """CPU seconds of all backends that have ended."""
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


class Lochan:
    name = "lochan"

    def prepare(self, folder, server, inputs, state):
        write(folder, "lochan.yaml", f"name: upsert\nlake: ./lake\nconnections: {{ drop: 'files:./drop', dwh: '{server.url}' }}\n")
        write(folder, "sources/shop.yaml", "source: shop\nfrom: drop\ntables:\n  customer: { load: full, from: '*.parquet' }\n")
        write(folder, "models/mart/customer.sql", f"select {COLUMNS} from raw.customer\n")
        write(folder, "sinks/dwh.yaml", "sink: dwh\nto: dwh\ntables:\n  mart.customer: { write: upsert, key: id }\n")
        path = pathlib.Path(folder, "drop/customer.parquet")
        path.parent.mkdir()
        os.link(inputs / "first.parquet", path)
        self.run(folder)
        path.unlink()
        os.link(inputs / f"{state}.parquet", path)
        self.run(folder, "--exclude", "sink:dwh")
        self.command = [os.environ["LOCHAN_BIN"], "run", "--select", "sink:dwh"]

    @staticmethod
    def run(folder, *arguments):
        measure([os.environ["LOCHAN_BIN"], "run", *arguments], folder)


class ByHand:
    def __init__(self, what):
        self.what = what
        self.name = f"COPY, INSERT … ON CONFLICT from {what}"

    def prepare(self, folder, server, inputs, state):
        server.psql(f"create table customer ({TYPES})", f"\\copy customer from '{inputs}/first.csv' csv")
        server.psql("vacuum analyze customer")
        at = f"{inputs}/{state}.{self.what}"
        self.command = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", "begin", "-c",
                        "create temp table stage (like customer) on commit drop", "-c", f"\\copy stage from '{at}' {self.what}",
                        "-c", MERGE, "-c", "commit", server.url]


def generate(folder, rows, python, server):
    """Each state as Parquet for the lake, as CSV and in the binary format of COPY."""
    first = FIRST.format(rows=rows)
    files = {"first": first} | {name: sql.format(first=first) for name, sql in STATES.items()}
    script = "import duckdb\n"
    for name, sql in files.items():
        script += f'duckdb.execute("""copy ({sql}) to \'{name}.parquet\'""")\n'
        script += f'duckdb.execute("""copy (from \'{name}.parquet\') to \'{name}.csv\' (header false)""")\n'
    subprocess.run([python, "-c", script], cwd=folder, check=True)
    server.anew()
    for name in STATES:
        server.psql(f"create table customer ({TYPES})", f"\\copy customer from '{folder}/{name}.csv' csv",
                    f"\\copy customer to '{folder}/{name}.binary' binary", "drop table customer")


def bench(folder, rounds, rows, python, told):
    """For each state: its name, and for each tool its costs, the server's CPU seconds with them, and what the table sums to."""
    server = Server()
    inputs = pathlib.Path(folder, "inputs")
    inputs.mkdir()
    generate(inputs, rows, python, server)
    for state in STATES:
        costs, sums = {}, {}
        for number in range(rounds):
            for tool in (Lochan(), ByHand("binary"), ByHand("csv")):
                at = pathlib.Path(folder, f"{number}-{len(costs)}-{state}-{tool.name}".replace(" ", "_"))
                at.mkdir()
                server.anew()
                tool.prepare(str(at), server, inputs, state)
                server.psql("checkpoint")
                before = server.cpu()
                cost = measure(tool.command, str(at))
                time.sleep(0.3)  # the backend ends after its client
                costs.setdefault(tool.name, []).append((cost, server.cpu() - before))
                sums[tool.name] = server.psql("select count(*), sum(amount), count(*) filter (where status = 'changed') from customer")
                told(f"{state}, round {number + 1} of {rounds}: {tool.name}")
        yield state, costs, sums
