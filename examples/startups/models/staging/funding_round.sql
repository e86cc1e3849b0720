/* ---
description: Rounds in which money was raised, as they were last seen.
checks:
  - not_null: [funding_round_uuid, organization_uuid, announced_on]
  - unique: funding_round_uuid
  - relationships: { column: organization_uuid, to: staging.organization, field: organization_uuid }
  - range: { column: money_raised_usd, min: 0 }
--- */
with seen as (
  select properties::json as p, _loaded_at, _deleted from raw.search_funding_rounds
  union all
  select unnest((cards::json) -> '$.raised_funding_rounds[*]'), _loaded_at, _deleted from raw.lookup
)
select
  p ->> '$.identifier.uuid' as funding_round_uuid,
  p ->> '$.funded_organization_identifier.uuid' as organization_uuid,
  p ->> '$.investment_type' as type,
  (p ->> '$.announced_on')::date as announced_on,
  (p ->> '$.money_raised.value_usd')::decimal(18, 2) as money_raised_usd,
  (p ->> '$.num_investors')::integer as investors
from seen
where not _deleted
qualify row_number() over (partition by funding_round_uuid order by _loaded_at desc) = 1
