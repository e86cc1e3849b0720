/* ---
description: What every branch sells, as it is now.
checks:
  - not_null: [product_key, name, unit, price]
  - unique: product_key
  - accepted_values: { column: unit, values: [kg, piece] }
  - range: { column: price, min: 0.01 }
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
  updated_at::timestamp as updated_at
from raw.product
qualify row_number() over (partition by _source, id order by _loaded_at desc) = 1 and not _deleted
