/* ---
description: The customers of every branch, as they are now.
materialized: view
--- */
select customer_key, branch, customer_id, first_name, last_name, email, phone, city, created_at, updated_at
from history.customer
where is_current
