/* ---
description: Where something is delivered to.
checks:
  - not_null: [location_id, address_line_1, city, postal_code, country]
  - unique: location_id
--- */
select
  address_id as location_id,
  address_line_1,
  address_line_2,
  district,
  city,
  postal_code,
  country,
  phone
from staging.address
