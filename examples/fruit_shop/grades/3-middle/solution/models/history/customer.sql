/* ---
description: Every version of every customer.
materialized: scd2
key: [branch, customer_id]
updated_at: updated_at
checks:
  - not_null: [branch, customer_id, first_name, last_name]
--- */
select
  _source as branch,
  id as customer_id,
  first_name,
  last_name,
  email,
  phone,
  city,
  updated_at::timestamp as updated_at,
  _loaded_at,
  _deleted
from raw.customer
where $since is null or _loaded_at > $since
