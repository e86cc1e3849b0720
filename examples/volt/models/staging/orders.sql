/* ---
description: Each order once, in its last version; only what is new in raw.orders is read.
materialized: incremental
key: order_id
checks:
  - not_null: [order_id, user_id, amount, created_at]
  - unique: order_id
  - range: { column: amount, min: 0, on_fail: quarantine }
  - relationships: { column: user_id, to: staging.users, field: user_id, severity: warn }
--- */
select
  id::bigint as order_id,
  user_id::bigint as user_id,
  lower(trim(product)) as product,
  quantity::integer as quantity,
  price::decimal(12,2) as price,
  amount::decimal(14,2) as amount,
  status,
  created_at::timestamp as created_at,
  updated_at::timestamp as updated_at
from raw.orders
where id is not null and ($since is null or _loaded_at > $since)
qualify row_number() over (partition by id order by _loaded_at desc) = 1
