/* ---
description: The category of each customer, by rules over recency, frequency, value and how often films came back late. The first that fits holds.
materialized: view
tags: [golden, categories]
--- */
with scored as (
  select customer_id, overdue_score, total_rental_count, lifetime_value,
         date_diff('day', last_rental_date, max(last_rental_date) over ()) as days_since,
         percent_rank() over (order by total_rental_count) as frequency,
         percent_rank() over (order by lifetime_value) as value
  from golden.record
)
select customer_id,
       case when total_rental_count = 0 then 'new'
            when days_since > 30 then 'sleeping'
            when overdue_score >= 60 then 'late returner'
            when frequency >= 0.8 and value >= 0.8 then 'champion'
            when frequency >= 0.5 then 'loyal'
            when value >= 0.5 then 'promising'
            else 'occasional' end as category
from scored
