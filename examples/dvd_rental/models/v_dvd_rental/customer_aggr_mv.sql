/* ---
description: What every customer's rentals add up to. What is most recent is the most frequent, of equals the one rented last.
in: new
materialized: materialized_view
indexes: [ { columns: customer_id, unique: true } ]
sources: [dvd_rental.customer, dvd_rental.rental, dvd_rental.payment, dvd_rental.inventory, dvd_rental.film, dvd_rental.film_category,
          dvd_rental.category, dvd_rental.film_actor, dvd_rental.actor, dvd_rental.store, dvd_rental.address, dvd_rental.city,
          dvd_rental.country]
tags: [golden, views]
retries: 3
retry_delay: ${REFRESH_RETRY_DELAY:-120s}
checks:
  - not_null: customer_id
  - range: { column: overdue_score, min: 0, max: 100 }
--- */
with rented as (
  select r.rental_id, r.customer_id, r.rental_date, r.return_date, f.film_id, f.title::text as title, f.length,
         f.release_year::text as release_year, i.store_id,
         r.return_date - r.rental_date > make_interval(days => f.rental_duration) as is_late
  from dvd_rental.rental r
  join dvd_rental.inventory i on i.inventory_id = r.inventory_id
  join dvd_rental.film f on f.film_id = i.film_id
),
-- Each thing that a rental has to do with, counted: the category of its film, its store, and so on.
counted as (
  select customer_id, kind, what,
         row_number() over (partition by customer_id, kind order by count(*) desc, max(rental_date) desc, what) as place
  from (
    select customer_id, rental_date, 'title' as kind, title as what from rented
    union all
    select customer_id, rental_date, 'year', release_year from rented
    union all
    select r.customer_id, r.rental_date, 'category', ca.name::text
      from rented r join dvd_rental.film_category fc on fc.film_id = r.film_id join dvd_rental.category ca on ca.category_id = fc.category_id
    union all
    select r.customer_id, r.rental_date, 'actor', ac.first_name || ' ' || ac.last_name
      from rented r join dvd_rental.film_actor fa on fa.film_id = r.film_id join dvd_rental.actor ac on ac.actor_id = fa.actor_id
    union all
    select r.customer_id, r.rental_date, 'store', format('%s, %s, %s (%s)', a.address, ci.city, co.country, a.district)
      from rented r join dvd_rental.store st on st.store_id = r.store_id join dvd_rental.address a on a.address_id = st.address_id
      join dvd_rental.city ci on ci.city_id = a.city_id join dvd_rental.country co on co.country_id = ci.country_id
  ) things
  group by customer_id, kind, what
),
favourites as (
  select customer_id,
         max(what) filter (where kind = 'store' and place = 1) as store,
         max(what) filter (where kind = 'category' and place = 1) as first_category,
         max(what) filter (where kind = 'category' and place = 2) as second_category,
         max(what) filter (where kind = 'category' and place = 3) as third_category,
         max(what) filter (where kind = 'title' and place = 1) as title,
         max(what) filter (where kind = 'actor' and place = 1) as actor,
         max(what) filter (where kind = 'year' and place = 1) as year
  from counted group by customer_id
),
rentals as (
  select customer_id,
         (100 * count(*) filter (where is_late) / nullif(count(return_date), 0))::integer as overdue_score,
         (array_agg(title order by rental_date desc, rental_id desc))[1] as last_rental_film,
         max(rental_date) as last_rental_date,
         count(*) as total_rental_count,
         avg(extract(epoch from return_date - rental_date) / 86400)::numeric(10, 2) as average_rental_duration,
         avg(length)::numeric(10, 2) as average_film_duration,
         count(*) filter (where rental_date > now()::timestamp - interval '1 year') as last_year_rental_count
  from rented group by customer_id
),
payments as (
  select customer_id, sum(amount)::numeric(12, 2) as lifetime_value, avg(amount)::numeric(10, 2) as average_rental_payment,
         sum(amount) filter (where payment_date > now()::timestamp - interval '1 year')::numeric(12, 2) as last_year_payments_sum,
         (array_agg(amount order by payment_date desc, payment_id desc))[1]::numeric(10, 2) as last_payment
  from dvd_rental.payment group by customer_id
)
select
  c.customer_id,
  r.overdue_score,
  f.store as most_recent_store,
  r.last_rental_film,
  r.last_rental_date,
  coalesce(p.lifetime_value, 0)::numeric(12, 2) as lifetime_value,
  coalesce(r.total_rental_count, 0)::integer as total_rental_count,
  r.average_rental_duration,
  p.average_rental_payment,
  r.average_film_duration,
  coalesce(r.last_year_rental_count, 0)::integer as last_year_rental_count,
  coalesce(p.last_year_payments_sum, 0)::numeric(12, 2) as last_year_payments_sum,
  p.last_payment,
  f.first_category as most_recent_category,
  f.second_category as second_most_recent_category,
  f.third_category as third_most_recent_category,
  f.title as most_recent_film_title,
  f.actor as most_recent_film_actor,
  f.year as most_recent_film_year,
  clock_timestamp()::timestamp as last_refresh_date
from dvd_rental.customer c
left join rentals r on r.customer_id = c.customer_id
left join payments p on p.customer_id = c.customer_id
left join favourites f on f.customer_id = c.customer_id
