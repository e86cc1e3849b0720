/* ---
description: The category of now, the one before it, and since when.
tags: [golden, categories]
checks:
  - unique: customer_id
--- */
select customer_id, category,
       lag(category) over (partition by customer_id order by valid_from) as previous_category,
       valid_from as category_since
from golden.category_history
qualify is_current
