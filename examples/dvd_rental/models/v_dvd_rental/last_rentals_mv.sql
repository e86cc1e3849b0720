/* ---
description: The last ten rentals of every customer. A film that is still out can be overdue.
in: new
materialized: materialized_view
indexes: [ { columns: rental_id, unique: true } ]
sources: [dvd_rental.rental, dvd_rental.inventory, dvd_rental.film, dvd_rental.film_category, dvd_rental.category, dvd_rental.payment,
          dvd_rental.store, dvd_rental.address, dvd_rental.city, dvd_rental.country]
tags: [golden, views]
retries: 3
retry_delay: ${REFRESH_RETRY_DELAY:-120s}
checks:
  - not_null: [rental_id, customer_id, title, amount]
--- */
select
  r.rental_id,
  r.customer_id::integer as customer_id,
  f.title::text as title,
  (select min(ca.name)::text from dvd_rental.film_category fc join dvd_rental.category ca on ca.category_id = fc.category_id
    where fc.film_id = f.film_id) as category,
  coalesce((select sum(p.amount) from dvd_rental.payment p where p.rental_id = r.rental_id), f.replacement_cost)::numeric(10, 2) as amount,
  r.rental_date,
  r.return_date,
  extract(day from coalesce(r.return_date, now()::timestamp) - r.rental_date)::integer as rental_duration,
  r.return_date is not null as is_completed,
  coalesce(r.return_date, now()::timestamp) - r.rental_date > make_interval(days => f.rental_duration) as is_overdue,
  format('%s, %s, %s (%s)', a.address, ci.city, co.country, a.district) as store,
  clock_timestamp()::timestamp as last_refresh_date
from (select *, row_number() over (partition by customer_id order by rental_date desc, rental_id desc) as place from dvd_rental.rental) r
join dvd_rental.inventory i on i.inventory_id = r.inventory_id
join dvd_rental.film f on f.film_id = i.film_id
join dvd_rental.store st on st.store_id = i.store_id
join dvd_rental.address a on a.address_id = st.address_id
join dvd_rental.city ci on ci.city_id = a.city_id
join dvd_rental.country co on co.country_id = ci.country_id
where r.place <= 10
