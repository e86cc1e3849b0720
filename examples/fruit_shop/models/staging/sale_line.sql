/* ---
description: A line of a receipt with all that is known of it. Every mart reads this view, so all of them count alike.
materialized: view
--- */
select
  item.item_key,
  item.branch,
  item.sale_key,
  sale.sold_at,
  sale.customer_key,
  sale.employee_key,
  sale.payment_type,
  item.product_key,
  product.name as product,
  product.unit,
  item.quantity,
  item.price,
  item.discount,
  line_amount(item.quantity, item.price, item.discount) as amount
from staging.sale_item as item
join staging.sale as sale on sale.sale_key = item.sale_key
join staging.product as product on product.product_key = item.product_key
where not item.is_deleted and not sale.is_deleted
