#!/usr/bin/env python3
"""A stand-in for the Crunchbase API, version 4: the paths, headers and shapes that its reference publishes, with data made
by a seed. It refuses what the API refuses: a missing key, more than 1,000 records a page, too many calls a minute.

    crunchbase.py --port 0 --organizations 400 --key KEY      prints its URL, then serves until it is ended
    GET /_sums                                                what it holds, to compare with; and how often it was asked
"""

import argparse
import json
import random
import re
import sys
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

ADJECTIVES = "Amber Bright Calm Deep Early First Green High Inner Jolly Keen Lunar Mellow North Open Prime Quiet Rapid Solar True".split()
NOUNS = "Acre Beacon Canvas Delta Engine Forge Garden Harbor Island Junction Kernel Ledger Meadow Network Orbit Pixel Quarry River Signal Tower".split()
FIRST_NAMES = "Ada Bela Chen Dora Emil Fatima Goran Hana Igor Jana Kofi Lena Marco Nadia Omar Priya Quentin Rosa Sven Tara".split()
LAST_NAMES = "Adler Borg Costa Dietz Eriksen Fischer Gupta Haddad Ito Jansen Kowalski Lindgren Moreau Novak Okafor Petrov Rossi Silva Tanaka Weber".split()
CITIES = [("Berlin", "Germany"), ("Lisbon", "Portugal"), ("Nairobi", "Kenya"), ("Osaka", "Japan"), ("Porto Alegre", "Brazil"), ("Tallinn", "Estonia"), ("Toronto", "Canada")]
CATEGORIES = ["Analytics", "Biotechnology", "Energy", "Financial Services", "Food Processing", "Logistics", "Robotics", "Software"]
ROUNDS = ["pre_seed", "seed", "series_a", "series_b", "series_c"]
TITLES = ["Founder", "Co-Founder & CEO", "Co-Founder & CTO"]
CARDS = ["founders", "raised_funding_rounds", "raised_investments"]
MOST_RECORDS = 1000


def identifier(kind, value, key):
    return {"permalink": re.sub(r"[^a-z0-9]+", "-", value.lower()).strip("-"), "uuid": key, "entity_def_id": kind, "value": value}


def money(amount):
    return {"value": amount, "currency": "USD", "value_usd": amount}


class Data:
    """Organizations, their founders, rounds and who invested: each entity as `{uuid, properties}`."""

    def __init__(self, count, seed):
        self.random = random.Random(seed)
        self.all = {"organizations": [], "people": [], "funding_rounds": [], "investments": []}
        self.cards = {}
        investors = [self.organization(number, "investor") for number in range(max(4, count // 20))]
        for number in range(count):
            organization = self.organization(number, "company")
            self.add_people(organization)
            self.add_rounds(organization, investors)
        for entities in self.all.values():
            entities.sort(key=lambda entity: entity["uuid"])
        self.by_key = {}
        for entity in self.all["organizations"]:
            self.by_key[entity["uuid"]] = self.by_key[entity["properties"]["identifier"]["permalink"]] = entity

    def key(self):
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def add(self, collection, key, properties):
        entity = {"uuid": key, "properties": properties}
        self.all[collection].append(entity)
        return entity

    def day(self, first, last):
        return f"{self.random.randint(first, last)}-{self.random.randint(1, 12):02}-{self.random.randint(1, 28):02}"

    def organization(self, number, kind):
        name = f"{ADJECTIVES[number % 20]} {NOUNS[number // 20 % 20]}" + (f" {number // 400 + 1}" if number >= 400 else "")
        if kind == "investor":
            name += " Capital"
        city, country = self.random.choice(CITIES)
        key = self.key()
        properties = {
            "identifier": identifier("organization", name, key),
            "short_description": f"{name} works on {self.random.choice(CATEGORIES).lower()}.",
            "founded_on": {"precision": "day", "value": self.day(2005, 2022)},
            "categories": [identifier("category", category, str(uuid.uuid5(uuid.NAMESPACE_DNS, category))) for category in self.random.sample(CATEGORIES, 2)],
            "location_identifiers": [
                {**identifier("location", place, str(uuid.uuid5(uuid.NAMESPACE_DNS, place))), "location_type": kind_of}
                for place, kind_of in ((city, "city"), (country, "country"))
            ],
            "num_employees_enum": self.random.choice(["c_00001_00010", "c_00011_00050", "c_00051_00100"]),
            "facet_ids": [kind],
            "updated_at": self.day(2025, 2025) + "T08:00:00Z",
        }
        self.cards[key] = {card: [] for card in CARDS}
        return self.add("organizations", key, properties)

    def add_people(self, organization):
        for _ in range(self.random.randint(1, 3)):
            first, last = self.random.choice(FIRST_NAMES), self.random.choice(LAST_NAMES)
            key = self.key()
            person = {
                "identifier": identifier("person", f"{first} {last} {key[:4]}", key),
                "first_name": first,
                "last_name": last,
                "primary_job_title": self.random.choice(TITLES),
                "primary_organization": organization["properties"]["identifier"],
            }
            self.add("people", key, person)
            self.cards[organization["uuid"]]["founders"].append(person)

    def add_rounds(self, organization, investors):
        name, cards, total = organization["properties"]["identifier"]["value"], self.cards[organization["uuid"]], 0
        for number in range(self.random.randint(0, 4)):
            amount = self.random.randint(1, 400) * 50_000 * (number + 1)
            total += amount
            chosen = self.random.sample(investors, self.random.randint(1, 3))
            key = self.key()
            funding_round = {
                "identifier": identifier("funding_round", f"{ROUNDS[number].replace('_', ' ').title()} - {name}", key),
                "investment_type": ROUNDS[number],
                "announced_on": self.day(2018 + number, 2019 + number),
                "money_raised": money(amount),
                "num_investors": len(chosen),
                "lead_investor_identifiers": [chosen[0]["properties"]["identifier"]],
                "funded_organization_identifier": organization["properties"]["identifier"],
            }
            self.add("funding_rounds", key, funding_round)
            cards["raised_funding_rounds"].append(funding_round)
            for place, investor in enumerate(chosen):
                investment_key = self.key()
                investment = {
                    "identifier": identifier("investment", f"{investor['properties']['identifier']['value']} in {name}", investment_key),
                    "funding_round_identifier": funding_round["identifier"],
                    "organization_identifier": organization["properties"]["identifier"],
                    "investor_identifier": investor["properties"]["identifier"],
                    "is_lead_investor": place == 0,
                }
                self.add("investments", investment_key, investment)
                cards["raised_investments"].append(investment)
        organization["properties"]["funding_total"] = money(total)

    def sums(self):
        rounds = self.all["funding_rounds"]
        return {name: len(entities) for name, entities in self.all.items()} | {
            "money_raised_usd": sum(entity["properties"]["money_raised"]["value_usd"] for entity in rounds)
        }


class Refused(Exception):
    def __init__(self, status, code, message, headers=()):
        super().__init__(message)
        self.status, self.code, self.headers = status, code, headers


class Api(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, options):
        super().__init__((options.address, options.port), Handler)
        self.options, self.data = options, Data(options.organizations, options.seed)
        self.lock, self.calls, self.begun, self.asked, self.refused = threading.Lock(), 0, time.monotonic(), 0, 0

    def count_call(self):
        """As many calls as the contract allows in each minute; then 429, with the seconds to wait."""
        with self.lock:
            now = time.monotonic()
            self.asked += 1
            if now - self.begun >= 60:
                self.begun, self.calls = now, 0
            self.calls += 1
            every = self.options.refuse_every
            if self.calls > self.options.calls_per_minute or (every and self.asked % every == 0):
                self.refused += 1
                wait = 1 if every else int(60 - (now - self.begun)) + 1
                raise Refused(429, "LA429", "You have exceeded your rate limit", [("Retry-After", str(wait))])


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.answer(lambda url: self.get(url))

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.answer(lambda url: self.search(url, body))

    def answer(self, work):
        url, headers, status = urlparse(self.path), [], 200
        try:
            if url.path == "/_sums":
                document = self.server.data.sums() | {"calls": self.server.asked, "refused": self.server.refused}
            else:
                self.sign_in()
                self.server.count_call()
                document = work(url)
        except Refused as refused:
            status, headers = refused.status, refused.headers
            document = [{"message": str(refused), "code": refused.code}]
        text = json.dumps(document).encode()
        self.send_response(status)
        for name, value in [("Content-Type", "application/json"), ("Content-Length", str(len(text))), *headers]:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)

    def sign_in(self):
        if self.headers.get("X-cb-user-key") != self.server.options.key:
            raise Refused(401, "LA401", "Unauthorized user_key")

    def search(self, url, body):
        collection = url.path.removeprefix("/api/v4/searches/")
        if collection not in self.server.data.all:
            raise Refused(404, "MD404", f"Collection {collection} not found")
        asked = json.loads(body or b"{}")
        limit = asked.get("limit", 50)
        if not 1 <= limit <= MOST_RECORDS:
            raise Refused(400, "MD400", f"limit must be between 1 and {MOST_RECORDS}")
        if not asked.get("field_ids"):
            raise Refused(400, "MD400", "field_ids is required")
        entities = self.server.data.all[collection]
        if after := asked.get("after_id"):
            entities = [entity for entity in entities if entity["uuid"] > after]
        fields = set(asked["field_ids"]) | {"identifier"}
        found = [{"uuid": entity["uuid"], "properties": {name: value for name, value in entity["properties"].items() if name in fields}} for entity in entities[:limit]]
        return {"count": len(self.server.data.all[collection]), "entities": found}

    def get(self, url):
        query = {name: values[-1] for name, values in parse_qs(url.query).items()}
        if url.path == "/api/v4/autocompletes":
            return self.autocomplete(query)
        if match := re.fullmatch(r"/api/v4/entities/organizations/([^/]+)", url.path):
            return self.look_up(match[1], query)
        raise Refused(404, "MD404", f"{url.path} not found")

    def autocomplete(self, query):
        text = query.get("query", "").lower()
        found = [entity["properties"] for entity in self.server.data.all["organizations"] if entity["properties"]["identifier"]["value"].lower().startswith(text)]
        found.sort(key=lambda properties: (len(properties["identifier"]["value"]), properties["identifier"]["value"]))
        entities = [{"identifier": one["identifier"], "facet_ids": one["facet_ids"], "short_description": one["short_description"]} for one in found]
        return {"count": len(entities), "entities": entities[: int(query.get("limit", 10))]}

    def look_up(self, key, query):
        entity = self.server.data.by_key.get(key)
        if entity is None:
            raise Refused(404, "MD404", f"Entity {key} not found")
        fields = set(query.get("field_ids", "").split(",")) | {"identifier"}
        cards = self.server.data.cards[entity["uuid"]]
        wanted = [card for card in query.get("card_ids", "").split(",") if card]
        if unknown := [card for card in wanted if card not in cards]:
            raise Refused(400, "MD400", f"Unknown card_ids: {', '.join(unknown)}")
        return {
            "properties": {name: value for name, value in entity["properties"].items() if name in fields},
            "cards": {card: cards[card] for card in wanted},
        }


def main():
    parser = argparse.ArgumentParser(description="A stand-in for the Crunchbase API")
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8190)
    parser.add_argument("--key", default="stand-in")
    parser.add_argument("--organizations", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--calls-per-minute", type=int, default=200)
    parser.add_argument("--refuse-every", type=int, default=0, metavar="N", help="every Nth call gets 429, whatever the minute")
    api = Api(parser.parse_args())
    print(f"http://{api.server_address[0]}:{api.server_address[1]}/api/v4", flush=True)
    try:
        api.serve_forever()
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
