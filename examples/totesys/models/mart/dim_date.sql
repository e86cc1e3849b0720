/* ---
description: Every day from the first to the last that a fact names, in whole years.
checks:
  - not_null: [date_id, year, month, day, day_of_week, day_name, month_name, quarter]
  - unique: date_id
--- */
with named as (
  select min(created_at::date) as first_day, max(agreed_payment_date::date) as last_day from raw.sales_order
  union all
  select min(created_at::date), max(agreed_delivery_date::date) from raw.sales_order
  union all
  select min(created_at::date), max(agreed_payment_date::date) from raw.purchase_order
  union all
  select min(created_at::date), max(agreed_delivery_date::date) from raw.purchase_order
  union all
  select min(payment_date::date), max(payment_date::date) from raw.payment
  union all
  select min(created_at::date), max(last_updated::date) from raw.payment
)
select
  day::date as date_id,
  year(day)::integer as year,
  month(day)::integer as month,
  day(day)::integer as day,
  isodow(day)::integer as day_of_week,     -- Monday is 1
  dayname(day) as day_name,
  monthname(day) as month_name,
  quarter(day)::integer as quarter
from (
  select unnest(generate_series(date_trunc('year', min(first_day)), date_trunc('year', max(last_day)) + interval 1 year - interval 1 day, interval 1 day)) as day
  from named
)
