/* ---
description: What each user has ordered, and their rank by it. Who never ordered is last.
checks:
  - not_null: [user_id, email, total_orders, total_amount, rank]
  - unique: user_id
--- */
select
  users.user_id,
  users.name,
  users.email,
  count(orders.order_id) as total_orders,
  coalesce(sum(orders.amount), 0)::decimal(18,2) as total_amount,
  max(orders.created_at) as last_order_at,
  rank() over (order by coalesce(sum(orders.amount), 0) desc) as rank
from staging.users as users
left join mart.fact_orders as orders on orders.user_id = users.user_id
group by users.user_id, users.name, users.email
