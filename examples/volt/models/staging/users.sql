/* ---
description: Each user once, as they are now, with names and addresses without stray spaces.
checks:
  - not_null: [user_id, email]
  - unique: user_id
  - pattern: { column: email, pattern: "^[^@ ]+@[^@ ]+$", on_fail: quarantine }
--- */
select
  id::bigint as user_id,
  regexp_replace(trim(name), '\s+', ' ', 'g') as name,     -- letters stay as they are: O'Hara, de Vries
  lower(trim(email)) as email,
  address.city as city,
  active::boolean as is_active,
  updated_at::timestamp as updated_at
from raw.users
where id is not null
qualify row_number() over (partition by id order by _loaded_at desc) = 1 and not _deleted
