/* ---
description: Founders, as they were last seen.
checks:
  - not_null: [person_uuid, organization_uuid]
  - unique: person_uuid
  - relationships: { column: organization_uuid, to: staging.organization, field: organization_uuid }
--- */
with seen as (
  select properties::json as p, _loaded_at, _deleted from raw.search_people
  union all
  select unnest((cards::json) -> '$.founders[*]'), _loaded_at, _deleted from raw.lookup
)
select
  p ->> '$.identifier.uuid' as person_uuid,
  p ->> '$.first_name' as first_name,
  p ->> '$.last_name' as last_name,
  p ->> '$.primary_job_title' as job_title,
  p ->> '$.primary_organization.uuid' as organization_uuid
from seen
where not _deleted
qualify row_number() over (partition by person_uuid order by _loaded_at desc) = 1
