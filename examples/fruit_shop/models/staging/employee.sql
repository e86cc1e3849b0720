/* ---
description: Who works at every branch, as it is now.
checks:
  - not_null: [employee_key, name]
  - unique: employee_key
--- */
select
  row_key(_source, id) as employee_key,
  _source as branch,
  id as employee_id,
  name,
  position,
  hired_at::date as hired_at,
  updated_at::timestamp as updated_at
from raw.employee
qualify row_number() over (partition by _source, id order by _loaded_at desc) = 1 and not _deleted
