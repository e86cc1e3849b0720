"""200,000 records from an HTTP API in pages of 1,000: Lochan beside dlt's rest_api, in one run.

`lochan simulate api` answers 429 with `Retry-After: 1` to every 20th request and 500 to every 50th; the waits alone take ten
seconds. It counts what it was asked: how many requests came before their Retry-After was over, and which pages were given twice.
CPU is of the client's side. dlt is left out, and that is said, where it can't be imported.

  bench/http_api.sh [--records 200000] [--rounds 3] [--only lochan,dlt]
"""
import argparse
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.request

from measure import measure, print_table, spread

ROOT = pathlib.Path(__file__).resolve().parents[1]
LOCHAN = os.environ.get("LOCHAN_BIN", str(ROOT / "build/release/lochan"))

SOURCE = """
source: volt
from: volt
tables:
  orders:
    load: full
    key: id
    request:
      path: cursor/orders
      records: data
      pagination: {by: cursor, at: meta.next_cursor, param: cursor, size: 1000, size_param: limit}
"""

DLT = """
import sys, dlt
from dlt.sources.rest_api import rest_api_source
source = rest_api_source({
    "client": {"base_url": sys.argv[1]},
    "resources": [{"name": "orders", "primary_key": "id", "write_disposition": "replace", "endpoint": {
        "path": "cursor/orders", "params": {"limit": 1000}, "data_selector": "data",
        "paginator": {"type": "cursor", "cursor_path": "meta.next_cursor", "cursor_param": "cursor"}}}]})
pipeline = dlt.pipeline("volt", destination=dlt.destinations.filesystem("file://" + sys.argv[2] + "/out"), dataset_name="d",
                        pipelines_dir=sys.argv[2] + "/pipelines")
pipeline.run(source, loader_file_format="parquet")
"""

COUNT = """
import glob, sys, duckdb
files = glob.glob(sys.argv[1], recursive=True)
print(*duckdb.sql(f"select count(*), count(distinct id) from read_parquet({files}, union_by_name=true)").fetchone())
"""


class Api:
    """The simulated API, for one tool: it begins to count anew."""

    def __init__(self, records):
        self.process = subprocess.Popen([LOCHAN, "simulate", "api", "--port", "0", "--orders", str(records), "--every-429", "20", "--retry-after", "1",
                                         "--every-500", "50", "--tick-interval", "0"], stderr=subprocess.PIPE, text=True)
        line = self.process.stderr.readline()
        self.url = next(word.rstrip(":") for word in line.split() if word.startswith("http://"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(30)
        self.process.stderr.close()

    def counts(self):
        with urllib.request.urlopen(self.url + "/_counts") as answer:
            return json.load(answer)


def lochan(url, folder):
    (folder / "sources").mkdir()
    (folder / "lochan.yaml").write_text(f"name: volt\nconnections:\n  volt: {{url: '{url}'}}\n")
    (folder / "sources/volt.yaml").write_text(SOURCE)
    return [LOCHAN, "run"], folder / "lake/raw/orders/data/**/*.parquet"


def dlt(url, folder):
    return [sys.executable, "-c", DLT, url, str(folder)], folder / "out/d/orders/**/*.parquet"


TOOLS = {"lochan": lochan, "dlt": dlt}


def is_there(tool):
    return tool != "dlt" or subprocess.run([sys.executable, "-c", "from dlt.sources.rest_api import rest_api_source"], capture_output=True).returncode == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--only", default=",".join(TOOLS))
    options = parser.parse_args()
    costs, seen = {}, {}
    for tool in options.only.split(","):
        if is_there(tool):
            costs[tool] = []
        else:
            print(f"{tool} is left out: it can't be imported")
    for _ in range(options.rounds):
        for tool in costs:
            folder = pathlib.Path(tempfile.mkdtemp(prefix="lochan-http-"))
            try:
                with Api(options.records) as api:
                    command, files = TOOLS[tool](api.url, folder)
                    costs[tool].append(measure(command, folder, {"RUNTIME__DLTHUB_TELEMETRY": "false"}))
                    seen[tool] = api.counts()
                counted = subprocess.run([sys.executable, "-c", COUNT, str(files)], capture_output=True, text=True, check=True).stdout.split()
                if counted != [str(options.records)] * 2:
                    sys.exit(f"{tool} brought {counted[0]} records, {counted[1]} different ones, of {options.records}")
            finally:
                shutil.rmtree(folder)
    print(f"{options.records} records in pages of 1,000; nothing missing, nothing twice")
    lines = [["tool", "", "seconds", "CPU s", "peak MB", "requests", "before Retry-After", "while held back"]]
    for tool, found in costs.items():
        lines.append([tool, "", spread([c.seconds for c in found]), spread([c.cpu for c in found]), spread([c.peak_mb for c in found], 0),
                      str(seen[tool]["requests"]), str(seen[tool]["before_retry_after"]), str(seen[tool]["while_held_back"])])
    print_table(lines)
    if seen.get("lochan", {}).get("before_retry_after") or seen.get("lochan", {}).get("while_held_back"):
        sys.exit("lochan asked before it was allowed to")


if __name__ == "__main__":
    main()
