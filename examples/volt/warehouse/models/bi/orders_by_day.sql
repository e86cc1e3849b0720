/* ---
in: mart
description: For BI. A range of `day` reads the fact's partitions that it falls into, and no others.
materialized: view
sources: [mart.fact_orders]
--- */
select dt as day, channel, product, count(*) as orders, sum(amount) as amount, count(distinct user_id) as users
from mart.fact_orders
group by dt, channel, product
