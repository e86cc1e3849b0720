/* ---
description: What each customer is worth, the best of each branch first. Those who never bought are here, too.
checks:
  - not_null: [customer_key, sales, revenue, place]
  - unique: customer_key
  - range: { column: revenue, min: 0 }
--- */
with bought as (
  select
    customer_key,
    count(distinct sale_key) as sales,
    sum(amount) as revenue,
    max(sold_at) as last_sale_at
  from staging.sale_line
  group by customer_key
)
select
  customer.customer_key,
  customer.branch,
  customer.first_name || ' ' || customer.last_name as name,
  customer.city,
  coalesce(bought.sales, 0) as sales,
  coalesce(bought.revenue, 0) as revenue,
  cast(bought.revenue / bought.sales as decimal(18,2)) as average_basket,
  bought.last_sale_at,
  rank() over (partition by customer.branch order by coalesce(bought.revenue, 0) desc) as place
from staging.customer as customer
left join bought on bought.customer_key = customer.customer_key
