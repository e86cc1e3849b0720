// What the catalog asks of a state in PostgreSQL: round trips that don't grow with history or with the number of tables.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <map>

#include "base/error.h"
#include "base/postgres_database.h"
#include "tests/catalog/lake_fixture.h"

namespace lochan {
namespace {

struct InPostgres {
  InPostgres() { ::setenv("LOCHAN_TEST_STATE", "postgresql", 1); }
};

class StateCost : private InPostgres, public LakeTest {
 protected:
  // Tables and publications as they would have come to be, each publication with two tables of a thousand.
  void fill(int tables, int publications) {
    const std::string at = "1700000000000000";
    state_->execute("delete from entry where layer = 'raw'");
    state_->execute(fmt::format("insert into publication select n, 0, 'a', {} + n::bigint * 1000000, 'm' from generate_series(1, {}) n "
                                "on conflict do nothing",
                                at, publications));
    state_->execute(fmt::format(
        "insert into entry select 'raw', 't' || t, 'table', 'file:///x/' || t || '-' || k, 'v', '2:id6:BIGINT0:', '', "
        "1 + k * {1} / 20, case when k = 19 then 9223372036854775807 else 1 + (k + 1) * {1} / 20 end "
        "from generate_series(1, {0}) t, generate_series(0, 19) k on conflict do nothing",
        tables, publications));
    state_->execute("analyze");
  }

  template <typename Work>
  void measure(const std::string& what, std::map<std::string, std::int64_t>& trips, Work&& work) {
    const std::int64_t before = postgres_round_trips();
    const auto begin = std::chrono::steady_clock::now();
    work();
    const auto took = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
    trips[what] = postgres_round_trips() - before;
    fmt::print("  {:<28} {:>3} round trips {:>8.1f} ms\n", what, trips[what], took);
  }

  std::map<std::string, std::int64_t> trips(const std::string& run, int tables) {
    std::map<std::string, std::int64_t> trips;
    measure("plan: all entries", trips, [&] { catalog_->entries("main"); });
    measure("load one table", trips, [&] { catalog_->find("main", {"raw", "t1"}); });
    measure("load one table at-5", trips, [&] { catalog_->find("at-5", {"raw", "t1"}); });
    measure("list publications", trips, [&] { catalog_->publications(20); });
    measure("claim 100 tables", trips, [&] {
      std::vector<TableName> names;
      for (int i = 0; i < 100; ++i) names.push_back({"raw", "t" + std::to_string(i)});
      catalog_->claim(1, "main", names);
      catalog_->release_claims(1);
    });
    std::vector<TableName> made;
    catalog_->create_branch(run, BranchKind::Run);
    for (int i = 0; i < tables; ++i) {
      made.push_back({"mart", fmt::format("{}_{}", run.substr(4), i)});
      make_table(run, made.back(), 100 + i);
    }
    measure(fmt::format("publish {} tables", tables), trips, [&] { EXPECT_TRUE(publish(run, made).published); });
    return trips;
  }
};

TEST_F(StateCost, DoesNotGrowWithHistory) {
  fill(100, 100);
  fmt::print("100 tables, 100 publications\n");
  const auto few = trips("run-a", 3);
  fill(10'000, 100'000);
  fmt::print("10,000 tables, 100,000 publications\n");
  const auto many = trips("run-b", 3);
  EXPECT_EQ(few, many);
  EXPECT_LE(many.at("publish 3 tables"), 25);
}

TEST_F(StateCost, PublishOfManyTablesAsksAsOftenAsOfOne) {
  fill(100, 100);
  const std::int64_t one = trips("run-a", 1).at("publish 1 tables");
  const std::int64_t fifty = trips("run-b", 50).at("publish 50 tables");
  EXPECT_LE(fifty, one + 4);
}

}  // namespace
}  // namespace lochan
