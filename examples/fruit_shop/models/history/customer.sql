/* ---
description: Every version of every customer, and when it held.
materialized: scd2
key: customer_key
updated_at: updated_at
checks:
  - not_null: [customer_key, first_name, last_name]
  - expression: { expression: "email like '%_@_%'", severity: warn, name: email_looks_like_one, where: is_current }
--- */
select
  row_key(_source, id) as customer_key,
  _source as branch,
  id as customer_id,
  first_name,
  last_name,
  email,
  phone,
  city,
  created_at::timestamp as created_at,
  updated_at::timestamp as updated_at,
  _loaded_at,
  _deleted
from raw.customer
-- only versions that are new; those of the same row may come many at once, late, or in any order
where $since is null or _loaded_at > $since
