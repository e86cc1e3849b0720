/* ---
description: Everybody who works there, as they are now.
materialized: view
--- */
select
  staff_id, first_name, last_name, department_id, email_address
from raw.staff
qualify row_number() over (partition by staff_id order by _loaded_at desc) = 1
