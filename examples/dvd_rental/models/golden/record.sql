/* ---
description: One document for each customer. When its views were refreshed is no part of it, so that only what changed is written.
tags: golden
checks:
  - not_null: [customer_id, first_name, last_name]
  - unique: customer_id
--- */
with customers as (
  select * from raw.customers_mv qualify row_number() over (partition by customer_id order by _loaded_at desc) = 1
),
aggregates as (
  select * from raw.customer_aggr_mv qualify row_number() over (partition by customer_id order by _loaded_at desc) = 1
),
rentals as (
  select * from raw.last_rentals_mv qualify row_number() over (partition by rental_id order by _loaded_at desc) = 1
),
last_rentals as (
  select customer_id,
         list({'rental_id': rental_id, 'title': title, 'category': category, 'amount': amount, 'rental_date': rental_date,
               'return_date': return_date, 'rental_duration': rental_duration, 'is_completed': is_completed, 'is_overdue': is_overdue,
               'store': store} order by rental_date desc, rental_id desc) as last_rentals
  from rentals where not _deleted group by customer_id
)
select
  c.customer_id, c.first_name, c.last_name, c.is_active, c.address, c.district, c.city, c.longitude, c.latitude, c.country,
  c.full_address, c.phone, c.email, c.postal_code, c.assistant_name, c.assistant_last_name, c.assistant_email,
  a.overdue_score, a.most_recent_store, a.last_rental_film, a.last_rental_date, a.lifetime_value, a.total_rental_count,
  a.average_rental_duration, a.average_rental_payment, a.average_film_duration, a.last_year_rental_count, a.last_year_payments_sum,
  a.last_payment, a.most_recent_category, a.second_most_recent_category, a.third_most_recent_category, a.most_recent_film_title,
  a.most_recent_film_actor, a.most_recent_film_year,
  coalesce(l.last_rentals, []) as last_rentals
from customers c
join aggregates a on a.customer_id = c.customer_id and not a._deleted
left join last_rentals l on l.customer_id = c.customer_id
where not c._deleted
