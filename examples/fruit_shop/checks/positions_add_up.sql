/* ---
table: mart.sales_by_position
description: Each line of a receipt was sold by somebody in one position, so the positions together are the whole.
--- */
select positions.revenue as by_position, lines.revenue as by_line
from (select sum(revenue) as revenue from mart.sales_by_position) as positions
cross join (select sum(amount) as revenue from staging.sale_line) as lines
where positions.revenue is distinct from lines.revenue
