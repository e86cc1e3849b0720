/* ---
description: Who worked at every branch, as what, and when.
materialized: scd2
key: employee_key
updated_at: updated_at
checks:
  - not_null: [employee_key, name, position]
--- */
select
  row_key(_source, id) as employee_key,
  _source as branch,
  id as employee_id,
  name,
  position,
  hired_at::date as hired_at,
  updated_at::timestamp as updated_at,
  _loaded_at,
  _deleted
from raw.employee
where $since is null or _loaded_at > $since
