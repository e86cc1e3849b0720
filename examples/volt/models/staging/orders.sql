/* ---
description: Each order that came in the last seven days once, in its last version; only what is new in raw is read.
materialized: incremental
key: order_id
partition_by: dt
checks:
  - not_null: [order_id, user_id, created_at]
  - not_null: { columns: amount, on_fail: quarantine }
  - unique: order_id
  - range: { column: amount, min: 0, on_fail: quarantine }
  - relationships: { column: user_id, to: staging.users, field: user_id, severity: warn }
--- */
with version as (
  select id::bigint as order_id, user_id::bigint as user_id, product, quantity::integer as quantity, price::decimal(12,2) as price,
         amount::decimal(14,2) as amount, status, created_at::timestamp as created_at, updated_at::timestamp as updated_at,
         'api' as channel, _loaded_at
  from raw.orders
  where $since is null or _loaded_at > $since
  union all by name
  select try_cast(order_id as bigint) as order_id, try_cast(user_id as bigint) as user_id, product, try_cast(quantity as integer) as quantity,
         try_cast(price as decimal(12,2)) as price, try_cast(amount as decimal(14,2)) as amount, status,
         try_cast(created_at as timestamp) as created_at, try_cast(updated_at as timestamp) as updated_at, 'csv' as channel, _loaded_at
  from raw.orders_csv
  where $since is null or _loaded_at > $since
)
select order_id, user_id, lower(trim(product)) as product, quantity, price, amount, lower(trim(status)) as status, channel, created_at, updated_at,
       _loaded_at::date as dt     -- the day it came
from version
where order_id is not null
qualify row_number() over (partition by order_id order by updated_at desc, _loaded_at desc) = 1
