/* ---
description: Every version of every product, and when it held. What it costs now is checked; what it once cost is history.
materialized: scd2
key: product_key
updated_at: updated_at
checks:
  - not_null: [product_key, name, unit, price]
  - accepted_values: { column: unit, values: [kg, piece], where: is_current }
  - range: { column: price, min: 0.01, where: is_current }
--- */
select
  row_key(_source, id) as product_key,
  _source as branch,
  id as product_id,
  name,
  country,
  unit,
  price::decimal(10,2) as price,
  created_at::timestamp as created_at,
  updated_at::timestamp as updated_at,
  _loaded_at,
  _deleted
from raw.product
where $since is null or _loaded_at > $since
