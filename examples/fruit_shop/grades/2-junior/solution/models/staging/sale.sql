/* ---
description: The sales of every branch.
materialized: incremental
key: [branch, sale_id]
checks:
  - not_null: [branch, sale_id, sold_at]
  - unique: [branch, sale_id]
--- */
select _source as branch, id as sale_id, sold_at::timestamp as sold_at, payment_type
from raw.sale
-- the instant up to which the last published build has read; null when there is none
where $since is null or _loaded_at > $since
