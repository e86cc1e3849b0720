/* ---
table: staging.product
severity: warn
description: The same fruit by weight here and by piece there cannot be added up. It is told, and nothing is held back.
--- */
select name, count(distinct unit) as units from staging.product group by name having count(distinct unit) > 1
