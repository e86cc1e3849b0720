-- The marts once more, by PostgreSQL, from what the API answers and what stands in the CSV files. demo.sh fills `answer` and the two
-- tables of the files before; none of it is Lochan's.
create view api_users as
  select u.id as user_id, u.name, u.email, u.updated_at, 'api' as channel
  from answer, jsonb_to_recordset(body) as u(id bigint, name text, email text, updated_at timestamp) where answer.name = 'users';
create view api_orders as
  select o.id as order_id, o.user_id, o.product, o.quantity, o.price, round(o.amount, 2) as amount, o.status, 'api' as channel, o.created_at, o.updated_at
  from answer, jsonb_to_recordset(body) as o(id bigint, user_id bigint, product text, quantity integer, price numeric, amount numeric, status text,
                                             created_at timestamp, updated_at timestamp) where answer.name = 'orders';

create table wanted_users as
  select distinct on (user_id) user_id, regexp_replace(btrim(name), '\s+', ' ', 'g') as name, lower(btrim(email)) as email
  from (select * from api_users
        union all
        select user_id::bigint, name, email, updated_at::timestamp, 'csv' from csv_users where user_id <> '') every_version
  where btrim(email) ~ '^[^@ ]+@[^@ ]+$'
  order by user_id, updated_at desc;

create table wanted_orders as
  select distinct on (order_id) order_id, user_id, product, quantity, price, amount::numeric(14,2) as amount, status, channel, created_at, updated_at,
         created_at::date as dt
  from (select * from api_orders
        union all
        select order_id::bigint, user_id::bigint, lower(btrim(product)), quantity::integer, price::numeric, amount::numeric, status, 'csv',
               created_at::timestamp, updated_at::timestamp
        from csv_orders where order_id <> '' and amount ~ '^[0-9.]+$') every_version
  order by order_id, updated_at desc;

create view wanted_mart as
  select u.user_id, u.name, u.email, count(o.order_id) as total_orders, coalesce(sum(o.amount), 0)::numeric(18,2) as total_amount,
         max(o.created_at) as last_order_at, rank() over (order by coalesce(sum(o.amount), 0) desc) as rank
  from wanted_users u left join wanted_orders o using (user_id) group by 1, 2, 3;

create view wanted_days as
  select dt as day, channel, product, count(*) as orders, sum(amount) as amount, count(distinct user_id) as users from wanted_orders group by 1, 2, 3;

create view wanted_months as
  select user_id, name, month, orders, amount, rank() over (partition by month order by amount desc) as rank_in_month,
         sum(amount) over (partition by user_id order by month) as running_amount
  from (select o.user_id, u.name, date_trunc('month', o.dt)::date as month, count(*) as orders, sum(o.amount) as amount
        from wanted_orders o join wanted_users u using (user_id) group by 1, 2, 3) m;

-- Name, rows there, rows of the source that are not there, rows there that are not the source's.
select 'mart.users_mart', (select count(*) from mart.users_mart),
       (select count(*) from (table wanted_mart except all table mart.users_mart) a), (select count(*) from (table mart.users_mart except all table wanted_mart) b)
union all
select 'mart.fact_orders', (select count(*) from mart.fact_orders),
       (select count(*) from (table wanted_orders except all table mart.fact_orders) a), (select count(*) from (table mart.fact_orders except all table wanted_orders) b)
union all
select 'bi.orders_by_day', (select count(*) from bi.orders_by_day),
       (select count(*) from (table wanted_days except all table bi.orders_by_day) a), (select count(*) from (table bi.orders_by_day except all table wanted_days) b)
union all
select 'bi.user_months', (select count(*) from bi.user_months),
       (select count(*) from (table wanted_months except all select user_id, name, month, orders, amount, rank_in_month, running_amount from bi.user_months) a),
       (select count(*) from (select user_id, name, month, orders, amount, rank_in_month, running_amount from bi.user_months except all table wanted_months) b);
