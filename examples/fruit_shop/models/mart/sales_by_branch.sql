/* ---
description: What each branch sold, and its part of the whole.
tags: [daily]
checks:
  - not_null: [branch, revenue]
  - unique: branch
  - range: { column: share, min: 0, max: 1 }
--- */
select
  branch,
  count(distinct sale_key) as sales,
  count(*) as items,
  count(distinct customer_key) as customers,
  sum(amount) as revenue,
  cast(sum(amount) / count(distinct sale_key) as decimal(18,2)) as average_basket,
  cast(sum(amount) / sum(sum(amount)) over () as decimal(9,4)) as share
from staging.sale_line
group by branch
