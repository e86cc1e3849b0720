// A partitioned table at a PostgreSQL target: partitions come with the rows that need them, and the rows stay the
// lake's.
#include <fmt/ranges.h>

#include "project/sink_files.h"
#include "tests/sink/to_postgres.h"

namespace lochan {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class PostgresPartitionsTest : public CarriesToPostgres, public testing::TestWithParam<SinkWrite> {
 protected:
  PostgresPartitionsTest() {
    table_.key = {{"id", {}}, {"dt", {}}};
    partition_by("month(dt)");
  }
  void partition_by(const std::string& text) {
    auto files = std::make_shared<SinkFiles>();
    files->partition_by = {{text, {}}};
    table_.files = files;
  }
  std::vector<std::string> partitions() {
    return there(
        "select c.relname || ' ' || pg_get_expr(c.relpartbound, c.oid) from pg_class c join pg_inherits i on "
        "i.inhrelid = c.oid where "
        "i.inhparent = 'dwh.sale'::regclass order by 1");
  }
  void expect_same_rows() {
    EXPECT_EQ(there("select id, dt, price from dwh.sale order by id::text"), lake_rows("id, dt, price"));
  }
  void publish_two() {
    publish("from (values (1, date '2026-01-31', 3.5), (2, date '2026-02-01', 1.2)) t(id, dt, price)");
  }
};

TEST_P(PostgresPartitionsTest, ComeWithTheRowsThatNeedThem) {
  table_.write = GetParam();
  table_.indexes = {{{{"price", {}}}, false}};
  publish_two();
  carry();
  EXPECT_THAT(partitions(), ElementsAre("sale_2026_01 FOR VALUES FROM ('2026-01-01') TO ('2026-02-01')",
                                        "sale_2026_02 FOR VALUES FROM ('2026-02-01') TO ('2026-03-01')"));
  expect_same_rows();
  EXPECT_FALSE(carry().changed);
  change("insert into SALE values (3, date '2027-12-31', 7)");
  EXPECT_TRUE(carry().changed);
  EXPECT_EQ(partitions().size(), 3U);
  expect_same_rows();
  // A row that moves to another month, one that is changed and one that goes.
  change(
      "update SALE set dt = date '2026-02-02' where id = 1; update SALE set price = 8 where id = 3; delete from SALE "
      "where id = 2");
  carry();
  expect_same_rows();
  EXPECT_THAT(there("select id from dwh.sale_2026_02"), ElementsAre("1"));
  EXPECT_THAT(there("select count(*) from pg_indexes where schemaname = 'dwh' and tablename like 'sale_20%'"),
              ElementsAre("6"));
}

INSTANTIATE_TEST_SUITE_P(Writes, PostgresPartitionsTest,
                         testing::Values(SinkWrite::Replace, SinkWrite::Append, SinkWrite::Upsert),
                         [](const auto& test) {
                           return test.param == SinkWrite::Replace  ? "replace"
                                  : test.param == SinkWrite::Append ? "append"
                                                                    : "upsert";
                         });

class PostgresPartitionedTest : public PostgresPartitionsTest {
 protected:
  PostgresPartitionedTest() { table_.write = SinkWrite::Upsert; }
};
INSTANTIATE_TEST_SUITE_P(Upsert, PostgresPartitionedTest, testing::Values(SinkWrite::Upsert),
                         [](const auto&) { return "upsert"; });

TEST_P(PostgresPartitionedTest, EmptiedOrDroppedPartitionIsFilledAgain) {
  publish_two();
  carry();
  here_.execute("truncate dwh.sale_2026_01");
  change("insert into SALE values (3, date '2026-02-03', 7)");
  carry();
  expect_same_rows();
  here_.execute("drop table dwh.sale_2026_02");
  change("insert into SALE values (4, date '2026-01-03', 7)");
  carry();
  expect_same_rows();
}

TEST_P(PostgresPartitionedTest, InstantsFallIntoMonthsOfUtc) {
  here_.execute(fmt::format("alter database {} set timezone to 'Asia/Tokyo'",
                            there("select quote_ident(current_database())")[0]));
  publish(
      "select 1 as id, timestamptz '2026-01-31 23:59:59+00' as dt, 1 as price union all select 2, timestamptz "
      "'2026-02-01 00:00:00+00', 2");
  carry();
  EXPECT_THAT(there("select id from dwh.sale_2026_01"), ElementsAre("1"));
  EXPECT_THAT(there("select id from dwh.sale_2026_02"), ElementsAre("2"));
}

TEST_P(PostgresPartitionedTest, WhatCantBeIsSaid) {
  publish_two();
  carry();
  partition_by("day(dt)");
  EXPECT_THAT(error([&] { carry(); }),
              testing::AllOf(HasSubstr("is partitioned by `month(dt)` there, and by `day(dt)` here"),
                             HasSubstr("drop the table there")));
  partition_by("month(id)");
  here_.execute("drop table dwh.sale; delete from dwh.lochan_mark");
  EXPECT_THAT(error([&] { carry(); }), HasSubstr("wants a date or a timestamp"));
}

TEST_P(PostgresPartitionedTest, PlainTableIsNotTakenForAPartitionedOne) {
  const auto files = table_.files;
  table_.files = nullptr;
  publish_two();
  carry();
  table_.files = files;
  EXPECT_THAT(error([&] { carry(); }), HasSubstr("is there, and is no partitioned table"));
}

}  // namespace
}  // namespace lochan
