/* ---
description: Every version of every purchase order.
materialized: append
checks:
  - not_null: [purchase_record_id, purchase_order_id, created_date, last_updated_date, item_code, item_quantity, item_unit_price]
  - unique: purchase_record_id
  - unique: [purchase_order_id, last_updated_date, last_updated_time]
  - range: { column: item_quantity, min: 1, on_fail: quarantine }
  - range: { column: item_unit_price, min: 0, on_fail: quarantine }
  - relationships: { column: staff_id, to: mart.dim_staff, field: staff_id }
  - relationships: { column: counterparty_id, to: mart.dim_counterparty, field: counterparty_id }
  - relationships: { column: currency_id, to: mart.dim_currency, field: currency_id }
  - relationships: { column: agreed_delivery_location_id, to: mart.dim_location, field: location_id }
--- */
select
  (select count(*) from raw.purchase_order where _loaded_at <= $since)
    + row_number() over (order by _loaded_at, last_updated, purchase_order_id) as purchase_record_id,
  purchase_order_id,
  created_at::timestamp::date as created_date,
  created_at::timestamp::time as created_time,
  last_updated::timestamp::date as last_updated_date,
  last_updated::timestamp::time as last_updated_time,
  staff_id,
  counterparty_id,
  item_code,
  item_quantity::integer as item_quantity,
  item_unit_price::decimal(10,2) as item_unit_price,
  currency_id,
  agreed_delivery_date::date as agreed_delivery_date,
  agreed_payment_date::date as agreed_payment_date,
  agreed_delivery_location_id
from raw.purchase_order
where $since is null or _loaded_at > $since
