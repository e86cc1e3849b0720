-- A tour of PostgreSQL: one table of users, one of orders, in a schema of their own that is gone at the end. Each result is printed, and
-- what must hold is asserted: the tour ends with an error where it doesn't. Called by tour.sh.
\set QUIET on
drop schema if exists volt_tour cascade;
create schema volt_tour;
set search_path to volt_tour;

\echo '1. create'
create table volt_test_users (
  user_id integer generated always as identity primary key,
  name text not null,
  email text not null unique check (email like '%_@_%'),
  city text,
  created_at timestamp not null default now()
);
select column_name, data_type, is_nullable from information_schema.columns
where table_schema = 'volt_tour' and table_name = 'volt_test_users' order by ordinal_position;

\echo '2. insert; parameterised, so that no quote of a value is ever read as SQL'
insert into volt_test_users (name, email, city) values
  ('Anna Nowak', 'anna@example.com', 'Kraków'), ('Jan Lis', 'jan@example.com', 'Gdańsk'), ('Ewa Kim', 'ewa@example.com', 'Seoul')
returning user_id, name;
prepare add_user(text, text, text) as insert into volt_test_users (name, email, city) values ($1, $2, $3) returning user_id, name;
execute add_user('Robert''); drop table volt_test_users; --', 'robert@example.com', null);
execute add_user('Zofia O''Hara', 'zofia@example.com', 'Kraków');

\echo '3. select; parameterised'
prepare users_of(text) as select user_id, name, email from volt_test_users where city = $1 order by user_id;
execute users_of('Kraków');

\echo '4. update; what came of it'
prepare move(integer, text) as update volt_test_users set city = $2 where user_id = $1 returning user_id, name, city;
execute move(2, 'Warszawa');
insert into volt_test_users (name, email, city) values ('Anna Nowak-Lis', 'anna@example.com', 'Kraków')
on conflict (email) do update set name = excluded.name returning user_id, name, email;

\echo '5. delete'
prepare remove(integer) as delete from volt_test_users where user_id = $1 returning user_id, name;
execute remove(4);
select count(*) as users from volt_test_users;

\echo '6. A constraint refuses what must not be, and a transaction takes all of it back'
do $$ begin
  insert into volt_test_users (name, email) values ('Twice', 'jan@example.com');
  raise exception 'an address came twice';
exception when unique_violation then null; end $$;
begin;
delete from volt_test_users;
select count(*) as within_the_transaction from volt_test_users;
rollback;
select count(*) as after_the_rollback from volt_test_users;
do $$ begin assert (select count(*) from volt_test_users) = 4, 'four users are left'; end $$;

\echo '7. join and group by'
create table volt_test_orders (
  order_id integer primary key,
  user_id integer not null references volt_test_users,
  product text not null,
  amount numeric(10,2) not null check (amount >= 0),
  ordered_at timestamp not null
);
insert into volt_test_orders
select n, (array[1, 2, 3, 3])[1 + n % 4], (array['lamp', 'cable', 'fuse'])[1 + n % 3], (n * 7919 % 100000) / 100.0,
       timestamp '2026-01-01' + n * interval '1 minute'
from generate_series(1, 200000) n;
analyze volt_test_orders;
select u.name, count(o.order_id) as orders, coalesce(sum(o.amount), 0) as amount
from volt_test_users u left join volt_test_orders o using (user_id)
group by u.user_id, u.name order by amount desc, u.name;
select product, count(*) as orders, round(avg(amount), 2) as mean from volt_test_orders group by product having count(*) > 1 order by product;

\echo '8. CTEs: days, the best of them, and a series of days by recursion'
with recursive day as (
  select date '2026-01-01' as day union all select day + 1 from day where day < date '2026-01-05'
), revenue as (
  select ordered_at::date as day, sum(amount) as amount from volt_test_orders group by 1
)
select day.day, revenue.amount, revenue.amount - (select avg(amount) from revenue) > 0 as above_average
from day left join revenue using (day) order by day.day;

\echo '9. Window functions: ranks, running sums, the day before, a mean of three days'
select user_id, day, amount, rank() over (partition by day order by amount desc) as rank,
       sum(amount) over (partition by user_id order by day) as running,
       amount - lag(amount) over (partition by user_id order by day) as more_than_before,
       round(avg(amount) over (partition by user_id order by day rows 2 preceding), 2) as mean_of_three
from (select user_id, ordered_at::date as day, sum(amount) as amount from volt_test_orders where ordered_at < '2026-01-04' group by 1, 2) d
order by day, rank;
do $$ begin
  assert (select sum(amount) from volt_test_orders) =
         (select running from (select row_number() over w as n, sum(amount) over w as running from volt_test_orders window w as (order by order_id)) r
          order by n desc limit 1), 'the last running sum is the sum';
end $$;

\echo '10. Indexes, and what they change: pages that a query reads (explain analyze, buffers), before and after'
create table measured (query text, index text, plan text, pages bigint, rows bigint, ms numeric);
create function measure(query text, index text, sql text) returns void language plpgsql as $$
declare plan json; node json;
begin
  execute sql;  -- once, so that both have what they read in memory
  execute 'explain (analyze, buffers, format json) ' || sql into plan;
  node := plan->0->'Plan';
  while node->'Plans' is not null loop node := node->'Plans'->0; end loop;
  insert into measured values (query, index, node->>'Node Type', (plan->0->'Plan'->>'Shared Hit Blocks')::bigint + (plan->0->'Plan'->>'Shared Read Blocks')::bigint,
                               (node->>'Actual Rows')::numeric, (plan->0->>'Execution Time')::numeric);
end $$;
set max_parallel_workers_per_gather = 0;
select measure(q.name, 'none', q.sql) from (values
  ('one user, one day', $q$select sum(amount) from volt_test_orders where user_id = 1 and ordered_at >= '2026-02-01' and ordered_at < '2026-02-02'$q$),
  ('the dearest ten', $q$select order_id from volt_test_orders order by amount desc limit 10$q$),
  ('all of a product', $q$select sum(amount) from volt_test_orders where product = 'lamp'$q$)) q(name, sql) \g /dev/null
create index on volt_test_orders (user_id, ordered_at);
create index on volt_test_orders (amount);
create index on volt_test_orders (product);
vacuum analyze volt_test_orders;
select measure(q.name, q.index, q.sql) from (values
  ('one user, one day', 'user_id, ordered_at', $q$select sum(amount) from volt_test_orders where user_id = 1 and ordered_at >= '2026-02-01' and ordered_at < '2026-02-02'$q$),
  ('the dearest ten', 'amount', $q$select order_id from volt_test_orders order by amount desc limit 10$q$),
  ('all of a product', 'product', $q$select sum(amount) from volt_test_orders where product = 'lamp'$q$)) q(name, index, sql) \g /dev/null
select query, index, plan, pages, ms from measured order by query, index = 'none' desc;
select query, round(max(pages) filter (where index = 'none')::numeric / max(pages) filter (where index <> 'none'), 1) as times_fewer_pages
from measured group by query order by 2 desc;
-- A third of the table is behind `all of a product`: there an index can't do much, and costs room and each insert.
do $$ begin
  assert (select min(ratio) from (select max(pages) filter (where index = 'none') / max(pages) filter (where index <> 'none') as ratio
                                  from measured where query <> 'all of a product' group by query) r) >= 5, 'an index made no difference';
end $$;
select pg_size_pretty(pg_relation_size('volt_test_orders')) as "table", pg_size_pretty(pg_indexes_size('volt_test_orders')) as indexes;

\echo '11. A table partitioned by month: only the parts that a query names are read'
create table volt_test_orders_by_month (like volt_test_orders) partition by range (ordered_at);
select format('create table volt_test_orders_%s partition of volt_test_orders_by_month for values from (%L) to (%L)',
              to_char(month, 'YYYY_MM'), month, month + interval '1 month')
from generate_series(timestamp '2026-01-01', timestamp '2026-05-01', interval '1 month') month \gexec
insert into volt_test_orders_by_month select * from volt_test_orders;
analyze volt_test_orders_by_month;
select measure('one month, no index', q.index, q.sql) from (values
  ('none', $q$select sum(amount) from volt_test_orders where date_trunc('month', ordered_at) = '2026-03-01'$q$),
  ('partitions', $q$select sum(amount) from volt_test_orders_by_month where ordered_at >= '2026-03-01' and ordered_at < '2026-04-01'$q$)) q(index, sql) \g /dev/null
select query, index, plan, pages, ms from measured where query = 'one month, no index' order by index = 'none' desc;
do $$ begin
  assert (select max(pages) filter (where index = 'none') > 3 * max(pages) filter (where index = 'partitions') from measured where query = 'one month, no index'),
         'the partitions made no difference';
end $$;

drop schema volt_tour cascade;
\echo 'The tour is over: each assertion held, and its tables are gone.'
