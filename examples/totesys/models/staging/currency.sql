/* ---
description: The currencies it trades in.
materialized: view
--- */
select
  currency_id, currency_code
from raw.currency
qualify row_number() over (partition by currency_id order by _loaded_at desc) = 1
