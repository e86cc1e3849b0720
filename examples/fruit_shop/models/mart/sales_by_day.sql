/* ---
description: What was sold on each day, over all branches.
tags: [daily]
checks:
  - not_null: [day, sales, revenue]
  - unique: day
  - row_count: { min: 1 }
--- */
select
  sold_at::date as day,
  count(distinct sale_key) as sales,
  count(*) as items,
  count(distinct customer_key) as customers,
  sum(amount) as revenue,
  cast(sum(amount) / count(distinct sale_key) as decimal(18,2)) as average_basket
from staging.sale_line
group by sold_at::date
