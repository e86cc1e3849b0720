/* ---
description: Who the customers are, and who looks after them.
in: new
materialized: materialized_view
indexes: [ { columns: customer_id, unique: true } ]
sources: [dvd_rental.customer, dvd_rental.address, dvd_rental.city, dvd_rental.country, dvd_rental.store, dvd_rental.staff]
tags: [golden, views]
retries: 3
retry_delay: ${REFRESH_RETRY_DELAY:-120s}
checks:
  - not_null: [customer_id, first_name, last_name]
--- */
select
  c.customer_id,
  c.first_name::text as first_name,
  c.last_name::text as last_name,
  c.activebool as is_active,
  a.address::text as address,
  a.district::text as district,
  ci.city::text as city,
  ci.longitude,
  ci.latitude,
  co.country::text as country,
  format('%s, %s, %s (%s)', a.address, ci.city, co.country, a.district) as full_address,
  a.phone::text as phone,
  c.email::text as email,
  a.postal_code::text as postal_code,
  s.first_name::text as assistant_name,
  s.last_name::text as assistant_last_name,
  s.email::text as assistant_email,
  clock_timestamp()::timestamp as last_refresh_date
from dvd_rental.customer c
join dvd_rental.address a on a.address_id = c.address_id
join dvd_rental.city ci on ci.city_id = a.city_id
join dvd_rental.country co on co.country_id = ci.country_id
join dvd_rental.store st on st.store_id = c.store_id
join dvd_rental.staff s on s.staff_id = st.manager_staff_id
