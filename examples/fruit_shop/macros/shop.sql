-- Every branch counts its rows from 1, so an id alone names nothing in the lake: branch_1:17 does.
create macro row_key(branch, id) as branch || ':' || id;

-- What a customer pays for one line of a receipt, in whole cents.
create macro line_amount(quantity, price, discount) as
  cast(round(quantity * price * (1 - discount), 2) as decimal(18,2));
