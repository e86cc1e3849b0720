/* ---
description: The lines of every receipt, as they are now. A line that is refused keeps its last good version.
materialized: incremental
key: [branch, item_id]
checks:
  - not_null: [branch, item_id, sale_id, product_id, quantity, price, discount, is_deleted]
  - unique: [branch, item_id]
  - expression: { expression: quantity > 0, name: something_was_sold }
  - range: { column: price, min: 0 }
--- */
select
  _source as branch,
  id as item_id,
  sale_id,
  product_id,
  quantity::decimal(10,2) as quantity,
  price::decimal(10,2) as price,
  discount::decimal(10,2) as discount,
  _deleted as is_deleted
from raw.sale_item
where ($since is null or _loaded_at > $since) and quantity > 0 and price >= 0
qualify row_number() over (partition by _source, id order by _loaded_at desc) = 1
