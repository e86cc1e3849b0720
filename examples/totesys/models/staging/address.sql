/* ---
description: Each address as it is now.
materialized: view
--- */
select
  address_id, address_line_1, address_line_2, district, city, postal_code, country, phone
from raw.address
qualify row_number() over (partition by address_id order by _loaded_at desc) = 1
