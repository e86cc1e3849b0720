/* ---
description: Each user once, as they are now, from the API or from a file, whichever is newer; without stray spaces.
checks:
  - not_null: [user_id, email]
  - unique: user_id
  - pattern: { column: email, pattern: "^[^@ ]+@[^@ ]+$", on_fail: quarantine }
--- */
with version as (
  select id::bigint as user_id, name, email, address.city as city, active::boolean as is_active, updated_at::timestamp as updated_at,
         'api' as channel, _loaded_at, _deleted
  from raw.users
  qualify row_number() over (partition by id order by _loaded_at desc) = 1
  union all by name
  select try_cast(user_id as bigint) as user_id, name, email, city, lower(trim(active)) = 'yes' as is_active,
         try_cast(updated_at as timestamp) as updated_at, 'csv' as channel, _loaded_at, false as _deleted
  from raw.users_csv
)
select
  user_id,
  regexp_replace(trim(name), '\s+', ' ', 'g') as name,     -- letters stay as they are: O'Hara, de Vries
  lower(trim(email)) as email,
  trim(city) as city,
  is_active,
  channel,
  updated_at
from version
where user_id is not null and not _deleted
qualify row_number() over (partition by user_id order by updated_at desc nulls last, _loaded_at desc) = 1
