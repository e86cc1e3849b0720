"""Reads a served lake with another engine until its standard input ends, and fails when it saw what was never published.

  soak_reader.py duckdb|pyiceberg SERVE_JSON TOKEN

A server that is away or restarts is no failure: the next read comes. The last word it prints is how often it read.
"""
import json
import os
import select
import sys
import time
import urllib.request

ENGINE, ADDRESS, TOKEN = sys.argv[1:4]
BUILD = os.path.dirname(os.path.abspath(os.environ.get("LOCHAN_BIN", "build/release/lochan")))
# Of one publication these agree: the mart is made of the sales in the same run.
SALES, MART = "select count(*), coalesce(sum(quantity), 0) from {}.staging.sale", \
              "select coalesce(sum(sales), 0), coalesce(sum(pieces), 0) from {}.mart.revenue"


class Wrong(Exception):
    """A reader saw what it must never see."""


def uri():
    with open(ADDRESS) as file:
        return json.load(file)["uri"]


def newest(address):
    """The number of main's last publication."""
    request = urllib.request.Request(f"{address}/api/runs?limit=100", headers={"authorization": f"Bearer {TOKEN}"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return max(run["publication"] or 0 for run in json.load(answer)["runs"])


def read_with_duckdb(address, ref):
    import duckdb
    connection = duckdb.connect()
    for extension in ("avro", "httpfs", "iceberg"):
        connection.execute(f"load '{BUILD}/extensions/{extension}.duckdb_extension'")
    connection.execute(f"attach '{ref}' as lake (type iceberg, endpoint '{address}', token '{TOKEN}')")
    return tuple(tuple(map(int, connection.execute(sql.format("lake")).fetchone())) for sql in (SALES, MART))


def read_with_pyiceberg(address, ref):
    from pyiceberg.catalog.rest import RestCatalog
    catalog = RestCatalog("lake", uri=address, warehouse=ref, token=TOKEN)
    sales = catalog.load_table("staging.sale").scan(selected_fields=("quantity",)).to_arrow()
    mart = catalog.load_table("mart.revenue").scan(selected_fields=("sales", "pieces")).to_arrow()
    add = lambda table, name: sum(value or 0 for value in table[name].to_pylist())
    return ((len(sales), add(sales, "quantity")), (int(add(mart, "sales")), int(add(mart, "pieces"))))


def main():
    read = {"duckdb": read_with_duckdb, "pyiceberg": read_with_pyiceberg}[ENGINE]
    reads = failures = last = 0
    reason = ""
    while not select.select([sys.stdin], [], [], 0)[0]:
        try:
            address = uri()
            number = newest(address)
            if number < last:
                raise Wrong(f"publication {number} after {last}")
            last = number
            sales, mart = read(address, f"at-{number}")
            if sales != mart:
                raise Wrong(f"at publication {number}: {sales} sales and pieces in staging.sale, {mart} in mart.revenue")
            read(address, "main")  # each table for itself: two loads may be of two publications
            reads += 1
        except Wrong:
            raise
        except Exception as failure:  # the server was killed, stopped or restarted under it
            failures += 1
            reason = f"{type(failure).__name__}: {failure}"
            time.sleep(0.3)
    if reads == 0:
        raise Wrong(f"not one read in {failures} went well; the last: {reason}")
    print(f"{failures} reads were broken off, the last by: {reason or 'none'}\n{reads}")


if __name__ == "__main__":
    main()
