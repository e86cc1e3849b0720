#!/usr/bin/env python3
"""A day's CSV files, as a partner would send them: users and orders, with what goes wrong in such files.

    drop.py DAY FOLDER [--orders 120]     writes FOLDER/users-DAY.csv and FOLDER/orders-DAY.csv; of the same day the same bytes

Wrong in each day's files: stray spaces and capitals, a row that comes twice, rows without a key, an address that is none, an
amount that is no number and one below zero, and orders of the day before in a later state. One user is also the API's and older
than there, another is newer.
"""
import argparse
import csv
import datetime
import pathlib
import random

FIRST_DAY = datetime.date(2026, 3, 1)
NAMES = ["Ada Byron", "Blaise O'Neil", "Chen Wei", "Dorota de Vries", "Émile Noël", "Fatima Zahra", "Grace Kim", "Hana Łuczak"]
CITIES = ["Warszawa", "Porto", "Oslo", "Seoul"]
PRODUCTS = ["Lamp", "cable", " charger", "BATTERY", "fuse"]
STATES = ["new", "paid", "sent"]


def users(day, number):
    chance = random.Random(f"users {day}")
    for i, name in enumerate(NAMES):
        number_of_user = 5000 + 10 * number + i
        name = name.upper() if chance.random() < 0.1 else name.replace(" ", "   ") + " "
        yield [number_of_user, name, f" User{number_of_user}@Example.com", chance.choice(CITIES), chance.choice(["yes", "no", "Yes"]),
               f"{day} 0{i}:00:00"]
    yield [5000 + 10 * number, "the first one again", f"user{5000 + 10 * number}@example.com", "Oslo", "yes", f"{day} 12:00:00"]
    yield [7, "Older Than There", "user7@example.com", "Oslo", "yes", "2025-06-01 00:00:00"]
    yield [8 + number, "Newer Than There", f"user{8 + number}@example.com", "Oslo", "yes", f"{day} 13:00:00"]
    yield ["", "Nobody", "nobody@example.com", "Oslo", "yes", f"{day} 14:00:00"]
    yield [5009 + 10 * number, "No Address", "no address", "Oslo", "no", f"{day} 15:00:00"]


def orders(day, number, count, later=False):
    chance = random.Random(f"orders {day}")
    for i in range(count):
        quantity, cents = chance.randrange(1, 10), chance.randrange(99, 99999)
        user = 5000 + 10 * number + chance.randrange(8) if chance.random() < 0.5 else chance.randrange(1, 100)
        made = datetime.datetime.combine(day, datetime.time()) + datetime.timedelta(seconds=chance.randrange(80000))
        state = chance.randrange(len(STATES))
        order = [9_000_000 + 10_000 * number + i, user, chance.choice(PRODUCTS), quantity, f"{cents / 100:.2f}", f"{cents * quantity / 100:.2f}",
                 STATES[state], made, made]
        if later:  # as the next day's file has it
            order[6], order[8] = "returned", made + datetime.timedelta(days=1)
        yield order


def day_of_orders(day, number, count):
    rows = list(orders(day, number, count))
    rows[3][5] = "n/a"
    rows[4][5] = "-" + rows[4][5]
    rows[5][0] = ""
    yield from rows
    yield rows[0]
    if number > 0:
        yield from list(orders(day - datetime.timedelta(days=1), number - 1, count, later=True))[10:13]


def write(path, columns, rows):
    with open(path.with_suffix(".part"), "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
    path.with_suffix(".part").rename(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("day", type=datetime.date.fromisoformat)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--orders", type=int, default=120)
    options = parser.parse_args()
    number = (options.day - FIRST_DAY).days
    options.folder.mkdir(parents=True, exist_ok=True)
    write(options.folder / f"users-{options.day}.csv", ["user_id", "name", "email", "city", "active", "updated_at"], users(options.day, number))
    write(options.folder / f"orders-{options.day}.csv",
          ["order_id", "user_id", "product", "quantity", "price", "amount", "status", "created_at", "updated_at"],
          day_of_orders(options.day, number, options.orders))


if __name__ == "__main__":
    main()
