/* ---
description: Since when each customer has its category, and which ones it had before.
materialized: scd2
key: customer_id
compare: category
tags: [golden, categories]
checks:
  - accepted_values: { column: category, values: [new, sleeping, late returner, champion, loyal, promising, occasional] }
--- */
select customer_id, category from golden.category_rules
