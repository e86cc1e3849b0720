/* ---
description: The lines of every receipt.
materialized: incremental
key: [branch, item_id]
checks:
  - not_null: [branch, item_id, sale_id, product_id, quantity, price, discount]
  - unique: [branch, item_id]
  - range: { column: price, min: 0 }
--- */
select
  _source as branch,
  id as item_id,
  sale_id,
  product_id,
  quantity::decimal(10,2) as quantity,
  price::decimal(10,2) as price,
  discount::decimal(10,2) as discount
from raw.sale_item
where $since is null or _loaded_at > $since
