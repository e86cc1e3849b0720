/* ---
description: The lines of every receipt. Only what is new in raw.sale_item is read, and merged by the key.
materialized: incremental
key: item_key
checks:
  - not_null: [item_key, sale_key, product_key, quantity, price, discount]
  - unique: item_key
  - range: { column: price, min: 0 }
  - range: { column: discount, min: 0, max: 0.5 }
  - expression: quantity > 0
  - relationships: { column: sale_key, to: staging.sale, field: sale_key }
  - relationships: { column: product_key, to: staging.product, field: product_key }
--- */
select
  row_key(_source, id) as item_key,
  _source as branch,
  row_key(_source, sale_id) as sale_key,
  row_key(_source, product_id) as product_key,
  quantity::decimal(10,2) as quantity,
  price::decimal(10,2) as price,      -- what the product cost when it was sold
  discount::decimal(10,2) as discount,
  updated_at::timestamp as updated_at,
  _deleted as is_deleted
from raw.sale_item
where $since is null or _loaded_at > $since
qualify row_number() over (partition by _source, id order by _loaded_at desc) = 1
