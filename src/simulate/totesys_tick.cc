#include "simulate/totesys_tick.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <utility>

#include "base/text.h"
#include "simulate/random.h"
#include "simulate/shop_goods.h"
#include "simulate/totesys_goods.h"
#include "simulate/totesys_rows.h"

namespace lochan {
namespace {

using Table = TotesysTable;
using std::chrono::days;

// Orders that are still talked about: older ones aren't changed any more.
constexpr std::int64_t kOpenOrders = 200;
constexpr days kPast{90};

std::string money(std::int64_t cents) { return fmt::format("{}.{:02}", cents / 100, cents % 100); }
std::int64_t cents(const std::string& money) { return std::llround(std::stod(money) * 100); }
std::string word(std::string_view text) { return std::string(text); }
DbValue word_or_null(std::string_view text) { return text.empty() ? DbValue(nullptr) : DbValue(word(text)); }

class Tick {
 public:
  Tick(Database& database, const std::string& name, const TotesysConfig& config, Log& log, TotesysState& state)
      : database_(database),
        name_(name),
        config_(config),
        log_(log),
        at_(state.moment.last_tick_at),
        now_(simulated_timestamp(at_)),
        random_(static_cast<std::uint64_t>(config.seed), name, static_cast<std::uint64_t>(state.moment.ticks)),
        rows_(database),
        state_(state) {}

  // What a company has before it trades, and what it traded in the days before.
  void open() {
    const Instant end = at_;
    set_time(end - kPast);
    for (const auto& department : totesys_departments())
      add(Table::Department, {word(department.name), word(department.location), full_name()});
    for (const auto type : totesys_payment_types()) add(Table::PaymentType, {word(type)});
    for (const auto currency : totesys_currencies()) add(Table::Currency, {word(currency)});
    for (std::int64_t i = 0; i < std::max<std::int64_t>(20, config_.orders / 100); ++i) add_counterparty();
    for (std::int64_t i = 0; i < 10; ++i) add_address();
    for (std::int64_t i = 0; i < std::max<std::int64_t>(30, config_.orders / 50); ++i) add_design();
    for (std::int64_t i = 0; i < std::max<std::int64_t>(20, config_.orders / 500); ++i) add_staff();
    for (std::int64_t i = 0; i < config_.orders; ++i) {
      set_time(end - kPast + std::chrono::microseconds{kPast} * (i + 1) / (config_.orders + 1));
      add_sale();
      if (i % 2 == 1) add_purchase();
    }
    set_time(end);
    rows_.flush();
    // What was due is paid.
    counts_.payments_paid =
        database_.execute("update payment set paid = $1, last_updated = $2 where paid = $3 and payment_date < $4",
                          {std::int64_t{1}, now_, std::int64_t{0}, simulated_day(end)});
  }

  void live() {
    for (std::int64_t i = 0; i < config_.updates_per_tick; ++i) change_an_order();
    pay();
    change_others();
    for (std::int64_t i = 0; i < config_.orders_per_tick; ++i) add_sale();
    for (std::int64_t i = 0; i < config_.purchases_per_tick; ++i) add_purchase();
    rows_.flush();
  }

  const TotesysCounts& counts() const { return counts_; }

 private:
  void set_time(Instant at) {
    at_ = at;
    now_ = simulated_timestamp(at);
  }

  // The key is the table's next number.
  std::int64_t add(Table table, std::vector<DbValue> values) {
    const std::int64_t id = ++state_.last_id[table];
    ++counts_.inserted[table];
    values.insert(values.begin(), id);
    if (config_.log_level == LogLevel::Debug)
      log_row(fmt::format("insert {}", totesys_table(table).name), table, values);
    rows_.add(table, std::move(values), now_);
    return id;
  }

  void log_row(const std::string& what, Table table, const std::vector<DbValue>& values) {
    std::string line = what;
    for (std::size_t i = 0; i < values.size(); ++i)
      line += fmt::format(" {}={}", totesys_table(table).columns[i], DbRow({values[i]}).text(0));
    log_.write(LogLevel::Debug, fmt::format("{}: {}", name_, line));
  }

  std::int64_t add_address() {
    const TotesysCity& city = random_.pick(totesys_cities());
    const auto number = random_.between(1, 240);
    const auto street = random_.pick(totesys_streets());
    const std::string floor = random_.chance(20) ? fmt::format("Unit {}", random_.between(1, 30)) : "";
    return add(Table::Address, {fmt::format("{} {}", number, street), word_or_null(floor), word_or_null(city.district),
                                word(city.city), word(city.postal_code), word(city.country), phone(city)});
  }

  void add_counterparty() {
    const std::int64_t address = add_address();
    const auto first = random_.pick(company_words()), second = random_.pick(last_names()),
               form = random_.pick(company_forms());
    const std::string commercial = full_name(), delivery = full_name();
    add(Table::Counterparty, {fmt::format("{} {} {}", first, second, form), address, commercial, delivery});
  }

  void add_design() {
    const auto material = random_.pick(totesys_materials());
    constexpr std::array<std::string_view, 5> kPlaces = {"/usr/designs", "/home/studio", "/var/art", "/opt/share",
                                                         "/srv/print"};
    const auto place = random_.pick(std::span<const std::string_view>(kPlaces));
    add(Table::Design, {word(material), word(place), design_file(material)});
  }

  void add_staff() {
    const auto first = random_.pick(first_names()), last = random_.pick(last_names());
    const std::int64_t id = state_.last_id[Table::Staff] + 1;
    add(Table::Staff, {word(first), word(last), any(Table::Department),
                       fmt::format("{}.{}{}@terrifictotes.example", text::lower(first), text::lower(last), id)});
  }

  void add_sale() {
    const std::int64_t units = random_.between(1'000, 100'000), price = random_.between(200, 399);
    const std::int64_t counterparty = any(Table::Counterparty), currency = any(Table::Currency);
    const auto design = any(Table::Design), staff = any(Table::Staff), place = any(Table::Address);
    const std::string delivery = day_in(3, 10), payment = day_in(5, 20);
    const std::int64_t order =
        add(Table::SalesOrder, {design, staff, counterparty, units, money(price), currency, delivery, payment, place});
    add_payment("SALE", order, counterparty, units * price, currency, payment);
  }

  void add_purchase() {
    const std::int64_t quantity = random_.between(1, 1'000), price = random_.between(100, 99'999);
    const std::int64_t counterparty = any(Table::Counterparty), currency = any(Table::Currency);
    const auto staff = any(Table::Staff), place = any(Table::Address);
    const std::string code = item_code(), delivery = day_in(2, 9), payment = day_in(4, 16);
    const std::int64_t order = add(
        Table::PurchaseOrder, {staff, counterparty, code, quantity, money(price), currency, delivery, payment, place});
    add_payment("PURCHASE", order, counterparty, quantity * price, currency, payment);
  }

  void add_payment(const std::string& type, std::int64_t order, std::int64_t counterparty, std::int64_t amount,
                   std::int64_t currency, const std::string& day) {
    const bool is_sale = type == "SALE";
    const DbValue none = nullptr;
    const std::int64_t transaction =
        add(Table::Transaction, {type, is_sale ? DbValue(order) : none, is_sale ? none : DbValue(order)});
    const std::int64_t ours = random_.between(10'000'000, 99'999'999), theirs = random_.between(10'000'000, 99'999'999);
    add(Table::Payment, {transaction, counterparty, money(amount), currency, std::int64_t{is_sale ? 1 : 3},
                         std::int64_t{0}, day, ours, theirs});
  }

  // An order gets other terms, and its payment with it while it isn't paid.
  void change_an_order() {
    const std::int64_t last = state_.last_id[Table::SalesOrder];
    if (last == 0) return;
    const std::int64_t id = random_.between(std::max<std::int64_t>(1, last - kOpenOrders + 1), last);
    const auto found =
        database_.query("select units_sold, unit_price from sales_order where sales_order_id = $1", {id});
    const bool is_of_units = random_.chance(50), is_of_price = random_.chance(30);
    const std::int64_t more = random_.between(80, 125);
    const std::string delivery = day_in(3, 10);
    if (found.empty()) return;
    std::int64_t units = found[0].integer(0), price = cents(found[0].text(1));
    if (is_of_units) units = std::max<std::int64_t>(1, units * more / 100);
    if (is_of_price) price = std::max<std::int64_t>(100, price * more / 100);
    database_.execute(
        "update sales_order set units_sold = $1, unit_price = $2, agreed_delivery_date = $3, last_updated = $4"
        " where sales_order_id = $5",
        {units, money(price), delivery, now_, id});
    database_.execute(
        "update payment set payment_amount = $1, last_updated = $2 where paid = $3 and payment_amount <> $4 and "
        "transaction_id in"
        " (select transaction_id from \"transaction\" where sales_order_id = $5)",
        {money(units * price), now_, std::int64_t{0}, money(units * price), id});
    told(fmt::format("update sales_order sales_order_id={} units_sold={} unit_price={}", id, units, money(price)));
    ++counts_.orders_changed;
  }

  void pay() {
    const auto due = database_.query("select payment_id from payment where paid = $1 order by payment_id limit $2",
                                     {std::int64_t{0}, config_.payments_per_tick});
    for (const DbRow& payment : due) {
      database_.execute("update payment set paid = $1, payment_date = $2, last_updated = $3 where payment_id = $4",
                        {std::int64_t{1}, simulated_day(at_), now_, payment[0]});
      told(fmt::format("update payment payment_id={} paid=true", payment.integer(0)));
      ++counts_.payments_paid;
    }
  }

  // Now and then somebody moves, is replaced, or is new.
  void change_others() {
    if (random_.chance(25)) change(Table::Counterparty, "commercial_contact", full_name());
    if (random_.chance(15)) change(Table::Staff, "department_id", any(Table::Department));
    if (random_.chance(10)) change(Table::Address, "phone", phone(random_.pick(totesys_cities())));
    if (random_.chance(10)) change(Table::Design, "file_name", design_file(random_.pick(totesys_materials())));
    if (random_.chance(5)) change(Table::Department, "manager", full_name());
    if (random_.chance(20)) add_design();
    if (random_.chance(10)) add_counterparty();
    if (random_.chance(5)) add_staff();
    rows_.flush();
  }

  void change(Table table, std::string_view column, const DbValue& value) {
    const TotesysTableText& text = totesys_table(table);
    const std::int64_t id = any(table);
    counts_.others_changed += database_.execute(
        fmt::format("update {} set {} = $1, last_updated = $2 where {} = $3", text.sql_name, column, text.columns[0]),
        {value, now_, id});
    told(fmt::format("update {} {}={} {}={}", text.name, text.columns[0], id, column, DbRow({value}).text(0)));
  }

  void told(const std::string& what) {
    if (config_.log_level == LogLevel::Debug) log_.write(LogLevel::Debug, fmt::format("{}: {}", name_, what));
  }

  // Nothing is ever deleted, so every number up to the last is there.
  std::int64_t any(Table table) { return random_.between(1, state_.last_id[table]); }
  std::string day_in(std::int64_t least, std::int64_t most) {
    return simulated_day(at_ + days{random_.between(least, most)});
  }

  std::string full_name() {
    const auto first = random_.pick(first_names());
    return fmt::format("{} {}", first, random_.pick(last_names()));
  }
  std::string phone(const TotesysCity& city) {
    const auto first = random_.below(1000), second = random_.below(10'000);
    return fmt::format("{} {:03} {:04}", city.dialling, first, second);
  }
  std::string design_file(std::string_view material) {
    const auto day = simulated_day(at_ - days{random_.below(700)});
    return fmt::format("{}-{}-{:04}.json", text::lower(material), day, random_.below(10'000));
  }
  std::string item_code() {
    std::string code;
    for (int i = 0; i < 7; ++i) code += "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"[static_cast<std::size_t>(random_.below(32))];
    return code;
  }

  Database& database_;
  const std::string& name_;
  const TotesysConfig& config_;
  Log& log_;
  Instant at_;
  std::string now_;
  Random random_;
  TotesysWriter rows_;
  TotesysState& state_;
  TotesysCounts counts_;
};

}  // namespace

TotesysCounts open_totesys(Database& database, const std::string& name, const TotesysConfig& config, Log& log,
                           TotesysState& state) {
  Tick tick(database, name, config, log, state);
  tick.open();
  write_totesys_state(database, state);
  return tick.counts();
}

TotesysCounts tick_totesys(Database& database, const std::string& name, const TotesysConfig& config, Log& log,
                           TotesysState& state) {
  Tick tick(database, name, config, log, state);
  tick.live();
  write_totesys_state(database, state);
  return tick.counts();
}

}  // namespace lochan
