/* ---
description: What every branch sells, as it is now.
materialized: view
--- */
select product_key, branch, product_id, name, country, unit, price, created_at, updated_at
from history.product
where is_current
