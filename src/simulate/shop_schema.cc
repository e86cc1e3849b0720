#include "simulate/shop_schema.h"

#include <array>
#include <map>
#include <utility>

namespace lochan {
namespace {

constexpr std::array kStatements = {
    R"(create table if not exists customer(
  id bigint primary key,
  first_name text not null,
  last_name text not null,
  email text,
  phone text,
  city text,
  created_at timestamp not null,
  updated_at timestamp not null))",
    R"(create table if not exists product(
  id bigint primary key,
  name text not null,
  country text,
  unit text,
  price decimal(10,2),
  created_at timestamp not null,
  updated_at timestamp not null))",
    R"(create table if not exists employee(
  id bigint primary key,
  name text not null,
  position text,
  hired_at date,
  updated_at timestamp not null))",
    R"(create table if not exists sale(
  id bigint primary key,
  customer_id bigint not null references customer(id),
  employee_id bigint not null references employee(id),
  sold_at timestamp not null,
  payment_type text,
  created_at timestamp not null,
  updated_at timestamp not null))",
    R"(create table if not exists sale_item(
  id bigint primary key,
  sale_id bigint not null references sale(id),
  product_id bigint not null references product(id),
  quantity decimal(10,2),
  price decimal(10,2),
  discount decimal(10,2),
  created_at timestamp not null,
  updated_at timestamp not null))",
    "create index if not exists customer_created_at on customer(created_at, id)",
    "create index if not exists product_created_at on product(created_at, id)",
    "create index if not exists sale_customer on sale(customer_id)",
    "create index if not exists sale_employee on sale(employee_id)",
    "create index if not exists sale_created_at on sale(created_at, id)",
    "create index if not exists sale_updated_at on sale(updated_at)",
    "create index if not exists sale_item_sale on sale_item(sale_id)",
    "create index if not exists sale_item_product on sale_item(product_id)",
    "create index if not exists sale_item_created_at on sale_item(created_at, id)",
    "create index if not exists sale_item_updated_at on sale_item(updated_at)",
    "create table if not exists generator_state(name text primary key, value text not null)",
};

// The numbers of a state by their names in the table.
std::array<std::pair<const char*, std::int64_t*>, 6> numbers(GeneratorState& state) {
  ShopRows& id = state.last_id;
  return {{{"ticks", &state.ticks},
           {"last_customer", &id.customer},
           {"last_product", &id.product},
           {"last_employee", &id.employee},
           {"last_sale", &id.sale},
           {"last_sale_item", &id.sale_item}}};
}

}  // namespace

void create_shop_tables(Database& shop) {
  for (const char* statement : kStatements) shop.execute(statement);
}

std::optional<GeneratorState> read_generator_state(Database& shop) {
  std::map<std::string, std::string> values;
  for (const DbRow& row : shop.query("select name, value from generator_state")) values[row.text(0)] = row.text(1);
  if (!values.contains("last_tick_at")) return std::nullopt;
  GeneratorState state;
  state.last_tick_at = parse_instant(values["last_tick_at"]);
  for (const auto& [name, number] : numbers(state)) *number = values[name].empty() ? 0 : std::stoll(values[name]);
  return state;
}

void write_generator_state(Database& shop, const GeneratorState& state) {
  const auto put = [&](std::string name, std::string value) {
    shop.execute("insert into generator_state(name, value) values ($1, $2) on conflict(name) do update set value = $2",
                 {std::move(name), std::move(value)});
  };
  GeneratorState copy = state;
  for (const auto& [name, number] : numbers(copy)) put(name, std::to_string(*number));
  put("last_tick_at", simulated_timestamp(state.last_tick_at));
}

}  // namespace lochan
