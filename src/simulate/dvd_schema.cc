#include "simulate/dvd_schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <vector>

#include "base/error.h"
#include "base/sql.h"

namespace lochan {
namespace {

constexpr std::array<std::string_view, 15> kTables = {"actor",    "address", "category",   "city",          "country",
                                                      "customer", "film",    "film_actor", "film_category", "inventory",
                                                      "language", "payment", "rental",     "staff",         "store"};

// Of the columns' defaults: a key counts by a sequence of its own, and a row knows when it was written last.
constexpr std::string_view kMakeTables = R"(
create schema if not exists dvd_rental;
create schema if not exists v_dvd_rental;
set local search_path to dvd_rental;

create type mpaa_rating as enum ('G', 'PG', 'PG-13', 'R', 'NC-17');
create domain year as integer constraint year_check check (value between 1901 and 2155);

create table actor (
  actor_id serial not null, first_name varchar(45) not null, last_name varchar(45) not null,
  last_update timestamp not null default now());
create table address (
  address_id serial not null, address varchar(50) not null, address2 varchar(50), district varchar(20) not null,
  city_id smallint not null, postal_code varchar(10), phone varchar(20) not null, last_update timestamp not null default now());
create table category (
  category_id serial not null, name varchar(25) not null, last_update timestamp not null default now());
create table city (
  city_id serial not null, city varchar(50) not null, country_id smallint not null, last_update timestamp not null default now(),
  longitude double precision, latitude double precision);
create table country (
  country_id serial not null, country varchar(50) not null, last_update timestamp not null default now());
create table customer (
  customer_id serial not null, store_id smallint not null, first_name varchar(45) not null, last_name varchar(45) not null,
  email varchar(50), address_id smallint not null, activebool boolean not null default true,
  create_date date not null default current_date, last_update timestamp default now(), active integer);
create table film (
  film_id serial not null, title varchar(255) not null, description text, release_year year, language_id smallint not null,
  rental_duration smallint not null default 3, rental_rate numeric(4,2) not null default 4.99, length smallint,
  replacement_cost numeric(5,2) not null default 19.99, rating mpaa_rating default 'G',
  last_update timestamp not null default now(), special_features text[], fulltext tsvector not null);
create table film_actor (
  actor_id smallint not null, film_id smallint not null, last_update timestamp not null default now());
create table film_category (
  film_id smallint not null, category_id smallint not null, last_update timestamp not null default now());
create table inventory (
  inventory_id serial not null, film_id smallint not null, store_id smallint not null,
  last_update timestamp not null default now());
create table language (
  language_id serial not null, name character(20) not null, last_update timestamp not null default now());
create table payment (
  payment_id serial not null, customer_id smallint not null, staff_id smallint not null, rental_id integer not null,
  amount numeric(5,2) not null, payment_date timestamp not null);
create table rental (
  rental_id serial not null, rental_date timestamp not null, inventory_id integer not null, customer_id smallint not null,
  return_date timestamp, staff_id smallint not null, last_update timestamp not null default now());
create table staff (
  staff_id serial not null, first_name varchar(45) not null, last_name varchar(45) not null, address_id smallint not null,
  email varchar(50), store_id smallint not null, active boolean not null default true, username varchar(16) not null,
  password varchar(40), last_update timestamp not null default now(), picture bytea);
create table store (
  store_id serial not null, manager_staff_id smallint not null, address_id smallint not null,
  last_update timestamp not null default now());
)";

constexpr std::string_view kFunctions = R"(
create function last_updated() returns trigger language plpgsql as $$
begin
  new.last_update := now();
  return new;
end $$;

create function last_day(timestamp) returns date language sql immutable strict as $$
  select (date_trunc('month', $1) + interval '1 month - 1 day')::date
$$;

create function _group_concat(text, text) returns text language sql immutable as $$
  select concat_ws(', ', $1, $2)
$$;
create aggregate group_concat(text) (sfunc = _group_concat, stype = text);

create function inventory_in_stock(p_inventory_id integer) returns boolean language plpgsql stable as $$
begin
  return not exists (select from rental where inventory_id = p_inventory_id and return_date is null);
end $$;

create function inventory_held_by_customer(p_inventory_id integer) returns integer language plpgsql stable as $$
begin
  return (select customer_id from rental where inventory_id = p_inventory_id and return_date is null);
end $$;

create function film_in_stock(p_film_id integer, p_store_id integer, out p_film_count integer) returns setof integer
language sql stable as $$
  select inventory_id from inventory where film_id = p_film_id and store_id = p_store_id and inventory_in_stock(inventory_id)
$$;

create function film_not_in_stock(p_film_id integer, p_store_id integer, out p_film_count integer) returns setof integer
language sql stable as $$
  select inventory_id from inventory where film_id = p_film_id and store_id = p_store_id and not inventory_in_stock(inventory_id)
$$;

-- What a customer owed at a time: the rate of each rental, a unit for each day late up to the film's worth, less what was paid.
create function get_customer_balance(p_customer_id integer, p_effective_date timestamp) returns numeric language plpgsql stable as $$
declare
  owed numeric;
  paid numeric;
begin
  select coalesce(sum(f.rental_rate + least(f.replacement_cost, greatest(0,
           coalesce(r.return_date, p_effective_date)::date - r.rental_date::date - f.rental_duration))), 0)
    into owed from rental r join inventory i using (inventory_id) join film f using (film_id)
   where r.customer_id = p_customer_id and r.rental_date <= p_effective_date;
  select coalesce(sum(amount), 0) into paid from payment
   where customer_id = p_customer_id and payment_date <= p_effective_date;
  return owed - paid;
end $$;

-- Those who in the month before rented often and paid much.
create function rewards_report(min_monthly_purchases integer, min_dollar_amount_purchased numeric) returns setof customer
language plpgsql stable as $$
declare
  this_month timestamp := date_trunc('month', now());
begin
  return query select c.* from customer c where c.customer_id in (
    select p.customer_id from payment p where p.payment_date >= this_month - interval '1 month' and p.payment_date < this_month
     group by p.customer_id having sum(p.amount) > min_dollar_amount_purchased and count(*) > min_monthly_purchases);
end $$;
)";

constexpr std::string_view kKeys = R"(
alter table actor add primary key (actor_id);
alter table address add primary key (address_id);
alter table category add primary key (category_id);
alter table city add primary key (city_id);
alter table country add primary key (country_id);
alter table customer add primary key (customer_id);
alter table film add primary key (film_id);
alter table film_actor add primary key (actor_id, film_id);
alter table film_category add primary key (film_id, category_id);
alter table inventory add primary key (inventory_id);
alter table language add primary key (language_id);
alter table payment add primary key (payment_id);
alter table rental add primary key (rental_id);
alter table staff add primary key (staff_id);
alter table store add primary key (store_id);

create index idx_actor_last_name on actor (last_name);
create index idx_fk_city_id on address (city_id);
create index idx_fk_country_id on city (country_id);
create index idx_fk_address_id on customer (address_id);
create index idx_fk_store_id on customer (store_id);
create index idx_last_name on customer (last_name);
create index film_fulltext_idx on film using gist (fulltext);
create index idx_fk_language_id on film (language_id);
create index idx_title on film (title);
create index idx_fk_film_id on film_actor (film_id);
create index idx_store_id_film_id on inventory (store_id, film_id);
create index idx_fk_customer_id on payment (customer_id);
create index idx_fk_rental_id on payment (rental_id);
create index idx_fk_staff_id on payment (staff_id);
create index idx_fk_inventory_id on rental (inventory_id);
create unique index idx_unq_rental_rental_date_inventory_id_customer_id on rental (rental_date, inventory_id, customer_id);
create unique index idx_unq_manager_staff_id on store (manager_staff_id);
)";

struct ForeignKey {
  std::string_view table, column, to;
};

// A store has a manager and a manager a store: the two refer to each other.
constexpr ForeignKey kForeignKeys[] = {
    {"address", "city_id", "city"},         {"city", "country_id", "country"},
    {"customer", "address_id", "address"},  {"customer", "store_id", "store"},
    {"film", "language_id", "language"},    {"film_actor", "actor_id", "actor"},
    {"film_actor", "film_id", "film"},      {"film_category", "category_id", "category"},
    {"film_category", "film_id", "film"},   {"inventory", "film_id", "film"},
    {"inventory", "store_id", "store"},     {"payment", "customer_id", "customer"},
    {"payment", "rental_id", "rental"},     {"payment", "staff_id", "staff"},
    {"rental", "customer_id", "customer"},  {"rental", "inventory_id", "inventory"},
    {"rental", "staff_id", "staff"},        {"staff", "address_id", "address"},
    {"staff", "store_id", "store"},         {"store", "address_id", "address"},
    {"store", "manager_staff_id", "staff"},
};

constexpr std::string_view kViews = R"(
create view v_dvd_rental.customer_list as
  select c.customer_id as id, c.first_name || ' ' || c.last_name as name, a.address, a.postal_code as "zip code", a.phone,
         t.city, n.country, case when c.activebool then 'active' else '' end as notes, c.store_id as sid
    from customer c join address a using (address_id) join city t using (city_id) join country n using (country_id);

create view v_dvd_rental.staff_list as
  select s.staff_id as id, s.first_name || ' ' || s.last_name as name, a.address, a.postal_code as "zip code", a.phone,
         t.city, n.country, s.store_id as sid
    from staff s join address a using (address_id) join city t using (city_id) join country n using (country_id);

create view v_dvd_rental.film_list as
  select f.film_id as fid, f.title, f.description, g.name as category, f.rental_rate as price, f.length, f.rating,
         group_concat(a.first_name || ' ' || a.last_name order by a.last_name, a.first_name, a.actor_id) as actors
    from film f left join film_category fc using (film_id) left join category g using (category_id)
         left join film_actor fa using (film_id) left join actor a using (actor_id)
   group by f.film_id, g.name;

create view v_dvd_rental.nicer_but_slower_film_list as
  select f.film_id as fid, f.title, f.description, g.name as category, f.rental_rate as price, f.length, f.rating,
         group_concat(initcap(a.first_name) || ' ' || upper(left(a.last_name, 1)) || lower(substr(a.last_name, 2))
                      order by a.last_name, a.first_name, a.actor_id) as actors
    from film f left join film_category fc using (film_id) left join category g using (category_id)
         left join film_actor fa using (film_id) left join actor a using (actor_id)
   group by f.film_id, g.name;

create view v_dvd_rental.actor_info as
  select a.actor_id, a.first_name, a.last_name, group_concat(g.name || ': ' || g.titles order by g.name) as film_info
    from actor a left join (
      select fa.actor_id, g.name, group_concat(f.title::text order by f.title) as titles
        from film_actor fa join film f using (film_id) join film_category fc using (film_id) join category g using (category_id)
       group by fa.actor_id, g.name) g using (actor_id)
   group by a.actor_id, a.first_name, a.last_name;

create view v_dvd_rental.sales_by_film_category as
  select g.name as category, sum(p.amount) as total_sales
    from payment p join rental r using (rental_id) join inventory i using (inventory_id)
         join film_category fc using (film_id) join category g using (category_id)
   group by g.name order by total_sales desc;

create view v_dvd_rental.sales_by_store as
  select t.city || ', ' || n.country as store, m.first_name || ' ' || m.last_name as manager, sum(p.amount) as total_sales
    from payment p join rental r using (rental_id) join inventory i using (inventory_id) join store s using (store_id)
         join address a on a.address_id = s.address_id join city t using (city_id) join country n using (country_id)
         join staff m on m.staff_id = s.manager_staff_id
   group by s.store_id, t.city, n.country, m.first_name, m.last_name order by n.country, t.city;
)";

std::set<std::string> tables_in(PostgresConnection& connection, const std::string& schema) {
  const std::vector<PostgresValue> values = {schema};
  std::set<std::string> found;
  for (const auto& row : connection
                             .query("select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace "
                                    "where n.nspname = $1 and c.relkind in ('r', 'p')",
                                    values)
                             .rows)
    if (std::ranges::find(kTables, row[0].value_or("")) != kTables.end()) found.insert(*row[0]);
  return found;
}

}  // namespace

std::span<const std::string_view> dvd_tables() { return kTables; }

std::string find_dvd_schema(PostgresConnection& connection) {
  const std::set<std::string> found = tables_in(connection, "dvd_rental");
  if (found.size() == kTables.size()) return "dvd_rental";
  if (found.empty()) return tables_in(connection, "public").size() == kTables.size() ? "public" : "";
  std::string missing;
  for (const std::string_view table : kTables)
    if (!found.contains(std::string(table))) missing += fmt::format("{}`{}`", missing.empty() ? "" : ", ", table);
  throw Error(ErrorKind::Data, fmt::format("schema `dvd_rental` has {} of its {} tables, without {}", found.size(),
                                           kTables.size(), missing))
      .hint(
          "it was begun by something else: `drop schema dvd_rental cascade` to have it made, or restore what is "
          "missing");
}

void make_dvd_schema(PostgresConnection& connection) {
  connection.execute(kMakeTables);
  connection.execute(kFunctions);
}

void finish_dvd_schema(PostgresConnection& connection) {
  connection.execute(kKeys);
  std::string text;
  for (const ForeignKey& key : kForeignKeys) {
    const std::string column = key.to == "staff" ? "staff_id" : fmt::format("{}_id", key.to);
    text += fmt::format(
        "alter table {0} add constraint {0}_{1}_fkey foreign key ({1}) references {2} ({3}) on update cascade on "
        "delete restrict;\n",
        key.table, key.column, key.to, column);
  }
  for (const std::string_view table : kTables)
    if (table != "payment")
      text += fmt::format(
          "create trigger last_updated before update on {} for each row execute function last_updated();\n", table);
  text +=
      "create trigger film_fulltext_trigger before insert or update on film for each row execute function "
      "tsvector_update_trigger('fulltext', 'pg_catalog.english', 'title', 'description');\n";
  connection.execute(text);
  connection.execute(kViews);
}

bool add_coordinates(PostgresConnection& connection, const std::string& schema) {
  const std::string city = sql::identifier(schema) + ".city";
  const std::vector<PostgresValue> values = {city};
  const auto found = connection.query(
      "select attname from pg_attribute where attrelid = $1::regclass and attnum > 0 and not "
      "attisdropped and attname in ('longitude', 'latitude')",
      values);
  if (found.rows.size() == 2) return false;
  connection.execute(
      fmt::format("alter table {} add column if not exists longitude double precision, "
                  "add column if not exists latitude double precision",
                  city));
  return true;
}

}  // namespace lochan
