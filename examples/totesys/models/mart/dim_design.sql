/* ---
description: What is sold.
checks:
  - not_null: [design_id, design_name, file_location, file_name]
  - unique: design_id
--- */
select design_id, design_name, file_location, file_name
from raw.design
qualify row_number() over (partition by design_id order by _loaded_at desc) = 1
