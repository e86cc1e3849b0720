/* ---
table: mart.sales_by_day
description: The days together are what the receipts say, to the cent.
--- */
select days.revenue as by_day, lines.revenue as by_line
from (select sum(revenue) as revenue, sum(items) as items from mart.sales_by_day) as days
cross join (select sum(amount) as revenue, count(*) as items from staging.sale_line) as lines
where days.revenue is distinct from lines.revenue or days.items is distinct from lines.items
