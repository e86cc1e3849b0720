/* ---
description: Each department as it is now.
materialized: view
--- */
select
  department_id, department_name, location, manager
from raw.department
qualify row_number() over (partition by department_id order by _loaded_at desc) = 1
