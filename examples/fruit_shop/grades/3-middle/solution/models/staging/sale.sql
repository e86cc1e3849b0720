/* ---
description: The sales of every branch, as they are now. What was deleted is marked.
materialized: incremental
key: [branch, sale_id]
checks:
  - not_null: [branch, sale_id, sold_at, is_deleted]
  - unique: [branch, sale_id]
--- */
select
  _source as branch,
  id as sale_id,
  employee_id,
  sold_at::timestamp as sold_at,
  payment_type,
  _deleted as is_deleted
from raw.sale
where $since is null or _loaded_at > $since
qualify row_number() over (partition by _source, id order by _loaded_at desc) = 1
