/* ---
description: Who works at every branch, as it is now.
materialized: view
--- */
select employee_key, branch, employee_id, name, position, hired_at, updated_at
from history.employee
where is_current
