#include "simulate/totesys_schema.h"

#include <fmt/format.h>

#include <map>
#include <string>
#include <utility>

namespace lochan {
namespace {

// `transaction` is a word of SQLite's own.
constexpr std::array kStatements = {
    R"(create table if not exists address(
  address_id bigint primary key,
  address_line_1 text not null,
  address_line_2 text,
  district text,
  city text not null,
  postal_code text not null,
  country text not null,
  phone text not null,
  created_at timestamp not null,
  last_updated timestamp not null))",
    R"(create table if not exists department(
  department_id bigint primary key,
  department_name text not null,
  location text,
  manager text,
  created_at timestamp not null,
  last_updated timestamp not null))",
    R"(create table if not exists payment_type(
  payment_type_id bigint primary key,
  payment_type_name text not null,
  created_at timestamp not null,
  last_updated timestamp not null))",
    R"(create table if not exists currency(
  currency_id bigint primary key,
  currency_code text not null,
  created_at timestamp not null,
  last_updated timestamp not null))",
    R"(create table if not exists design(
  design_id bigint primary key,
  design_name text not null,
  file_location text not null,
  file_name text not null,
  created_at timestamp not null,
  last_updated timestamp not null))",
    R"(create table if not exists staff(
  staff_id bigint primary key,
  first_name text not null,
  last_name text not null,
  department_id bigint not null references department(department_id),
  email_address text not null,
  created_at timestamp not null,
  last_updated timestamp not null))",
    R"(create table if not exists counterparty(
  counterparty_id bigint primary key,
  counterparty_legal_name text not null,
  legal_address_id bigint not null references address(address_id),
  commercial_contact text,
  delivery_contact text,
  created_at timestamp not null,
  last_updated timestamp not null))",
    R"(create table if not exists sales_order(
  sales_order_id bigint primary key,
  design_id bigint not null references design(design_id),
  staff_id bigint not null references staff(staff_id),
  counterparty_id bigint not null references counterparty(counterparty_id),
  units_sold integer not null,
  unit_price decimal(10,2) not null,
  currency_id bigint not null references currency(currency_id),
  agreed_delivery_date date not null,
  agreed_payment_date date not null,
  agreed_delivery_location_id bigint not null references address(address_id),
  created_at timestamp not null,
  last_updated timestamp not null))",
    R"(create table if not exists purchase_order(
  purchase_order_id bigint primary key,
  staff_id bigint not null references staff(staff_id),
  counterparty_id bigint not null references counterparty(counterparty_id),
  item_code text not null,
  item_quantity integer not null,
  item_unit_price decimal(10,2) not null,
  currency_id bigint not null references currency(currency_id),
  agreed_delivery_date date not null,
  agreed_payment_date date not null,
  agreed_delivery_location_id bigint not null references address(address_id),
  created_at timestamp not null,
  last_updated timestamp not null))",
    R"(create table if not exists "transaction"(
  transaction_id bigint primary key,
  transaction_type text not null,
  sales_order_id bigint references sales_order(sales_order_id),
  purchase_order_id bigint references purchase_order(purchase_order_id),
  created_at timestamp not null,
  last_updated timestamp not null))",
    R"(create table if not exists payment(
  payment_id bigint primary key,
  transaction_id bigint not null references "transaction"(transaction_id),
  counterparty_id bigint not null references counterparty(counterparty_id),
  payment_amount decimal(14,2) not null,
  currency_id bigint not null references currency(currency_id),
  payment_type_id bigint not null references payment_type(payment_type_id),
  paid boolean not null,
  payment_date date not null,
  company_ac_number bigint not null,
  counterparty_ac_number bigint not null,
  created_at timestamp not null,
  last_updated timestamp not null))",
    "create index if not exists sales_order_last_updated on sales_order(last_updated)",
    "create index if not exists purchase_order_last_updated on purchase_order(last_updated)",
    "create index if not exists transaction_last_updated on \"transaction\"(last_updated)",
    "create index if not exists transaction_sales_order on \"transaction\"(sales_order_id)",
    "create index if not exists payment_last_updated on payment(last_updated)",
    "create index if not exists payment_transaction on payment(transaction_id)",
    "create index if not exists payment_paid on payment(paid, payment_id)",
    "create table if not exists generator_state(name text primary key, value text not null)",
};

const std::array<TotesysTableText, kTotesysTables>& tables() {
  static const std::array<TotesysTableText, kTotesysTables> kTables = {{
      {"address",
       "address",
       {"address_id", "address_line_1", "address_line_2", "district", "city", "postal_code", "country", "phone"}},
      {"department", "department", {"department_id", "department_name", "location", "manager"}},
      {"payment_type", "payment_type", {"payment_type_id", "payment_type_name"}},
      {"currency", "currency", {"currency_id", "currency_code"}},
      {"design", "design", {"design_id", "design_name", "file_location", "file_name"}},
      {"staff", "staff", {"staff_id", "first_name", "last_name", "department_id", "email_address"}},
      {"counterparty",
       "counterparty",
       {"counterparty_id", "counterparty_legal_name", "legal_address_id", "commercial_contact", "delivery_contact"}},
      {"sales_order",
       "sales_order",
       {"sales_order_id", "design_id", "staff_id", "counterparty_id", "units_sold", "unit_price", "currency_id",
        "agreed_delivery_date", "agreed_payment_date", "agreed_delivery_location_id"}},
      {"purchase_order",
       "purchase_order",
       {"purchase_order_id", "staff_id", "counterparty_id", "item_code", "item_quantity", "item_unit_price",
        "currency_id", "agreed_delivery_date", "agreed_payment_date", "agreed_delivery_location_id"}},
      {"transaction", "\"transaction\"", {"transaction_id", "transaction_type", "sales_order_id", "purchase_order_id"}},
      {"payment",
       "payment",
       {"payment_id", "transaction_id", "counterparty_id", "payment_amount", "currency_id", "payment_type_id", "paid",
        "payment_date", "company_ac_number", "counterparty_ac_number"}},
  }};
  return kTables;
}

}  // namespace

const TotesysTableText& totesys_table(TotesysTable table) { return tables()[static_cast<std::size_t>(table)]; }

void create_totesys_tables(Database& database) {
  for (const char* statement : kStatements) database.execute(statement);
}

std::optional<TotesysState> read_totesys_state(Database& database) {
  std::map<std::string, std::string> values;
  for (const DbRow& row : database.query("select name, value from generator_state")) values[row.text(0)] = row.text(1);
  if (!values.contains("last_tick_at")) return std::nullopt;
  const auto number = [&](const std::string& name) { return values[name].empty() ? 0 : std::stoll(values[name]); };
  TotesysState state;
  state.moment = {.ticks = number("ticks"), .last_tick_at = parse_instant(values["last_tick_at"])};
  for (std::size_t i = 0; i < kTotesysTables; ++i)
    state.last_id.of[i] = number(fmt::format("last_{}", tables()[i].name));
  return state;
}

void write_totesys_state(Database& database, const TotesysState& state) {
  const auto put = [&](std::string name, std::string value) {
    database.execute(
        "insert into generator_state(name, value) values ($1, $2) on conflict(name) do update set value = $2",
        {std::move(name), std::move(value)});
  };
  for (std::size_t i = 0; i < kTotesysTables; ++i)
    put(fmt::format("last_{}", tables()[i].name), std::to_string(state.last_id.of[i]));
  put("ticks", std::to_string(state.moment.ticks));
  put("last_tick_at", simulated_timestamp(state.moment.last_tick_at));
}

}  // namespace lochan
