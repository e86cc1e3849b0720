/* ---
description: The other name of customers_mv.
in: new
materialized: view
tags: [golden, views]
--- */
select * from v_dvd_rental.customers_mv
