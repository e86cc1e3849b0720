/* ---
description: Whom the company trades with, as they are now.
materialized: view
--- */
select
  counterparty_id, counterparty_legal_name, legal_address_id
from raw.counterparty
qualify row_number() over (partition by counterparty_id order by _loaded_at desc) = 1
