/* ---
description: What came of each fruit, over all suppliers.
checks:
  - not_null: [product, quantity, cost]
  - unique: product
--- */
select product, count(*) as deliveries, sum(quantity) as quantity, sum(cost) as cost
from staging.delivery
group by product
