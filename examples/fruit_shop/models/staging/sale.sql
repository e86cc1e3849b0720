/* ---
description: The sales of every branch. Only what is new in raw.sale is read, and merged by the key.
materialized: incremental
key: sale_key
checks:
  - not_null: [sale_key, sold_at, customer_key, employee_key]
  - unique: sale_key
  - accepted_values: { column: payment_type, values: [card, cash, mobile, voucher] }
  - relationships: { column: customer_key, to: staging.customer, field: customer_key }
  - relationships: { column: employee_key, to: staging.employee, field: employee_key }
--- */
select
  row_key(_source, id) as sale_key,
  _source as branch,
  id as sale_id,
  row_key(_source, customer_id) as customer_key,
  row_key(_source, employee_id) as employee_key,
  sold_at::timestamp as sold_at,
  payment_type,
  updated_at::timestamp as updated_at,
  -- a merge cannot take a row away: a sale that is deleted at the shop stays here, marked, and the marts leave it out
  _deleted as is_deleted
from raw.sale
-- $since is the instant up to which the last published build has read raw.sale; null when there is none
where $since is null or _loaded_at > $since
qualify row_number() over (partition by _source, id order by _loaded_at desc) = 1
