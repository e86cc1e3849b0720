/* ---
description: What every branch sells, as it is now.
checks:
  - not_null: [branch, product_id, name]
  - unique: [branch, product_id]
--- */
select _source as branch, id as product_id, name, unit, price::decimal(10,2) as price
from raw.product
qualify row_number() over (partition by _source, id order by _loaded_at desc) = 1 and not _deleted
