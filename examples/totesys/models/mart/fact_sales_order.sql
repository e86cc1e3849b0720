/* ---
description: Every version of every sales order, in the order in which they were seen. Rows are only ever added.
materialized: append
checks:
  - not_null: [sales_record_id, sales_order_id, created_date, last_updated_date, units_sold, unit_price, currency_id, design_id]
  - unique: sales_record_id
  - unique: [sales_order_id, last_updated_date, last_updated_time]
  - range: { column: units_sold, min: 1, on_fail: quarantine }
  - range: { column: unit_price, min: 0, on_fail: quarantine }
  - relationships: { column: sales_staff_id, to: mart.dim_staff, field: staff_id }
  - relationships: { column: counterparty_id, to: mart.dim_counterparty, field: counterparty_id }
  - relationships: { column: currency_id, to: mart.dim_currency, field: currency_id }
  - relationships: { column: design_id, to: mart.dim_design, field: design_id }
  - relationships: { column: agreed_delivery_location_id, to: mart.dim_location, field: location_id }
  - relationships: { column: agreed_delivery_date, to: mart.dim_date, field: date_id }
--- */
select
  -- raw is a log: what is there stays there, so the versions before these keep their numbers
  (select count(*) from raw.sales_order where _loaded_at <= $since)
    + row_number() over (order by _loaded_at, last_updated, sales_order_id) as sales_record_id,
  sales_order_id,
  created_at::timestamp::date as created_date,
  created_at::timestamp::time as created_time,
  last_updated::timestamp::date as last_updated_date,
  last_updated::timestamp::time as last_updated_time,
  staff_id as sales_staff_id,
  counterparty_id,
  units_sold::integer as units_sold,
  unit_price::decimal(10,2) as unit_price,
  currency_id,
  design_id,
  agreed_payment_date::date as agreed_payment_date,
  agreed_delivery_date::date as agreed_delivery_date,
  agreed_delivery_location_id
from raw.sales_order
where $since is null or _loaded_at > $since
