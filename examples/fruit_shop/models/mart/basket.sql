/* ---
description: Which two fruits lie in one basket, and how often.
checks:
  - not_null: [product, with_product]
  - unique: [product, with_product]
  - expression: product < with_product
--- */
with bought as (
  select distinct sale_key, product from staging.sale_line
),
baskets as (
  select count(distinct sale_key) as count from bought
)
select
  one.product,
  other.product as with_product,
  count(*) as together,
  cast(count(*) / max(baskets.count) as decimal(9,4)) as share_of_baskets
from bought as one
join bought as other on other.sale_key = one.sale_key and one.product < other.product
cross join baskets
group by one.product, other.product
