// The DVD rental: its shape, its sizes, and ten days of business that keep every promise of the first 92.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <thread>

#include "base/error.h"
#include "simulate/dvd_rental.h"
#include "tests/simulate/shop_fixture.h"
#include "tests/support/postgres_server.h"

namespace lochan {
namespace {

using std::chrono::days;

constexpr DvdDay kFirst{std::chrono::year{2026} / 4 / 3};

// Each counts what must not be.
struct Promise {
  const char* says;
  const char* sql;
};
constexpr Promise kPromises[] = {
    {"no copy is rented twice at once",
     "select count(*) from rental a join rental b on b.inventory_id = a.inventory_id and b.rental_id > a.rental_id and "
     "b.rental_date < coalesce(a.return_date, 'infinity') and a.rental_date < coalesce(b.return_date, 'infinity')"},
    {"what comes back was rented before", "select count(*) from rental where return_date <= rental_date"},
    {"a payment is its rental's",
     "select count(*) from payment p join rental r using (rental_id) join inventory i using (inventory_id) join film f "
     "using (film_id) where p.customer_id <> r.customer_id "
     "or p.staff_id <> r.staff_id or p.payment_date is distinct from r.return_date "
     "or p.amount <> f.rental_rate + least(f.replacement_cost, greatest(0, r.return_date::date - r.rental_date::date - "
     "f.rental_duration))"},
    {"a rental is paid once", "select count(*) from (select rental_id from payment group by 1 having count(*) > 1) x"},
    {"what came back in the mixed days is paid",
     "select count(*) from rental r where return_date >= '2026-04-03' and not exists (select from payment p where "
     "p.rental_id = r.rental_id)"},
    {"who isn't active rents nothing in the mixed days",
     "select count(*) from rental join customer using (customer_id) where rental_date >= '2026-04-03' and not "
     "activebool"},
    {"the staff is of the copy's store",
     "select count(*) from rental r join inventory i using (inventory_id) join store s using (store_id) where "
     "r.staff_id <> s.manager_staff_id"},
    {"business hours",
     "select count(*) from rental where rental_date::time not between '09:00' and '22:00' or return_date::time not "
     "between '09:00' and '22:00'"},
};

class DvdRentalTest : public testing::Test {
 protected:
  void simulate(const PostgresDatabase& database, std::optional<DvdDay> day = std::nullopt, std::uint64_t seed = 1) {
    auto connection = database.connect();
    simulate_dvd_rental(connection, seed, day, log_);
  }
  static std::string ask(const PostgresDatabase& database, const std::string& sql) {
    auto connection = database.connect();
    connection.execute("set search_path to dvd_rental, public");
    return connection.query(sql).rows.at(0)[0].value_or("null");
  }
  std::string ask(const std::string& sql) const { return ask(postgres_, sql); }
  std::string error(std::optional<DvdDay> day) {
    try {
      simulate(postgres_, day);
    } catch (const Error& caught) {
      return caught.what();
    }
    return "nothing was thrown";
  }
  /// Of all rows, without the times at which they were written.
  static std::string digest(const PostgresDatabase& database) {
    std::string text;
    for (const char* table : {"actor", "address", "category", "city", "country", "customer", "film", "film_actor",
                              "film_category", "inventory", "language", "payment", "rental", "staff", "store"})
      text += ask(database, fmt::format("select md5(string_agg((to_jsonb(t) - 'last_update')::text, '' order by "
                                        "t::text)) from (select * from {} t) t",
                                        table)) +
              "\n";
    return text;
  }
  void expect_promises(const std::string& when) const {
    for (const Promise& promise : kPromises) EXPECT_EQ(ask(promise.sql), "0") << when << ": " << promise.says;
  }

  PostgresDatabase postgres_;
  RememberingLog log_;
};

TEST_F(DvdRentalTest, HasTheShapeOfTheSample) {
  simulate(postgres_);
  EXPECT_THAT(log_.lines(), testing::ElementsAre(
                                "info made `dvd_rental` and `v_dvd_rental`: 15 tables, 44820 rows, until 2026-04-02"));
  const std::vector<std::pair<const char*, const char*>> sizes = {
      {"actor", "200"},          {"address", "603"},    {"category", "16"}, {"city", "600"},
      {"country", "109"},        {"customer", "599"},   {"film", "1000"},   {"film_actor", "5462"},
      {"film_category", "1000"}, {"inventory", "4581"}, {"language", "6"},  {"payment", "14596"},
      {"rental", "16044"},       {"staff", "2"},        {"store", "2"}};
  for (const auto& [table, rows] : sizes)
    EXPECT_EQ(ask(fmt::format("select count(*) from dvd_rental.{}", table)), rows) << table;
  EXPECT_EQ(ask("select count(*) from pg_class where relnamespace = 'dvd_rental'::regnamespace and relkind = 'r'"),
            "15");
  EXPECT_EQ(ask("select string_agg(contype || n, ' ' order by contype) from (select contype::text, count(*) as n from "
                "pg_constraint where connamespace = 'dvd_rental'::regnamespace group by 1) x"),
            "c1 f21 p15");
  EXPECT_EQ(ask("select count(*) from pg_indexes where schemaname = 'dvd_rental'"), "32");
  EXPECT_EQ(ask("select count(*) from pg_trigger where not tgisinternal"), "15");
  EXPECT_EQ(
      ask("select string_agg(viewname, ' ' order by viewname) from pg_views where schemaname = 'v_dvd_rental'"),
      "actor_info customer_list film_list nicer_but_slower_film_list sales_by_film_category sales_by_store staff_list");
  EXPECT_EQ(ask("select string_agg(column_name || ' ' || udt_name, ', ' order by ordinal_position) from "
                "information_schema.columns where table_schema = 'dvd_rental' and table_name = 'film'"),
            "film_id int4, title varchar, description text, release_year int4, language_id int2, rental_duration int2, "
            "rental_rate numeric, length int2, replacement_cost numeric, "
            "rating mpaa_rating, last_update timestamp, special_features _text, fulltext tsvector");
  EXPECT_EQ(ask("select domain_name from information_schema.columns where table_schema = 'dvd_rental' and column_name "
                "= 'release_year'"),
            "year");
  expect_promises("made");
}

TEST_F(DvdRentalTest, ViewsFunctionsAndTriggersWork) {
  simulate(postgres_);
  for (const char* view : {"actor_info 200", "customer_list 599", "film_list 1000", "nicer_but_slower_film_list 1000",
                           "sales_by_film_category 16", "sales_by_store 2", "staff_list 2"}) {
    const std::string text = view;
    EXPECT_EQ(ask(fmt::format("select count(*) from v_dvd_rental.{}", text.substr(0, text.find(' ')))),
              text.substr(text.find(' ') + 1))
        << view;
  }
  EXPECT_EQ(ask("select sum(total_sales) = (select sum(amount) from payment) from v_dvd_rental.sales_by_store"), "t");
  // What all owe is what came back unpaid and what is out.
  EXPECT_EQ(ask("select count(*) from customer where get_customer_balance(customer_id, '2026-04-02 23:59:59') < 0"),
            "0");
  EXPECT_EQ(ask("select count(*) from rental where return_date is null and inventory_in_stock(inventory_id)"), "0");
  EXPECT_EQ(ask("select count(*) from film where fulltext @@ to_tsquery('english', 'harbour') <> (title || ' ' || "
                "description ilike '%harbour%')"),
            "0");
  EXPECT_EQ(ask("select last_day('2028-02-03')"), "2028-02-29");
  EXPECT_EQ(ask("update actor set first_name = 'Else' where actor_id = 1 returning last_update > '2026-04-02 23:59:00' "
                "or now() < '2026-04-03'"),
            "t");
  EXPECT_EQ(ask("insert into actor (first_name, last_name) values ('a', 'b') returning actor_id"), "201");
  EXPECT_EQ(ask("select count(*) from city where longitude is null and latitude is null"), "30");
  EXPECT_EQ(
      ask("select count(*) from city where longitude not between -180 and 180 or latitude not between -90 and 90"),
      "0");
}

TEST_F(DvdRentalTest, SameSeedSameRows) {
  const PostgresDatabase other, third;
  simulate(postgres_, kFirst);
  simulate(other, kFirst);
  simulate(third, kFirst, 2);
  EXPECT_EQ(digest(postgres_), digest(other));
  EXPECT_NE(digest(postgres_), digest(third));
}

TEST_F(DvdRentalTest, TenDaysKeepEveryPromise) {
  simulate(postgres_);
  for (int day = 0; day < 10; ++day) {
    const std::string rentals = ask("select count(*) from rental"), payments = ask("select count(*) from payment");
    simulate(postgres_, kFirst + days{day});
    expect_promises(dvd_date(kFirst + days{day}));
    EXPECT_GT(std::stoi(ask("select count(*) from rental")), std::stoi(rentals) + 100);
    EXPECT_GT(std::stoi(ask("select count(*) from payment")), std::stoi(payments) + 50);
    const std::string before = digest(postgres_);
    simulate(postgres_, kFirst + days{day});
    EXPECT_EQ(log_.lines().back(),
              fmt::format("info {} is there already: nothing to do", dvd_date(kFirst + days{day})));
    EXPECT_EQ(digest(postgres_), before);
  }
  EXPECT_EQ(ask("select count(distinct rental_date::date) from rental where rental_date >= '2026-04-03'"), "10");
  EXPECT_EQ(ask("select max(rental_date)::date from rental"), "2026-04-12");
}

TEST_F(DvdRentalTest, DaysMayBeLeftOutButNotMixedInBefore) {
  simulate(postgres_, kFirst + days{300});
  expect_promises("after a long rest");
  EXPECT_EQ(error(kFirst + days{299}),
            "2027-01-27 can't be mixed in: the rental has gone on to 2027-01-28\n  hint: days are added at the end: "
            "`--mix-day 2027-01-29`");
  EXPECT_EQ(error(DvdDay{std::chrono::year{2025} / 12 / 31}),
            "2025-12-31 can't be mixed in: the rental has gone on to 2027-01-28\n  hint: days are added at the end: "
            "`--mix-day 2027-01-29`");
}

// As a dump of the real sample is restored: into `public`, without coordinates; newer ones keep payments by month.
TEST_F(DvdRentalTest, LivesInARestoredDumpToo) {
  simulate(postgres_);
  postgres_.connect().execute(
      "alter schema public rename to was_public; alter schema dvd_rental rename to public; alter table public.city "
      "drop column longitude, drop column latitude; "
      "set search_path to public; alter table payment rename to payment_rows; "
      "create table payment (payment_id integer not null default nextval('payment_payment_id_seq'), customer_id "
      "smallint not null, staff_id smallint not null, "
      "rental_id integer not null references rental, amount numeric(5,2) not null, payment_date timestamptz not null) "
      "partition by range (payment_date); "
      "create table payment_p2026_01 partition of payment for values from ('2026-01-01') to ('2026-04-03'); "
      "insert into payment select * from payment_rows; drop table payment_rows cascade; create sequence payment_ids "
      "start with 20000; "
      "alter table payment alter payment_id set default nextval('payment_ids')");
  simulate(postgres_, DvdDay{std::chrono::year{2026} / 5 / 1});
  EXPECT_THAT(log_.lines(),
              testing::Contains("info gave the cities columns for longitude and latitude, which are empty"));
  EXPECT_EQ(ask("select count(*) from public.city where longitude is null and latitude is null"), "600");
  expect_promises("restored");
  EXPECT_GT(std::stoi(ask("select count(*) from public.payment_p2026_05")), 50);
}

TEST_F(DvdRentalTest, AKilledDayLeavesNothing) {
  simulate(postgres_);
  const std::string before = digest(postgres_);
  auto other = postgres_.connect();
  other.execute("begin; lock table dvd_rental.rental in share mode");  // the day waits when it has done half its work
  std::string failure;
  {
    std::jthread thread([&] { failure = error(kFirst); });
    auto look = postgres_.connect();
    while (
        look.query("select count(pg_terminate_backend(pid)) from pg_locks where not granted and locktype = 'relation'")
            .value() == "0")
      std::this_thread::yield();
  }
  other.execute("rollback");
  EXPECT_THAT(failure, testing::HasSubstr("connection `test`: "));
  EXPECT_EQ(digest(postgres_), before);
  simulate(postgres_, kFirst);
  expect_promises("again");
}

TEST_F(DvdRentalTest, OnlyOneOfTwoMixesADay) {
  simulate(postgres_);
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 3; ++i) threads.emplace_back([&] { simulate(postgres_, kFirst); });
  }
  EXPECT_EQ(std::ranges::count(log_.lines(), "info 2026-04-03 is there already: nothing to do"), 2);
  expect_promises("three at once");
}

TEST_F(DvdRentalTest, HalfASampleIsRefused) {
  simulate(postgres_);
  postgres_.connect().execute("drop table dvd_rental.payment cascade; drop table dvd_rental.film_actor cascade");
  EXPECT_EQ(error(std::nullopt),
            "schema `dvd_rental` has 13 of its 15 tables, without `film_actor`, `payment`\n"
            "  hint: it was begun by something else: `drop schema dvd_rental cascade` to have it made, or restore what "
            "is missing");
}

TEST(ParseDvdDay, TakesDaysThatThereAre) {
  EXPECT_EQ(dvd_date(parse_dvd_day("2028-02-29")), "2028-02-29");
  for (const char* text : {"", "2026-02-29", "2026-2-3", "03.04.2026", "2026-04-031", "2026-04-xx", "-026-04-03"})
    EXPECT_THROW(parse_dvd_day(text), Error) << text;
}

}  // namespace
}  // namespace lochan
