/* ---
in: mart
description: What each user ordered in each month, with their rank in it and the running sum; refreshed hourly.
materialized: materialized_view
sources: [mart.fact_orders, mart.users_mart]
tags: hourly
indexes:
  - { columns: [user_id, month], unique: true }
  - { columns: [month, rank_in_month] }
checks:
  - not_null: [user_id, month, amount]
  - range: { column: amount, min: 0 }
--- */
with month as (
  select user_id, date_trunc('month', dt)::date as month, count(*) as orders, sum(amount) as amount
  from mart.fact_orders
  group by 1, 2
)
select month.user_id, users.name, month.month, month.orders, month.amount,
       rank() over (partition by month.month order by month.amount desc) as rank_in_month,
       sum(month.amount) over (partition by month.user_id order by month.month) as running_amount,
       clock_timestamp()::timestamp as last_refresh_date
from month
join mart.users_mart as users on users.user_id = month.user_id
