/* ---
description: Every version of every employee.
materialized: scd2
key: [branch, employee_id]
updated_at: updated_at
checks:
  - not_null: [branch, employee_id, name]
--- */
select
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
