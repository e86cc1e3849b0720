/* ---
description: Every version of every product. What can't be a price or a unit is left out, and is no version.
materialized: scd2
key: [branch, product_id]
updated_at: updated_at
checks:
  - not_null: [branch, product_id, name]
  - range: { column: price, min: 0.01 }
  - accepted_values: { column: unit, values: [kg, piece] }
--- */
select
  _source as branch,
  id as product_id,
  name,
  country,
  unit,
  price::decimal(10,2) as price,
  updated_at::timestamp as updated_at,
  _loaded_at,
  _deleted
from raw.product
where ($since is null or _loaded_at > $since) and price > 0 and unit in ('kg', 'piece')
