/* ---
description: Who invests most, and in whom.
checks:
  - unique: investor_uuid
--- */
select i.investor_uuid, any_value(i.investor) as investor, count(*) as investments, count(*) filter (where i.is_lead) as led,
       count(distinct i.organization_uuid) as organizations, min(r.announced_on) as first_on, max(r.announced_on) as last_on
from staging.investment i
join staging.funding_round r using (funding_round_uuid)
group by i.investor_uuid
