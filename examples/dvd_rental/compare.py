#!/usr/bin/env python3
"""Holds the documents in MongoDB against what SQL says at the source, field by field.

    compare.py POSTGRES_URL MONGODB_URL     prints how many documents and fields are equal; exits 1 at the first that differs
"""

import datetime
import decimal
import json
import subprocess
import sys

import bson
import pymongo

SQL = """
select to_jsonb(c) - 'last_refresh_date' || (to_jsonb(a) - 'last_refresh_date') || jsonb_build_object('last_rentals', coalesce((
         select jsonb_agg(to_jsonb(r) - 'last_refresh_date' - 'customer_id' order by r.rental_date desc, r.rental_id desc)
         from v_dvd_rental.last_rentals_mv r where r.customer_id = c.customer_id), '[]'))
from v_dvd_rental.customers_mv c join v_dvd_rental.customer_aggr_mv a using (customer_id)
"""


def expected(url):
    rows = subprocess.run(["psql", "-X", "-At", "-c", SQL, url], check=True, capture_output=True, text=True).stdout
    return [json.loads(row, parse_float=decimal.Decimal) for row in rows.splitlines()]


def plain(value):
    """Of both sides: numbers as decimals, times as text to the millisecond, which is what MongoDB keeps."""
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    if isinstance(value, list):
        return [plain(part) for part in value]
    if isinstance(value, bson.Decimal128):
        return value.to_decimal().normalize()
    if isinstance(value, float):
        return decimal.Decimal(repr(value)).normalize()
    if isinstance(value, (int, decimal.Decimal)) and not isinstance(value, bool):
        return decimal.Decimal(value).normalize()
    if isinstance(value, datetime.datetime):
        return value.isoformat(timespec="milliseconds")
    if isinstance(value, str) and len(value) >= 19 and value[10:11] == "T":
        return datetime.datetime.fromisoformat(value).isoformat(timespec="milliseconds")
    return value


def main():
    postgres, mongodb = sys.argv[1:]
    documents = {document["_id"]: document for document in pymongo.MongoClient(mongodb).get_default_database()["customers"].find()}
    rows = expected(postgres)
    fields = 0
    if len(rows) != len(documents):
        sys.exit(f"{len(rows)} customers at the source, {len(documents)} documents")
    for row in rows:
        document = documents[row["customer_id"]]
        for name, value in row.items():
            fields += 1
            if name not in document or plain(document[name]) != plain(value):
                sys.exit(f"customer {row['customer_id']}, {name}: {document.get(name)!r} in the document, {value!r} at the source")
        if not document.get("category") or "category_since" not in document:
            sys.exit(f"customer {row['customer_id']} has no category")
    print(f"{len(rows)} documents, {fields} fields: equal")


if __name__ == "__main__":
    main()
