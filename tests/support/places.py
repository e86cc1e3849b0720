"""Where a test's lake and state lie: in its project's folder; or, by one switch each, elsewhere:

  LOCHAN_TEST_LAKE=s3            the lake below a prefix of its own in a bucket, on the server of tests/services/s3.sh
  LOCHAN_TEST_STATE=postgresql   the state in a schema of its own, on the server of tests/services/postgres.sh

With `cuttable`, tests/services/toxiproxy.sh stands in both ways, and can cut them. Only the standard library is used here.
"""
import atexit
import datetime
import hashlib
import hmac
import http.client
import http.server
import json
import os
import pathlib
import re
import sqlite3
import subprocess
import threading
import urllib.parse
import urllib.request
import uuid
import xml.etree.ElementTree

SERVICES = pathlib.Path(__file__).resolve().parents[1] / "services"
BUCKET = "lochan-places"
PROGRAMS = "/usr/lib/postgresql/15/bin"


def is_on_s3():
    return os.environ.get("LOCHAN_TEST_LAKE") == "s3"


def is_in_postgresql():
    return os.environ.get("LOCHAN_TEST_STATE") == "postgresql"


def service(name, word="start"):
    done = subprocess.run([SERVICES / f"{name}.sh", word], check=True, capture_output=True, text=True, env=clean_environment())
    return dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)


class Bucket:
    """The objects below a prefix, by requests of its own (Signature Version 4, of an unsigned body)."""

    def __init__(self, described, prefix):
        self.endpoint, self.prefix = described["S3_ENDPOINT"], prefix
        self.keys = described["S3_ACCESS_KEY_ID"], described["S3_SECRET_ACCESS_KEY"]
        self.host = self.endpoint.split("://")[1]
        self.connection = http.client.HTTPConnection(self.host, timeout=60)
        self.ask("PUT", f"/{BUCKET}", expected=(200, 409))

    def sign(self, method, path, query=(), headers=()):
        """The request's target, and its headers with what proves that it is ours."""
        now = datetime.datetime.now(datetime.timezone.utc)
        stamp, day = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
        path = urllib.parse.quote(path, safe="/-_.~")
        text = "&".join(f"{urllib.parse.quote(name, safe='-_.~')}={urllib.parse.quote(value, safe='-_.~')}" for name, value in sorted(query))
        headers = dict(headers) | {"host": self.host, "x-amz-content-sha256": "UNSIGNED-PAYLOAD", "x-amz-date": stamp}
        covered = sorted(name for name in headers if name == "host" or name.startswith("x-amz-"))
        signed = ";".join(covered)
        canonical = "\n".join([method, path, text, *(f"{name}:{headers[name].strip()}" for name in covered), "", signed, "UNSIGNED-PAYLOAD"])
        scope = f"{day}/us-east-1/s3/aws4_request"
        to_sign = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
        key = b"AWS4" + self.keys[1].encode()
        for part in (day, "us-east-1", "s3", "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
        headers["authorization"] = f"AWS4-HMAC-SHA256 Credential={self.keys[0]}/{scope}, SignedHeaders={signed}, Signature={signature}"
        return path + ("?" + text if text else ""), headers

    def ask(self, method, path, query=(), body=b"", expected=(200, 204)):
        target, headers = self.sign(method, path, query)
        for attempt in (1, 2):
            try:
                self.connection.request(method, target, body=body, headers=headers)
                reply = self.connection.getresponse()
                data = reply.read()
                break
            except (http.client.HTTPException, OSError):
                self.connection.close()
                if attempt == 2:
                    raise
        if reply.status not in expected:
            raise RuntimeError(f"{method} {path}: {reply.status} {data[:300]}")
        return data

    def list(self):
        """Names below the prefix, each with its ETag and size."""
        found, token = {}, None
        while True:
            query = [("list-type", "2"), ("prefix", self.prefix + "/")] + ([("continuation-token", token)] if token else [])
            page = xml.etree.ElementTree.fromstring(re.sub(rb' xmlns="[^"]*"', b"", self.ask("GET", f"/{BUCKET}", query)))
            for item in page.iter("Contents"):
                found[item.findtext("Key")[len(self.prefix) + 1:]] = (item.findtext("ETag"), int(item.findtext("Size")))
            token = page.findtext("NextContinuationToken")
            if not token:
                return found

    def path(self, name):
        return f"/{BUCKET}/{self.prefix}/{name}"

    def read(self, name):
        return self.ask("GET", self.path(name))

    def write(self, name, data):
        self.ask("PUT", self.path(name), body=data)

    def remove(self, name):
        self.ask("DELETE", self.path(name))


class Proxies:
    """Ways that can be cut."""

    def __init__(self):
        self.url = service("toxiproxy")["TOXIPROXY_URL"]
        self.names = []

    def ask(self, method, path, document=None):
        request = urllib.request.Request(self.url + path, method=method, data=json.dumps(document).encode() if document is not None else None)
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as reply:
            return json.loads(reply.read() or b"null")

    def add(self, kind, upstream):
        """The address that stands for it."""
        name = f"{kind}-{uuid.uuid4()}"
        self.names.append(name)
        return self.ask("POST", "/proxies", {"name": name, "listen": "127.0.0.1:0", "upstream": upstream})["listen"]

    def set(self, kind, is_open):
        for name in self.names:
            if name.startswith(kind):
                self.ask("POST", f"/proxies/{name}", {"enabled": is_open})

    def disturb(self, kind, toxic, **attributes):
        """One of Toxiproxy's toxics on what the server sends, until `calm`."""
        for name in self.names:
            if name.startswith(kind):
                self.ask("POST", f"/proxies/{name}/toxics", {"name": toxic, "type": toxic, "attributes": attributes})

    def calm(self, kind):
        for name in self.names:
            if name.startswith(kind):
                for toxic in self.ask("GET", f"/proxies/{name}/toxics"):
                    self.ask("DELETE", f"/proxies/{name}/toxics/{toxic['name']}")
                self.ask("POST", f"/proxies/{name}", {"enabled": True})

    def drop(self):
        for name in self.names:
            self.ask("DELETE", f"/proxies/{name}")
        self.names = []


class Signer:
    """Stands before a bucket's server and signs each request anew, by the true time: no server takes those of a program whose
    clock is days ahead."""

    def __init__(self, bucket):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                self.server_side = http.client.HTTPConnection(bucket.host, timeout=60)

            def finish(self):
                self.server_side.close()
                super().finish()

            def answer(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                path, _, query = self.path.partition("?")
                kept = {name.lower(): value for name, value in self.headers.items()
                        if name.lower() not in ("host", "authorization", "connection", "expect", "content-length")}
                target, headers = bucket.sign(self.command, urllib.parse.unquote(path), urllib.parse.parse_qsl(query, keep_blank_values=True), kept)
                self.server_side.request(self.command, target, body=body, headers=headers)
                reply = self.server_side.getresponse()
                data = reply.read()
                self.send_response_only(reply.status, reply.reason)
                for name, value in reply.getheaders():
                    if name.lower() not in ("transfer-encoding", "connection", "content-length"):
                        self.send_header(name, value)
                self.send_header("content-length", reply.getheader("content-length") if self.command == "HEAD" else str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = answer

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # who asked was killed meanwhile

        self.server = Server(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class Place:
    """Of one project. With `later`, its programs' clocks may be ahead of the bucket's."""

    def __init__(self, folder, cuttable=False, later=False):
        self.folder = pathlib.Path(folder)
        self.bucket = self.archive = self.url = self.schema = None
        atexit.register(self.drop)
        self.proxies = Proxies() if cuttable and (is_on_s3() or is_in_postgresql()) else None
        if is_on_s3():
            described = service("s3")
            self.bucket = Bucket(described, str(uuid.uuid4()))
            self.archive = Bucket(described, self.bucket.prefix + "-archive")
            self.endpoint = self.bucket.endpoint
            if later:
                self.endpoint = Signer(self.bucket).endpoint
            if self.proxies:
                self.endpoint = "http://" + self.proxies.add("s3", self.endpoint.split("://")[1])
        if is_in_postgresql():
            self.url = self.client_url = service("postgres")["POSTGRES_URL"]
            self.schema = "place_" + os.urandom(8).hex()
            if self.proxies:
                host = re.search(r"@([^/]*)/", self.url)[1]
                self.client_url = self.url.replace(host, self.proxies.add("postgresql", host))

    def is_elsewhere(self):
        return bool(self.bucket or self.schema)

    def for_catalog_host(self):
        """Options of tests/outside/catalog_host.cc."""
        options = {"state": {"url": self.client_url, "schema": self.schema}} if self.schema else {}
        if self.bucket:
            options["lake"] = {"url": f"s3://{BUCKET}/{self.bucket.prefix}", "endpoint": self.endpoint, "keys": self.bucket.keys}
        return options

    def lines(self):
        """Of lochan.yaml."""
        lake = "lake: ./lake\n"
        if self.bucket:
            key, secret = self.bucket.keys
            lake = (f"lake: {{ url: 's3://{BUCKET}/{self.bucket.prefix}', endpoint: '{self.endpoint}', region: us-east-1, "
                    f"access_key_id: {key}, secret_access_key: {secret}, "
                    f"vended: {{ access_key_id: {key}, secret_access_key: {secret} }} }}\n")
        return lake + (f"state: {self.client_url}?schema={self.schema}&sslmode=disable\n" if self.schema else "")

    def archive_url(self):
        """Of a layer: reached as the lake is."""
        return f"s3://{BUCKET}/{self.archive.prefix}" if self.archive else "./cold"

    def buckets(self):
        return {"objects": self.bucket, "archived": self.archive} if self.bucket else {}

    def environment(self):
        """For a project whose lake is ${LAKE} and whose state is ${STATE}."""
        variables = {"STATE": f"{self.client_url}?schema={self.schema}&sslmode=disable"} if self.schema else {}
        if self.bucket:
            key, secret = self.bucket.keys
            variables |= {"LAKE": f"s3://{BUCKET}/{self.bucket.prefix}", "AWS_ENDPOINT_URL": self.endpoint, "AWS_REGION": "us-east-1",
                          "AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret}
        return variables

    def files(self):
        """Of the lake, with their sizes."""
        if self.bucket:
            return {name: size for name, (_, size) in self.bucket.list().items()}
        lake, sizes = self.folder / "lake", {}
        for path in lake.rglob("*"):
            try:
                if path.is_file():
                    sizes[str(path.relative_to(lake))] = path.stat().st_size
            except FileNotFoundError:
                pass  # tending has removed it meanwhile
        return sizes

    def remove(self, name):
        if self.bucket:
            self.bucket.remove(name)
        else:
            (self.folder / "lake" / name).unlink()

    def ask_state(self, sql):
        """Rows of the state."""
        if self.schema:
            done = subprocess.run(["psql", "-qAt", "-P", "null=(null)", "-F", "\x1f", self.url, "-c", f"set search_path = {self.schema}; {sql}"],
                                  check=True, capture_output=True, text=True, env=clean_environment())
            return [tuple(value_of(text) for text in line.split("\x1f")) for line in done.stdout.splitlines()]
        connection = sqlite3.connect(self.folder / ".lochan/state.db", timeout=60)
        try:
            with connection:
                return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def vacuum_state(self):
        """PostgreSQL keeps rows that are gone until then."""
        if self.schema:
            tables = [name for (name,) in self.ask_state(f"select tablename from pg_tables where schemaname = '{self.schema}'")]
            commands = [word for name in tables for word in ("-c", f"vacuum full {self.schema}.{name}")]
            subprocess.run(["psql", "-q", self.url, *commands], check=True, capture_output=True, env=clean_environment())

    def state_bytes(self):
        if self.schema:
            return self.ask_state("select sum(pg_total_relation_size(oid)) from pg_class where relkind = 'r' and relnamespace = "
                                  f"to_regnamespace('{self.schema}')")[0][0]
        return (self.folder / ".lochan/state.db").stat().st_size

    def save(self, folder):
        """What isn't in the project's folder is kept in another one."""
        folder = pathlib.Path(folder)
        for kind, bucket in self.buckets().items():
            (folder / kind).mkdir(parents=True)
            listed = bucket.list()
            for name in listed:
                (folder / kind / urllib.parse.quote(name, safe="")).write_bytes(bucket.read(name))
            (folder / f"{kind}.json").write_text(json.dumps(listed))
        if self.schema and self.ask_state(f"select 1 from pg_namespace where nspname = '{self.schema}'"):
            folder.mkdir(parents=True, exist_ok=True)
            subprocess.run([f"{PROGRAMS}/pg_dump", "-n", self.schema, "-Fc", "-f", folder / "state.dump", self.url], check=True, env=clean_environment())

    def restore(self, folder):
        folder = pathlib.Path(folder)
        for kind, bucket in self.buckets().items():
            saved, now = json.loads((folder / f"{kind}.json").read_text()), bucket.list()
            for name in now:
                if name not in saved:
                    bucket.remove(name)
            for name, (etag, _) in saved.items():
                if now.get(name, ("",))[0] != etag:
                    bucket.write(name, (folder / kind / urllib.parse.quote(name, safe="")).read_bytes())
        if self.schema:
            self.drop_schema()
        if (folder / "state.dump").exists():
            subprocess.run([f"{PROGRAMS}/pg_restore", "-d", self.url, folder / "state.dump"], check=True, env=clean_environment())

    def drop_schema(self):
        subprocess.run(["psql", "-q", self.url, "-c",
                        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'lochan' and pid in "
                        f"(select pid from pg_locks join pg_class on relation = pg_class.oid where relnamespace = to_regnamespace('{self.schema}'))",
                        "-c", f"set client_min_messages = error; drop schema if exists {self.schema} cascade"],
                       check=True, capture_output=True, env=clean_environment())

    def drop(self):
        atexit.unregister(self.drop)
        try:
            if self.proxies:
                self.proxies.drop()
            if self.schema:
                self.drop_schema()
            for bucket in self.buckets().values():
                for name in bucket.list():
                    bucket.remove(name)
                bucket.connection.close()
        except (OSError, RuntimeError, subprocess.CalledProcessError):
            pass  # a server was stopped: what is left is throw-away


def value_of(text):
    return None if text == "(null)" else int(text) if re.fullmatch(r"-?\d+", text) else text


def clean_environment():
    return {name: value for name, value in os.environ.items() if not name.startswith(("LD_PRELOAD", "FAULT_"))}

