#!/usr/bin/env python3
"""A stand-in for a public geocoding API, in the shape of Open-Meteo's: GET /v1/search?name=… answers with places of that name,
best first, or without `results` when it knows none. Where a place lies is made from its name, so that it is always the same.

    geocoder.py --port 0          prints its URL, then serves until it is ended
    --every-429 N --every-500 N   refuses every Nth call: too many, with Retry-After; broken
    --unknown N                   doesn't know every Nth name, until POST /_learn
    GET /_counts                  calls by status, names asked for, and those that came too early after a 429
"""

import argparse
import hashlib
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

RETRY_AFTER = 1


def number(name):
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")


def place(name, key):
    made = number(f"{name} {key}")
    return {
        "id": made % 10**8,
        "name": name,
        "latitude": round(made % 1_300_000 / 10_000 - 55, 4),
        "longitude": round(made // 1_300_000 % 3_600_000 / 10_000 - 180, 4),
        "feature_code": "PPL",
        "timezone": "GMT",
        "population": made % 1_000_000,
    }


class Geocoder:
    """What it was asked, and how it answers. May be shared between threads."""

    def __init__(self, options):
        self.options = options
        self.lock = threading.Lock()
        self.calls = self.too_early = 0
        self.statuses = {}
        self.names = {}
        self.knows_all = False
        self.held_until = 0.0

    def answer(self, name):  # → status, body, headers
        with self.lock:
            self.calls += 1
            if time.monotonic() < self.held_until:
                self.too_early += 1
            status, body, headers = self.reply(name)
            self.statuses[str(status)] = self.statuses.get(str(status), 0) + 1
            if status == 200:
                self.names[name] = self.names.get(name, 0) + 1
            return status, body, headers

    def reply(self, name):
        if self.options.every_429 and self.calls % self.options.every_429 == 0:
            self.held_until = time.monotonic() + RETRY_AFTER
            return 429, {"error": True, "reason": "Minutely API request limit exceeded. Please try again later."}, {"Retry-After": str(RETRY_AFTER)}
        if self.options.every_500 and self.calls % self.options.every_500 == 0:
            return 500, {"error": True, "reason": "Internal Server Error"}, {}
        if len(name) < 2:
            return 400, {"error": True, "reason": "Parameter name must be at least 2 characters"}, {}
        body = {"generationtime_ms": 0.5}
        if self.knows_all or not self.options.unknown or number(name) % self.options.unknown:
            # Sometimes another place comes first, whose name is like it.
            near = [place("New " + name, 0)] if number(name) % 4 == 0 else []
            body["results"] = near + [place(name, key) for key in range(1 + number(name) % 2)]
        elif number(name) % 2:
            body["results"] = [place("New " + name, 0)]
        return 200, body, {}

    def counts(self):
        with self.lock:
            return {"statuses": self.statuses, "names": self.names, "too_early": self.too_early}


def handler_of(geocoder):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def send(self, status, body, headers=None):
            text = json.dumps(body, ensure_ascii=False).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(text)))
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

        def do_GET(self):
            url = urlparse(self.path)
            if url.path == "/_counts":
                self.send(200, geocoder.counts())
            elif url.path == "/v1/search":
                self.send(*geocoder.answer(parse_qs(url.query).get("name", [""])[0]))
            else:
                self.send(404, {"error": True, "reason": "Not Found"})

        def do_POST(self):
            geocoder.knows_all = geocoder.knows_all or self.path == "/_learn"
            self.send(200, {"knows_all": geocoder.knows_all})

        def log_message(self, *_):
            pass

    return Handler


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=8081)
    parser.add_argument("--every-429", type=int, default=0)
    parser.add_argument("--every-500", type=int, default=0)
    parser.add_argument("--unknown", type=int, default=0)
    options = parser.parse_args()
    server = ThreadingHTTPServer(("127.0.0.1", options.port), handler_of(Geocoder(options)))
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
