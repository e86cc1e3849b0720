"""A PostgreSQL shop that is written to without pause while Lochan loads it, and both are killed now and then.

Writers insert, update and delete some hundred rows a second each, and long transactions commit late or roll back. When all
writing has stopped and one more run has gone well, each table of the lake must hold what the shop holds, row for row.

  hot_postgres.py [--seconds 20] [--seed 1] [--server-deaths 1]
"""
import argparse
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
LOCHAN = os.environ.get("LOCHAN_BIN", str(ROOT / "build/release/lochan"))
TABLES = {
    "by_xmin": "{ load: incremental, cursor: xmin, key: id, deletes: detect }",
    "by_time": "{ load: incremental, cursor: updated_at, lookback: 1m, key: id, deletes: detect }",
    "whole": "{ load: full, key: id }",
    "parted": "{ load: incremental, cursor: xmin, key: id, deletes: detect }",
}
COLUMNS = "id, price, what, updated_at"


class Server:
    """A server of its own, which can be killed."""

    def __init__(self, folder):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.environment = {**os.environ, "LOCHAN_SERVICES": str(folder), "POSTGRES_PORT": str(port)}
        self.url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
        self.pid = self.start()

    def script(self, command):
        return subprocess.run([ROOT / "tests/services/postgres.sh", command], env=self.environment, capture_output=True, text=True)

    def start(self):
        for _ in range(30):
            answer = self.script("start")
            for line in answer.stdout.splitlines():
                if line.startswith("POSTGRES_PID=") and pathlib.Path("/proc", line[13:]).exists():
                    if subprocess.run(["psql", "-Atqc", "select 1", self.url], capture_output=True).returncode == 0:
                        return int(line[13:])
            time.sleep(0.5)
        sys.exit(f"the server does not start: {answer.stdout}{answer.stderr}")

    def die(self):
        """As `pg_ctl stop -m immediate` does it: nothing is written to disk any more."""
        os.kill(self.pid, signal.SIGQUIT)
        while pathlib.Path(f"/proc/{self.pid}").exists() and "Z" not in pathlib.Path(f"/proc/{self.pid}/stat").read_text().split()[2]:
            time.sleep(0.05)
        self.pid = self.start()

    def sql(self, text):
        answer = subprocess.run(["psql", "-X", "-v", "ON_ERROR_STOP=1", "--csv", "-tqc", text, self.url], capture_output=True, text=True)
        if answer.returncode:
            raise RuntimeError(answer.stderr)
        return answer.stdout


class Writer(threading.Thread):
    """Feeds a psql with statements; a new one when the server died."""

    def __init__(self, url, seed, is_long, written):
        super().__init__(daemon=True)
        self.url, self.random, self.is_long, self.written = url, random.Random(seed), is_long, written
        self.stopping = threading.Event()
        self.first = seed * 10_000_000

    def change(self):
        table = self.random.choice(list(TABLES))
        now = "updated_at = clock_timestamp()"
        kind = self.random.random()
        if kind < 0.5:
            self.first += 1
            return f"insert into {table} values ({self.first}, {self.random.randint(0, 9999)} / 100.0, 'new ü', clock_timestamp());"
        row = f"id = (select id from {table} where id >= {self.random.randint(self.first // 10_000_000 * 10_000_000, self.first)} limit 1)"
        if kind < 0.85:
            return f"update {table} set price = {self.random.randint(0, 9999)} / 100.0, {now} where {row};"
        return f"delete from {table} where {row};"

    def run(self):
        while not self.stopping.is_set():
            psql = subprocess.Popen(["psql", "-Xq", self.url], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True)
            try:
                while not self.stopping.is_set():
                    changes = [self.change() for _ in range(25)]
                    if self.is_long:
                        # Its times are old when it commits.
                        psql.stdin.write("begin;" + "".join(changes) + f"select pg_sleep({self.random.uniform(0.5, 4)});")
                        psql.stdin.write("rollback;\n" if self.random.random() < 0.3 else "commit;\n")
                    else:
                        psql.stdin.write("\n".join(changes) + "\n")
                    psql.stdin.flush()
                    self.written[0] += len(changes)
                    time.sleep(2 if self.is_long else 0.05)
            except (BrokenPipeError, OSError):
                time.sleep(0.3)
            finally:
                try:
                    psql.stdin.close()
                except OSError:
                    pass
                psql.wait()


def lochan(folder, *arguments, kill_after=None):
    process = subprocess.Popen([LOCHAN, "-C", str(folder), *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True, start_new_session=True)
    try:
        out, err = process.communicate(timeout=kill_after)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        return "killed", out, err
    return process.returncode, out, err


def prepare(folder, server):
    connections = f"name: hot\nconnections:\n  shop: {server.url}\nrun: {{ retry_delay: 100ms }}\n"
    (folder / "sources").mkdir()
    (folder / "lochan.yaml").write_text(connections)
    (folder / "sources/shop.yaml").write_text("source: shop\nfrom: shop\ntables:\n" + "".join(f"  {name}: {how}\n" for name, how in TABLES.items()))
    definition = "(id bigint primary key, price numeric(12,2), what text, updated_at timestamptz)"
    for name in TABLES:
        if name != "parted":
            server.sql(f"create table {name} {definition}")
    server.sql(f"create table parted {definition} partition by hash (id)")
    for part in range(3):
        server.sql(f"create table parted_{part} partition of parted for values with (modulus 3, remainder {part})")


def compare(folder, server, table):
    """The lines that only one side has."""
    shop = server.sql(f"select id, price, what, (extract(epoch from updated_at) * 1000000)::bigint from {table}").splitlines()
    code, out, err = lochan(folder, "query", "--output", "csv",
                            f"select id, price, what, epoch_us(updated_at) from (select * from raw.{table} qualify row_number() over "
                            "(partition by id order by _loaded_at desc) = 1) where not _deleted")
    if code != 0:
        sys.exit(f"the lake can't be read: {err}")
    lake = out.splitlines()[1:]
    return len(shop), sorted(set(shop) - set(lake)), sorted(set(lake) - set(shop))


def run_campaign(folder, options):
    chance = random.Random(options.seed)
    server = Server(folder / "services")
    try:
        project = folder / "project"
        project.mkdir()
        prepare(project, server)
        written = [0]
        writers = [Writer(server.url, seed, is_long=seed > 3, written=written) for seed in (1, 2, 3, 4, 5)]
        for writer in writers:
            writer.start()
        begin = time.monotonic()
        deaths = [begin + options.seconds * (i + 1) / (options.server_deaths + 1) for i in range(options.server_deaths)]
        outcomes = {}
        while time.monotonic() < begin + options.seconds:
            if deaths and time.monotonic() > deaths[0]:
                deaths.pop(0)
                killer = threading.Timer(chance.uniform(0, 1.5), server.die)
                killer.start()
            else:
                killer = None
            outcome, _, err = lochan(project, "run", kill_after=chance.choice([None, None, chance.uniform(0.2, 3)]))
            outcomes[outcome] = outcomes.get(outcome, 0) + 1
            if killer:
                killer.join()
        for writer in writers:
            writer.stopping.set()
        for writer in writers:
            writer.join()
        seconds = time.monotonic() - begin
        outcome, out, err = lochan(project, "run")
        if outcome != 0:
            sys.exit(f"the last run fails: {out}{err}")
        print(f"seed {options.seed}: {written[0]} writes in {seconds:.0f} s, runs by exit code {outcomes}")
        failed = False
        for table in TABLES:
            rows, lost, surplus = compare(project, server, table)
            print(f"  {table}: {rows} rows, {len(lost)} not in the lake, {len(surplus)} only there")
            for line in lost[:5]:
                print(f"    lost: {line}")
            for line in surplus[:5]:
                print(f"    only in the lake: {line}")
            failed = failed or lost or surplus or rows == 0
        return not failed
    finally:
        server.script("clean")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--server-deaths", type=int, default=1)
    options = parser.parse_args()
    if not shutil.which("psql"):
        sys.exit("psql is not there: it comes with postgresql-client")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="lochan-hot-", dir=os.environ.get("LOCHAN_CAMPAIGN_DIR")))
    folder.chmod(0o755)
    if not run_campaign(folder, options):
        sys.exit(f"the lake differs from the shop; it is kept in {folder}")
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
