/* ---
description: What was raised in each country and year.
checks:
  - unique: [country, year]
--- */
select o.country, year(r.announced_on) as year, count(*) as rounds, count(distinct o.organization_uuid) as organizations,
       sum(r.money_raised_usd)::decimal(18, 2) as money_raised_usd
from staging.funding_round r
join staging.organization o using (organization_uuid)
group by all
