/* ---
description: Currencies by their codes and names. A code without a name in reference/currency_name.csv holds the table back.
checks:
  - not_null: [currency_id, currency_code, currency_name]
  - unique: currency_id
--- */
select
  currency.currency_id,
  currency.currency_code,
  name.currency_name
from staging.currency as currency
left join raw.currency_name as name on name.currency_code = currency.currency_code and not name._deleted
qualify row_number() over (partition by currency.currency_id order by name._loaded_at desc) = 1
