/* ---
description: The customers of every branch, as they are now.
checks:
  - not_null: [customer_key, first_name, last_name]
  - unique: customer_key
  - expression: { expression: "email like '%_@_%'", severity: warn, name: email_looks_like_one }
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
  updated_at::timestamp as updated_at
from raw.customer
-- raw has every version of a row: the last one counts, unless it says that the row is gone
qualify row_number() over (partition by _source, id order by _loaded_at desc) = 1 and not _deleted
