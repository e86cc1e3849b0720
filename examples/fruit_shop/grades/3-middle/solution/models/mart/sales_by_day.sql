/* ---
description: What was sold on each day in each branch.
checks:
  - unique: [branch, day]
  - not_null: [branch, day, revenue]
--- */
select
  sale.branch,
  sale.sold_at::date as day,
  count(distinct sale.sale_id) as sales,
  sum(cast(round(item.quantity * item.price * (1 - item.discount), 2) as decimal(18,2))) as revenue
from staging.sale as sale
join staging.sale_item as item on item.branch = sale.branch and item.sale_id = sale.sale_id
where not sale.is_deleted and not item.is_deleted
group by sale.branch, sale.sold_at::date
