/* ---
description: Organizations as they were last seen, by a search of all or by a look at one.
checks:
  - not_null: [organization_uuid, name, permalink]
  - unique: organization_uuid
--- */
with seen as (
  select uuid as organization_uuid, properties::json as p, 'full' as mode, _loaded_at, _deleted from raw.search_organizations
  union all
  select organization_uuid, properties::json, 'specific', _loaded_at, _deleted from raw.lookup
)
select
  organization_uuid,
  p ->> '$.identifier.value' as name,
  p ->> '$.identifier.permalink' as permalink,
  p ->> '$.short_description' as description,
  (p ->> '$.founded_on.value')::date as founded_on,
  array_to_string((p ->> '$.categories[*].value'), ', ') as categories,
  p ->> '$.location_identifiers[0].value' as city,
  p ->> '$.location_identifiers[1].value' as country,
  p ->> '$.num_employees_enum' as employees,
  list_contains(p ->> '$.facet_ids[*]', 'investor') as is_investor,
  (p ->> '$.funding_total.value_usd')::decimal(18, 2) as funding_total_usd,
  (p ->> '$.updated_at')::timestamp as updated_at,
  case when bool_or(mode = 'specific') over (partition by organization_uuid) then 'specific' else 'full' end as seen_by
from seen
where not _deleted
qualify row_number() over (partition by organization_uuid order by _loaded_at desc, mode) = 1
