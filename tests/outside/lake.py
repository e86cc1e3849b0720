"""A lake for one test: the real catalog in a process of its own (catalog_host), and engines attached to it."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "support"))
from places import Place  # noqa: E402

import duckdb
from pyiceberg.catalog.rest import RestCatalog

BUILD = os.path.dirname(os.path.abspath(os.environ.get("LOCHAN_BIN", "build/release/lochan")))


class Refused(Exception):
    """The catalog's answer to a request that it won't do."""


class Lake:
    def __init__(self, **options):
        self.folder = tempfile.mkdtemp(prefix="lochan-outside-")
        self.place = Place(self.folder)
        self._options = json.dumps(options | self.place.for_catalog_host())
        self._project_tables = options.get("project_tables", [])
        self._start()

    def _start(self):
        command = [os.path.join(BUILD, "catalog_host"), self.folder, self._options]
        self._host = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.uri = self._read()

    def restart(self):
        """A new process over the same rows and files: all tokens are void."""
        self._stop()
        self._start()

    def _stop(self):
        self._host.stdin.close()
        self._host.wait(timeout=30)
        self._host.stdout.close()

    def close(self):
        self._stop()
        self.place.drop()
        shutil.rmtree(self.folder)

    def _read(self):
        answer = json.loads(self._host.stdout.readline())
        if "error" in answer:
            raise Refused(answer["kind"], answer["error"])
        return answer["ok"]

    def do(self, command, **arguments):
        self._host.stdin.write(json.dumps({"do": command, **arguments}) + "\n")
        self._host.stdin.flush()
        return self._read()

    def branch(self, name):
        self.do("create_branch", name=name)
        return name

    def token(self, ref, may_write=True, tables=None):
        """On a branch the project's tables may be written, unless `tables` says which."""
        if tables is None:
            tables = self._project_tables if ref.startswith("run-") else []
        return self.do("grant", ref=ref, may_write=may_write, tables=tables)

    def publish(self, branch, **request):
        """The publication's number. `conflicts` of somebody else's changes are an error here."""
        outcome = self.do("publish", branch=branch, **request)
        if outcome["conflicts"]:
            raise Refused("conflict", outcome["conflicts"])
        return outcome["publication"]

    def run(self, name, *statements):
        """A run: statements in DuckDB on a branch of its own, then publish."""
        engine = self.engine(self.branch(name))
        for statement in statements:
            engine.execute(statement)
        engine.close()
        return self.publish(name)

    def engine(self, ref, uri=None, **token):
        """DuckDB with the ref attached as `lake`, by a token for it."""
        connection = new_duckdb()
        attach(connection, "lake", ref, uri or self.uri, self.token(ref, **token))
        return connection

    def bring_keys(self, engine):
        """To read the files without those that the catalog gives."""
        if self.place.bucket:
            (key, secret), host = self.place.bucket.keys, self.place.bucket.host
            engine.execute(f"create secret own (type s3, key_id '{key}', secret '{secret}', endpoint '{host}', url_style path, use_ssl false)")

    def pyiceberg(self, ref, **token):
        return RestCatalog("lake", uri=self.uri, warehouse=ref, token=self.token(ref, **token))

    def data_files(self):
        """Every file of the lake that isn't a metadata.json."""
        return sorted(name for name in self.place.files() if not name.endswith(".metadata.json"))


def new_duckdb():
    connection = duckdb.connect(config={"allow_unsigned_extensions": "true"})
    for extension in ("avro", "httpfs", "iceberg"):
        connection.execute(f"load '{BUILD}/extensions/{extension}.duckdb_extension'")
    connection.execute("set threads = 2")
    return connection


def attach(connection, name, ref, uri, token):
    connection.execute(f"attach '{ref}' as {name} (type iceberg, endpoint '{uri}', token '{token}')")


class LakeTest(unittest.TestCase):
    """A test with an empty lake."""

    options = {}

    def setUp(self):
        self.lake = Lake(**self.options)
        self.addCleanup(self.lake.close)

    def rows(self, engine, query):
        return engine.execute(query).fetchall()


def main():
    unittest.main(module=sys.modules["__main__"], verbosity=2)
