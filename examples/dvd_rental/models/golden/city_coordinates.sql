/* ---
description: The coordinates of each city that the API found, as it last said. A place of another name is not that city.
tags: coordinates
checks:
  - unique: city_id
  - range: { column: longitude, min: -180, max: 180 }
  - range: { column: latitude, min: -90, max: 90 }
--- */
with found as (
  select city_id, asked_on, list_filter(results, place -> lower(place.name) = lower(city))[1] as place
  from raw.city_lookup where not _deleted
)
select city_id, place.longitude as longitude, place.latitude as latitude
from found where place is not null
qualify row_number() over (partition by city_id order by asked_on desc) = 1
