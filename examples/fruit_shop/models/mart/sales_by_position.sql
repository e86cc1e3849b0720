/* ---
description: What was sold by whom, by the position they had on that day. Who has risen since counts where they were then.
tags: [daily]
checks:
  - not_null: [branch, position, revenue]
  - unique: [branch, position]
--- */
with held as (
  select
    employee_key,
    position,
    -- before the first version that was seen, the first one is the best that is known
    case when row_number() over (partition by employee_key order by valid_from) = 1 then '-infinity'::timestamp else valid_from end as since,
    coalesce(lead(valid_from) over (partition by employee_key order by valid_from), 'infinity'::timestamp) as until
  from history.employee
)
select
  line.branch,
  held.position,
  count(distinct line.employee_key) as employees,
  count(distinct line.sale_key) as sales,
  sum(line.amount) as revenue
from staging.sale_line as line
join held on held.employee_key = line.employee_key and line.sold_at >= held.since and line.sold_at < held.until
group by line.branch, held.position
