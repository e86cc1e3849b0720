#include "simulate/shop_tick.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "simulate/random.h"
#include "simulate/shop_goods.h"

namespace lochan {
namespace {

using Cell = std::pair<std::string_view, DbValue>;  // a column's name and its value

std::string money(std::int64_t cents) { return fmt::format("{}.{:02}", cents / 100, cents % 100); }
std::int64_t cents(const DbRow& row, std::size_t column) {
  return row.is_null(column) ? 0 : std::llround(std::stod(row.text(column)) * 100);
}

std::string describe(const std::vector<Cell>& cells) {
  std::string text;
  for (const auto& [column, value] : cells) text += fmt::format(" {}={}", column, DbRow({value}).text(0));
  return text;
}

// A table whose rows are updated, and the column that tells a row's age. A day is compared with days: SQLite compares
// texts, and PostgreSQL types.
struct Updatable {
  std::string_view table;
  std::string_view born;
  std::vector<std::string_view> columns;
  int weight;  // of 100 updates

  bool is_day() const { return born == "hired_at"; }
  std::string younger_than(int place) const { return fmt::format("{} {} ${}", born, is_day() ? ">" : ">=", place); }
};

const std::vector<Updatable>& updatables() {
  static const std::vector<Updatable> tables = {
      {"sale", "created_at", {"employee_id", "payment_type"}, 35},
      {"sale_item", "created_at", {"quantity", "discount"}, 25},
      {"product", "created_at", {"price", "country"}, 20},
      {"customer", "created_at", {"last_name", "email", "phone", "city"}, 15},
      {"employee", "hired_at", {"name", "position"}, 5},
  };
  return tables;
}

class Tick {
 public:
  Tick(Database& shop, const std::string& name, const ShopConfig& config, Log& log, Instant at, GeneratorState& state)
      : shop_(shop),
        name_(name),
        config_(config),
        log_(log),
        at_(at),
        now_(simulated_timestamp(at)),
        random_(static_cast<std::uint64_t>(config.seed), name, static_cast<std::uint64_t>(state.ticks)),
        state_(state) {}

  void insert_rows(const ShopRows& rows) {
    // Sales first: they were sold before the tick, when its new customers were not there yet.
    for (std::int64_t i = 0; i < rows.sale; ++i) {
      // Each sale still to come keeps an item; the last takes what is left.
      const std::int64_t left = rows.sale_item - counts_.inserted.sale_item;
      const std::int64_t spare = left - (rows.sale - i);
      const std::int64_t mean = 2 * (spare / (rows.sale - i)) + 1;
      insert_sale(i + 1 == rows.sale ? left : 1 + std::min(spare, random_.between(0, mean)));
    }
    for (std::int64_t i = 0; i < rows.customer; ++i) insert_customer();
    for (std::int64_t i = 0; i < rows.product; ++i) insert_product();
    for (std::int64_t i = 0; i < rows.employee; ++i) insert_employee();
  }

  void update_rows() {
    for (std::int64_t i = 0; i < config_.update_rows_per_tick; ++i) {
      const auto& tables = updatables();
      std::size_t chosen = 0;
      for (auto left = random_.below(100); left >= tables[chosen].weight; ++chosen) left -= tables[chosen].weight;
      // A table without a young row passes the update on to the next.
      for (std::size_t tried = 0; tried < tables.size(); ++tried)
        if (update_a_row(tables[(chosen + tried) % tables.size()])) break;
    }
  }

  void delete_rows() {
    if (!config_.delete_older_than) return;
    const DbValue before = simulated_timestamp(at_ - *config_.delete_older_than);
    for (const DbRow& sale : shop_.query("select id from sale where created_at < $1 order by id", {before})) {
      counts_.deleted_items += shop_.execute("delete from sale_item where sale_id = $1", {sale[0]});
      counts_.deleted_sales += shop_.execute("delete from sale where id = $1", {sale[0]});
      log_row(fmt::format("delete sale id={} with its items", sale.integer(0)));
    }
  }

  const TickCounts& counts() const { return counts_; }

 private:
  void insert_customer() {
    const auto first = random_.pick(first_names()), last = random_.pick(last_names());
    const std::int64_t id = ++state_.last_id.customer;
    ++counts_.inserted.customer;
    insert("customer", {{"id", id},
                        {"first_name", std::string(first)},
                        {"last_name", std::string(last)},
                        {"email", email(first, last, id)},
                        {"phone", phone()},
                        {"city", std::string(random_.pick(cities()))},
                        {"created_at", now_},
                        {"updated_at", now_}});
  }

  void insert_product() {
    const std::int64_t id = ++state_.last_id.product;
    ++counts_.inserted.product;
    const Fruit& fruit = fruit_of(id);
    insert("product", {{"id", id},
                       {"name", product_name(fruit, id)},
                       {"country", std::string(fruit.country)},
                       {"unit", std::string(fruit.unit)},
                       {"price", money(fruit.cents * random_.between(85, 115) / 100)},
                       {"created_at", now_},
                       {"updated_at", now_}});
  }

  void insert_employee() {
    const std::int64_t id = ++state_.last_id.employee;
    ++counts_.inserted.employee;
    // Who is there when the shop opens was hired before.
    const auto hired = state_.ticks == 0 ? at_ - std::chrono::hours{24 * random_.between(1, 1500)} : at_;
    const auto position = id == 1 ? positions().front() : random_.pick(positions().subspan(1));
    insert("employee", {{"id", id},
                        {"name", full_name()},
                        {"position", std::string(position)},
                        {"hired_at", simulated_day(hired)},
                        {"updated_at", now_}});
  }

  void insert_sale(std::int64_t items) {
    const std::int64_t id = ++state_.last_id.sale;
    ++counts_.inserted.sale;
    // Of two customers the older comes: a shop has its regulars.
    const std::int64_t customers = state_.last_id.customer;
    const std::int64_t customer = std::min(random_.between(1, customers), random_.between(1, customers));
    // Sold at some time since the last tick.
    const auto before = std::chrono::milliseconds{random_.below(config_.tick_interval / std::chrono::milliseconds{1})};
    insert("sale", {{"id", id},
                    {"customer_id", present("customer", customer)},
                    {"employee_id", present("employee", random_.between(1, state_.last_id.employee))},
                    {"sold_at", simulated_timestamp(at_ - before)},
                    {"payment_type", payment_type()},
                    {"created_at", now_},
                    {"updated_at", now_}});
    // A basket holds different fruits: one after the other from a random one on.
    const std::int64_t first = random_.below(state_.last_id.product);
    for (std::int64_t i = 0; i < items; ++i) insert_sale_item(id, (first + i) % state_.last_id.product + 1);
  }

  void insert_sale_item(std::int64_t sale, std::int64_t product) {
    const std::int64_t id = ++state_.last_id.sale_item;
    ++counts_.inserted.sale_item;
    product = present("product", product);
    const auto row = shop_.query("select unit, price from product where id = $1", {product}).at(0);
    insert("sale_item", {{"id", id},
                         {"sale_id", sale},
                         {"product_id", product},
                         {"quantity", quantity(row.text(0))},
                         {"price", money(cents(row, 1))},
                         {"discount", discount()},
                         {"created_at", now_},
                         {"updated_at", now_}});
  }

  // The generator deletes no customers, products and employees; where somebody else did, the next one stands in.
  std::int64_t present(std::string_view table, std::int64_t wanted) {
    for (const std::int64_t from : {wanted, std::int64_t{1}}) {
      const auto found = shop_.query(fmt::format("select id from {} where id >= $1 order by id limit 1", table), {from});
      if (!found.empty()) return found[0].integer(0);
    }
    throw Error(ErrorKind::Data, fmt::format("{}: there is no row left in `{}`, so nothing can be sold", name_, table))
        .hint("put one back, or begin with an empty database");
  }

  // False when no row is young enough.
  bool update_a_row(const Updatable& of) {
    const auto& limit = config_.update_not_older_than;
    const Instant since = limit ? at_ - *limit : Instant{std::chrono::sys_days{std::chrono::January / 1 / 1}};
    const DbValue born_after = of.is_day() ? simulated_day(since) : simulated_timestamp(since);
    const auto end = [&](std::string_view order) {
      return shop_.query(fmt::format("select id from {} where {} order by {} {}, id {} limit 1", of.table,
                                     of.younger_than(1), of.born, order, order),
                         {born_after});
    };
    const auto oldest = end("asc"), newest = end("desc");
    if (oldest.empty()) return false;
    const std::int64_t low = std::min(oldest[0].integer(0), newest[0].integer(0));
    const std::int64_t high = std::max(oldest[0].integer(0), newest[0].integer(0));
    const std::int64_t wanted = random_.between(low, high);
    const auto found =
        shop_.query(fmt::format("select id from {} where id >= $1 and {} order by id limit 1", of.table, of.younger_than(2)),
                    {wanted, born_after});
    update(of, found.empty() ? newest[0].integer(0) : found[0].integer(0));
    ++counts_.updated;
    return true;
  }

  void update(const Updatable& of, std::int64_t id) {
    std::vector<Cell> cells;
    const auto certain = static_cast<std::size_t>(random_.below(static_cast<std::int64_t>(of.columns.size())));
    for (std::size_t i = 0; i < of.columns.size(); ++i) {
      const bool is_chosen = random_.chance(40);
      if (is_chosen || i == certain) cells.emplace_back(of.columns[i], new_value(of.table, of.columns[i], id));
    }
    cells.emplace_back("updated_at", now_);
    std::string assignments;
    std::vector<DbValue> values;
    for (const auto& [column, value] : cells) {
      values.push_back(value);
      assignments += fmt::format("{}{} = ${}", assignments.empty() ? "" : ", ", column, values.size());
    }
    values.emplace_back(id);
    shop_.execute(fmt::format("update {} set {} where id = ${}", of.table, assignments, values.size()), values);
    log_row(fmt::format("update {} id={}{}", of.table, id, describe(cells)));
  }

  DbValue new_value(std::string_view table, std::string_view column, std::int64_t id) {
    if (column == "employee_id") return present("employee", random_.between(1, state_.last_id.employee));
    if (column == "payment_type") return payment_type();
    if (column == "discount") return discount();
    if (column == "country") return std::string(random_.pick(fruits()).country);
    if (column == "city") return std::string(random_.pick(cities()));
    if (column == "phone") return phone();
    if (column == "last_name") return std::string(random_.pick(last_names()));
    if (column == "email") {
      const auto first = random_.pick(first_names()), last = random_.pick(last_names());
      return email(first, last, id);
    }
    if (column == "position") return std::string(id == 1 ? positions().front() : random_.pick(positions().subspan(1)));
    if (column == "name") return full_name();
    if (column == "quantity") {
      const auto unit =
          shop_.query("select p.unit from sale_item i join product p on p.id = i.product_id where i.id = $1", {id});
      return quantity(unit.at(0).text(0));
    }
    const auto price = shop_.query(fmt::format("select {} from {} where id = $1", column, table), {id});
    return money(std::max<std::int64_t>(10, cents(price.at(0), 0) * random_.between(90, 112) / 100));
  }

  void insert(std::string_view table, const std::vector<Cell>& cells) {
    std::string columns, places;
    std::vector<DbValue> values;
    for (const auto& [column, value] : cells) {
      values.push_back(value);
      columns += fmt::format("{}{}", columns.empty() ? "" : ", ", column);
      places += fmt::format("{}${}", places.empty() ? "" : ", ", values.size());
    }
    shop_.execute(fmt::format("insert into {}({}) values ({})", table, columns, places), values);
    log_row(fmt::format("insert {}{}", table, describe(cells)));
  }

  // Each branch has the fruits in another order.
  const Fruit& fruit_of(std::int64_t product) const {
    Random order(static_cast<std::uint64_t>(config_.seed), name_ + "/fruit", 0);
    std::vector<std::size_t> chosen(fruits().size());
    for (std::size_t i = 0; i < chosen.size(); ++i) chosen[i] = i;
    for (std::size_t i = chosen.size(); i > 1; --i)
      std::swap(chosen[i - 1], chosen[static_cast<std::size_t>(order.below(static_cast<std::int64_t>(i)))]);
    return fruits()[chosen[static_cast<std::size_t>(product - 1) % chosen.size()]];
  }

  static std::string product_name(const Fruit& fruit, std::int64_t product) {
    const auto round = static_cast<std::size_t>(product - 1) / fruits().size();
    if (round == 0) return std::string(fruit.name);
    if (round <= varieties().size()) return fmt::format("{}, {}", fruit.name, varieties()[round - 1]);
    return fmt::format("{}, lot {}", fruit.name, round);
  }

  std::string full_name() {
    const auto first = random_.pick(first_names());
    return fmt::format("{} {}", first, random_.pick(last_names()));
  }
  std::string email(std::string_view first, std::string_view last, std::int64_t id) {
    constexpr std::array<std::string_view, 3> kDomains = {"example.com", "example.org", "example.net"};
    const auto domain = random_.pick(std::span<const std::string_view>(kDomains));
    return fmt::format("{}.{}{}@{}", text::lower(first), text::lower(last), id, domain);
  }
  std::string phone() {
    const auto first = random_.between(500, 899), second = random_.below(1000), third = random_.below(1000);
    return fmt::format("+48 {} {:03} {:03}", first, second, third);
  }
  std::string payment_type() {
    const auto place = random_.below(100);
    return std::string(payment_types()[place < 55 ? 0 : place < 75 ? 1 : place < 95 ? 2 : 3]);
  }
  std::string quantity(std::string_view unit) {
    return money(unit == "kg" ? 5 * random_.between(4, 50) : 100 * random_.between(1, 5));
  }
  std::string discount() { return money(random_.chance(75) ? 0 : 5 * random_.between(1, 4)); }

  void log_row(const std::string& what) {
    if (config_.log_level == LogLevel::Debug) log_.write(LogLevel::Debug, fmt::format("{}: {}", name_, what));
  }

  Database& shop_;
  const std::string& name_;
  const ShopConfig& config_;
  Log& log_;
  Instant at_;
  std::string now_;
  Random random_;
  GeneratorState& state_;
  TickCounts counts_;
};

}  // namespace

TickCounts open_shop(Database& shop, const std::string& name, const ShopConfig& config, Log& log,
                     GeneratorState& state) {
  Tick tick(shop, name, config, log, state.last_tick_at, state);
  ShopRows rows = config.initial_rows;
  rows.sale = rows.sale_item = 0;
  tick.insert_rows(rows);
  write_generator_state(shop, state);
  return tick.counts();
}

TickCounts run_tick(Database& shop, const std::string& name, const ShopConfig& config, Log& log, Instant at,
                    GeneratorState& state) {
  ++state.ticks;
  state.last_tick_at = at;
  Tick tick(shop, name, config, log, at, state);
  tick.delete_rows();
  tick.update_rows();
  tick.insert_rows(config.rows_per_tick);
  write_generator_state(shop, state);
  return tick.counts();
}

}  // namespace lochan
