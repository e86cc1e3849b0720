/* ---
description: Every version of every payment, from agreed to paid.
materialized: append
checks:
  - not_null: [payment_record_id, payment_id, created_date, last_updated_date, payment_amount, currency_id, paid, payment_date]
  - unique: payment_record_id
  - unique: [payment_id, last_updated_date, last_updated_time]
  - range: { column: payment_amount, min: 0, on_fail: quarantine }
  - relationships: { column: transaction_id, to: mart.dim_transaction, field: transaction_id }
  - relationships: { column: counterparty_id, to: mart.dim_counterparty, field: counterparty_id }
  - relationships: { column: payment_type_id, to: mart.dim_payment_type, field: payment_type_id }
  - relationships: { column: currency_id, to: mart.dim_currency, field: currency_id }
--- */
select
  (select count(*) from raw.payment where _loaded_at <= $since)
    + row_number() over (order by _loaded_at, last_updated, payment_id) as payment_record_id,
  payment_id,
  created_at::timestamp::date as created_date,
  created_at::timestamp::time as created_time,
  last_updated::timestamp::date as last_updated_date,
  last_updated::timestamp::time as last_updated_time,
  transaction_id,
  counterparty_id,
  payment_amount::decimal(14,2) as payment_amount,
  currency_id,
  payment_type_id,
  paid::boolean as paid,
  payment_date::date as payment_date
from raw.payment
where $since is null or _loaded_at > $since
