/* ---
description: Everybody who works there, with their department.
checks:
  - not_null: [staff_id, first_name, last_name, department_name, email_address]
  - unique: staff_id
  - pattern: { column: email_address, pattern: "^[^@]+@[^@]+$" }
--- */
select
  staff.staff_id,
  staff.first_name,
  staff.last_name,
  department.department_name,
  department.location,
  staff.email_address
from staging.staff as staff
left join staging.department as department on department.department_id = staff.department_id
