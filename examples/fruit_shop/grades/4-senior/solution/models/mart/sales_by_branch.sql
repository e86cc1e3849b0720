/* ---
description: What each branch sold.
checks:
  - unique: branch
  - not_null: [branch, revenue]
--- */
select branch, sum(sales) as sales, sum(revenue) as revenue from mart.sales_by_day group by branch
