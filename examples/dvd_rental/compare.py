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

# From the fifteen tables alone, and written another way than the views: customer by customer. `now` is when the views were refreshed.
SQL = """
set timezone = 'UTC';
set jit = off;
create temp table moment as select (select min(last_refresh_date) from v_dvd_rental.customer_aggr_mv) as aggregated,
                                   (select min(last_refresh_date) from v_dvd_rental.last_rentals_mv) as listed;
create temp table rented as
select r.*, f.film_id, f.title::text as title, f.length, f.rental_duration, f.release_year::text as year, f.replacement_cost,
       i.store_id, r.return_date - f.rental_duration * interval '1 day' > r.rental_date as is_late,
       (select min(g.name) from film_category fc join category g using (category_id) where fc.film_id = f.film_id) as category,
       (select format('%s, %s, %s (%s)', a.address, t.city, n.country, a.district) from store s join address a using (address_id)
          join city t using (city_id) join country n using (country_id) where s.store_id = i.store_id) as store
from rental r join inventory i using (inventory_id) join film f using (film_id);
create index on rented (customer_id);
create temp table favourite (customer_id int, kind text, what text, at timestamp);
insert into favourite select customer_id, 'store', store, rental_date from rented union all
  select customer_id, 'title', title, rental_date from rented union all select customer_id, 'year', year, rental_date from rented union all
  select customer_id, 'category', name, rental_date from rented join film_category using (film_id) join category using (category_id) union all
  select customer_id, 'actor', first_name || ' ' || last_name, rental_date from rented join film_actor using (film_id) join actor using (actor_id);
create index on favourite (customer_id, kind);
analyze rented, favourite;
create function pg_temp.most(customer int, of_kind text, place int) returns text language sql as $$
  select what from favourite where customer_id = customer and kind = of_kind
  group by what order by count(*) desc, max(at) desc, what offset place - 1 limit 1 $$;
select to_jsonb(one) from (
  select c.customer_id, c.first_name, c.last_name, c.activebool as is_active, a.address, a.district, t.city, t.longitude, t.latitude,
    n.country, a.address || ', ' || t.city || ', ' || n.country || ' (' || a.district || ')' as full_address, a.phone, c.email,
    a.postal_code, m.first_name as assistant_name, m.last_name as assistant_last_name, m.email as assistant_email,
    (select floor(100.0 * count(*) filter (where is_late) / nullif(count(return_date), 0)) from rented r where r.customer_id = c.customer_id) as overdue_score,
    pg_temp.most(c.customer_id, 'store', 1) as most_recent_store,
    (select title from rented r where r.customer_id = c.customer_id order by rental_date desc, rental_id desc limit 1) as last_rental_film,
    (select max(rental_date) from rental r where r.customer_id = c.customer_id) as last_rental_date,
    (select coalesce(sum(amount), 0) from payment p where p.customer_id = c.customer_id) as lifetime_value,
    (select count(*) from rental r where r.customer_id = c.customer_id) as total_rental_count,
    (select round(avg(extract(epoch from return_date - rental_date) / 86400), 2) from rental r where r.customer_id = c.customer_id) as average_rental_duration,
    (select round(avg(amount), 2) from payment p where p.customer_id = c.customer_id) as average_rental_payment,
    (select round(avg(length), 2) from rented r where r.customer_id = c.customer_id) as average_film_duration,
    (select count(*) from rental r where r.customer_id = c.customer_id and rental_date + interval '1 year' > aggregated) as last_year_rental_count,
    (select coalesce(sum(amount), 0) from payment p where p.customer_id = c.customer_id and payment_date + interval '1 year' > aggregated) as last_year_payments_sum,
    (select amount from payment p where p.customer_id = c.customer_id order by payment_date desc, payment_id desc limit 1) as last_payment,
    pg_temp.most(c.customer_id, 'category', 1) as most_recent_category, pg_temp.most(c.customer_id, 'category', 2) as second_most_recent_category,
    pg_temp.most(c.customer_id, 'category', 3) as third_most_recent_category, pg_temp.most(c.customer_id, 'title', 1) as most_recent_film_title,
    pg_temp.most(c.customer_id, 'actor', 1) as most_recent_film_actor, pg_temp.most(c.customer_id, 'year', 1) as most_recent_film_year,
    coalesce((select jsonb_agg(to_jsonb(last) order by rental_date desc, rental_id desc) from (
      select rental_id, title, category, coalesce((select sum(amount) from payment p where p.rental_id = r.rental_id), replacement_cost) as amount,
        rental_date, return_date, floor(extract(epoch from coalesce(return_date, listed) - rental_date) / 86400) as rental_duration,
        return_date is not null as is_completed, rental_date + rental_duration * interval '1 day' < coalesce(return_date, listed) as is_overdue, store
      from rented r where r.customer_id = c.customer_id order by rental_date desc, rental_id desc limit 10) last), '[]') as last_rentals
  from moment, customer c join address a using (address_id) join city t using (city_id) join country n using (country_id)
    join store s on s.store_id = c.store_id join staff m on m.staff_id = s.manager_staff_id) one
"""


def expected(url):
    command = ["psql", "-X", "-At", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-f", "-", url]
    rows = subprocess.run(command, input="set search_path to dvd_rental;" + SQL,
                          check=True, stdout=subprocess.PIPE, text=True).stdout
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
