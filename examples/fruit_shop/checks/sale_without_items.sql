/* ---
table: staging.sale_item
description: A sale with nothing on its receipt means that a part of it was lost on the way.
--- */
select sale.*
from staging.sale as sale
where not sale.is_deleted
  and not exists (select 1 from staging.sale_item as item where item.sale_key = sale.sale_key and not item.is_deleted)
