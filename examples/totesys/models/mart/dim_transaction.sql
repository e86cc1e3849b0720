/* ---
description: What a payment is for.
materialized: incremental
key: transaction_id
checks:
  - not_null: [transaction_id, transaction_type]
  - unique: transaction_id
  - accepted_values: { column: transaction_type, values: [SALE, PURCHASE] }
  - expression: (sales_order_id is null) <> (purchase_order_id is null)
--- */
select transaction_id, transaction_type, sales_order_id, purchase_order_id
from raw.transaction
where $since is null or _loaded_at > $since
qualify row_number() over (partition by transaction_id order by _loaded_at desc) = 1
