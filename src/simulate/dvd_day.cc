#include "simulate/dvd_day.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/sql.h"
#include "base/text.h"
#include "simulate/dvd_words.h"
#include "simulate/random.h"
#include "simulate/shop_goods.h"

namespace lochan {
namespace {

std::int64_t number(const PostgresValue& value) { return value ? std::stoll(*value) : 0; }

class Day {
 public:
  Day(PostgresConnection& connection, std::uint64_t seed, DvdDay day)
      : connection_(connection),
        day_(day),
        random_(seed, "day", static_cast<std::uint64_t>(day.time_since_epoch().count())) {}

  DvdDayCounts write() {
    require_partition();
    // What is there in the morning can be rented; what comes back today can be rented tomorrow.
    const PostgresRows copies = connection_.query(
        "select i.inventory_id, i.store_id, s.manager_staff_id from inventory i join store s using (store_id) where "
        "not exists "
        "(select from rental r where r.inventory_id = i.inventory_id and r.return_date is null) order by 1");
    take_back();
    welcome();
    move_house();
    rent(copies);
    return counts_;
  }

 private:
  // Of a newer sample, payments are kept by month, and nobody may have made this one.
  void require_partition() {
    const auto kind = connection_.query(
        "select c.relkind::text, n.nspname from pg_class c join pg_namespace n on n.oid = c.relnamespace "
        "where c.oid = 'payment'::regclass");
    if (kind.rows.at(0)[0] != "p") return;
    const std::chrono::year_month_day date{day_};
    const std::chrono::year_month month = date.year() / date.month(), next = month + std::chrono::months{1};
    const std::string name =
        fmt::format("payment_p{:04}_{:02}", static_cast<int>(month.year()), static_cast<unsigned>(month.month()));
    connection_.execute(
        fmt::format("create table if not exists {}.{} partition of payment for values from ('{}') to ('{}')",
                    sql::identifier(*kind.rows[0][1]), name, dvd_date(DvdDay{month / 1}), dvd_date(DvdDay{next / 1})));
  }

  // Films that are out come back, the likelier the longer they were to be, and are paid for.
  void take_back() {
    const std::vector<PostgresValue> values = {dvd_date(day_)};
    const PostgresRows out = connection_.query(
        "select r.rental_id, r.customer_id, r.staff_id, $1::date - r.rental_date::date, f.rental_duration, "
        "(f.rental_rate * 100)::bigint, (f.replacement_cost * 100)::bigint "
        "from rental r join inventory i using (inventory_id) join film f using (film_id) "
        "where r.return_date is null and r.rental_date < $1::date order by r.rental_id",
        values);
    std::vector<std::string> returns, payments;
    for (const auto& row : out.rows) {
      const std::int64_t days_out = number(row[3]);
      const DvdTerms terms{.rental_days = number(row[4]), .rate_cents = number(row[5]), .worth_cents = number(row[6])};
      const int percent = days_out > terms.rental_days ? 50 : days_out == terms.rental_days ? 60 : 18;
      if (!random_.chance(percent)) continue;
      const std::string at = dvd_time(random_, day_);
      returns.push_back(fmt::format("({}, timestamp '{}')", *row[0], at));
      payments.push_back(fmt::format("({}, {}, {}, {}, timestamp '{}')", *row[1], *row[2], *row[0],
                                     dvd_money(dvd_amount_cents(terms, days_out)), at));
    }
    if (returns.empty()) return;
    counts_.returned = connection_.execute(
        fmt::format("update rental set return_date = v.at from (values {}) v(id, at) where rental_id = v.id",
                    fmt::join(returns, ", ")));
    counts_.paid = connection_.execute(
        fmt::format("insert into payment (customer_id, staff_id, rental_id, amount, payment_date) values {}",
                    fmt::join(payments, ", ")));
  }

  void welcome() {
    const PostgresRows cities = connection_.query("select city_id from city order by 1");
    const PostgresRows stores = connection_.query("select store_id from store order by 1");
    const auto any = [&](const PostgresRows& from) {
      return *from.rows[static_cast<std::size_t>(random_.below(static_cast<std::int64_t>(from.rows.size())))][0];
    };
    for (std::int64_t left = random_.between(0, 3); left > 0; --left) {
      const std::string first{random_.pick(first_names())}, last{random_.pick(last_names())};
      const std::string street = street_address(random_), district = district_name(random_), city = any(cities),
                        store = any(stores);
      const std::string postal_code = std::to_string(random_.between(10000, 99999)), phone = any_phone();
      const std::vector<PostgresValue> values = {
          street,        district, city,
          postal_code,   phone,    store,
          first,         last,     text::lower(fmt::format("{}.{}@customer.example", first, last)),
          dvd_date(day_)};
      counts_.customers += connection_.execute(
          "with home as (insert into address (address, address2, district, city_id, postal_code, phone) "
          "values ($1, '', $2, $3::smallint, $4, $5) returning address_id) "
          "insert into customer (store_id, first_name, last_name, email, address_id, activebool, create_date, active) "
          "select $6::smallint, $7, $8, $9, address_id, true, $10::date, 1 from home",
          values);
    }
  }

  std::string any_phone() { return std::to_string(random_.between(100000000000, 999999999999)); }

  // A few get another number.
  void move_house() {
    const PostgresRows customers = connection_.query("select address_id from customer order by customer_id");
    for (int left = 3; left > 0; --left) {
      const auto at = static_cast<std::size_t>(random_.below(static_cast<std::int64_t>(customers.rows.size())));
      const std::vector<PostgresValue> values = {any_phone(), customers.rows[at][0]};
      connection_.execute("update address set phone = $1 where address_id = $2::integer", values);
    }
  }

  void rent(const PostgresRows& copies) {
    const PostgresRows customers = connection_.query("select customer_id from customer where activebool order by 1");
    if (copies.empty() || customers.empty())
      throw Error(ErrorKind::Data, copies.empty() ? "every copy is out" : "there is no active customer")
          .hint("rows were deleted from the sample: make it again in another database");
    std::vector<std::size_t> there(copies.rows.size());
    for (std::size_t i = 0; i < there.size(); ++i) there[i] = i;
    std::vector<std::string> rentals;
    for (std::int64_t left = random_.between(130, 210) * dvd_demand(day_) / 100; left > 0 && !there.empty(); --left) {
      const auto customer = static_cast<std::size_t>(random_.below(static_cast<std::int64_t>(customers.rows.size())));
      std::swap(there[static_cast<std::size_t>(random_.below(static_cast<std::int64_t>(there.size())))], there.back());
      const auto& copy = copies.rows[there.back()];
      there.pop_back();
      rentals.push_back(fmt::format("(timestamp '{}', {}, {}, {})", dvd_time(random_, day_), *copy[0],
                                    *customers.rows[customer][0], *copy[2]));
    }
    std::ranges::sort(rentals);
    counts_.rented = connection_.execute(fmt::format(
        "insert into rental (rental_date, inventory_id, customer_id, staff_id) values {}", fmt::join(rentals, ", ")));
  }

  PostgresConnection& connection_;
  DvdDay day_;
  Random random_;
  DvdDayCounts counts_;
};

}  // namespace

DvdDay last_dvd_day(PostgresConnection& connection) {
  const auto days = connection.query(
      "select coalesce(greatest((select max(greatest(rental_date, return_date)) from rental), "
      "(select max(payment_date) from payment))::date - date '1970-01-01', 0)");
  return DvdDay{std::chrono::days{number(days.value())}};
}

bool has_dvd_day(PostgresConnection& connection, DvdDay day) {
  const std::vector<PostgresValue> values = {dvd_date(day)};
  return connection
             .query("select exists (select from rental where rental_date >= $1::date and rental_date < $1::date + 1)",
                    values)
             .value() == "t";
}

DvdDayCounts write_dvd_day(PostgresConnection& connection, std::uint64_t seed, DvdDay day) {
  return Day(connection, seed, day).write();
}

}  // namespace lochan
