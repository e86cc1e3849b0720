/* ---
description: What was sold of each fruit, over all branches.
tags: [daily]
checks:
  - not_null: [product, unit, revenue]
  - unique: [product, unit]
--- */
select
  product,
  unit,
  count(distinct branch) as branches,
  count(distinct sale_key) as sales,
  sum(quantity) as quantity,
  sum(amount) as revenue,
  cast(sum(amount) / nullif(sum(quantity), 0) as decimal(18,2)) as revenue_per_unit
from staging.sale_line
group by product, unit
