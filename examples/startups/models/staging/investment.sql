/* ---
description: Who put money into which round, as it was last seen.
checks:
  - not_null: [investment_uuid, funding_round_uuid, investor_uuid]
  - unique: investment_uuid
  - relationships: { column: funding_round_uuid, to: staging.funding_round, field: funding_round_uuid }
--- */
with seen as (
  select properties::json as p, _loaded_at, _deleted from raw.search_investments
  union all
  select unnest((cards::json) -> '$.raised_investments[*]'), _loaded_at, _deleted from raw.lookup
)
select
  p ->> '$.identifier.uuid' as investment_uuid,
  p ->> '$.funding_round_identifier.uuid' as funding_round_uuid,
  p ->> '$.organization_identifier.uuid' as organization_uuid,
  p ->> '$.investor_identifier.uuid' as investor_uuid,
  p ->> '$.investor_identifier.value' as investor,
  (p ->> '$.is_lead_investor')::boolean as is_lead
from seen
where not _deleted
qualify row_number() over (partition by investment_uuid order by _loaded_at desc) = 1
