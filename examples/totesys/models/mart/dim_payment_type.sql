/* ---
description: Receipts, payments, refunds.
checks:
  - not_null: [payment_type_id, payment_type_name]
  - unique: payment_type_id
--- */
select payment_type_id, payment_type_name
from raw.payment_type
qualify row_number() over (partition by payment_type_id order by _loaded_at desc) = 1
