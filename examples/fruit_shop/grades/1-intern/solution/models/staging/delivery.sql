/* ---
description: What the suppliers brought.
checks:
  - not_null: [delivery_id, supplier, product, quantity, cost]
  - unique: delivery_id
  - expression: { expression: quantity > 0, name: something_came }
--- */
with supplier as (
  select id, name from raw.supplier
  qualify row_number() over (partition by id order by _loaded_at desc) = 1 and not _deleted
)
select
  delivery.id as delivery_id,
  supplier.name as supplier,
  delivery.product,
  delivery.quantity,
  delivery.cost::decimal(10,2) as cost,
  delivery.delivered_at
from raw.delivery as delivery
left join supplier on supplier.id = delivery.supplier_id
-- a delivery that was mended comes again in a later file: the last word counts
qualify row_number() over (partition by delivery.id order by delivery._loaded_at desc) = 1
