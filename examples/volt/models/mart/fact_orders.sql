/* ---
description: Every order, in partitions by the day it was made. It keeps what leaves staging after seven days.
materialized: incremental
key: order_id
partition_by: dt
checks:
  - not_null: [order_id, user_id, dt, amount]
  - unique: order_id
--- */
select order_id, user_id, product, quantity, price, amount, status, channel, created_at, updated_at, created_at::date as dt
from staging.orders
