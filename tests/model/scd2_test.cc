// materialized: scd2 beyond what random histories hold (tests/check/history_slow_test.cc): the state of now compared,
// what is written, and what is refused.
#include <gmock/gmock.h>

#include "tests/model/model_lake.h"

namespace lochan {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const TableName kItem{"staging", "item"};

class Scd2Test : public ModelLake {
 protected:
  Scd2Test() : ModelLake(kItem) {
    model_.materialized = Materialization::Scd2;
    model_.key = {LocatedText{"id", {}}};
  }
  void by_time() { model_.updated_at = LocatedText{"changed", {model_.file, 4, 13}}; }

  ModelBuilt build(const std::string& select, const std::string& run_at = "2026-01-01", bool rebuild = false,
                   bool full_refresh = false) {
    ModelBuildRequest request{model_,
                              select,
                              {{"run_at", {"TIMESTAMPTZ", run_at}}, {"since", {"TIMESTAMPTZ", std::nullopt}}},
                              find(kItem),
                              rebuild};
    request.full_refresh = full_refresh;
    return build_and_publish(request);
  }
  std::string build_error(const std::string& select, bool rebuild = false) {
    return error([&] { build(select, "2026-02-01", rebuild); });
  }
  std::vector<std::string> table(
      const std::string& columns = "* replace (valid_from::date as valid_from, valid_to::date as valid_to)") {
    return rows("select " + columns + " from LAKE.staging.item order by id, valid_from");
  }
};

constexpr const char* kItems = "select * from (values (1, 'a'), (2, 'b')) t(id, name)";

TEST_F(Scd2Test, ComparesTheStateOfNow) {
  build(kItems, "2026-01-01");
  EXPECT_FALSE(build(kItems, "2026-01-02").changed);
  const ModelBuilt built = build("select * from (values (1, 'a'), (2, null), (3, 'c')) t(id, name)", "2026-01-03");
  EXPECT_EQ(built.rows_written, 3) << "what ended, what follows, what is new";
  EXPECT_EQ(built.rows_removed, 1);
  EXPECT_THAT(table(), ElementsAre("1|a|2026-01-01|null|true", "2|b|2026-01-01|2026-01-03|false",
                                   "2|null|2026-01-03|null|true", "3|c|2026-01-03|null|true"));
}

TEST_F(Scd2Test, AKeyThatIsGoneFromNowEndsAndMayComeBack) {
  build(kItems, "2026-01-01");
  build("select 1 as id, 'a' as name", "2026-01-02");
  EXPECT_FALSE(build("select 1 as id, 'a' as name", "2026-01-03").changed);
  build(kItems, "2026-01-04");
  EXPECT_THAT(table(),
              ElementsAre("1|a|2026-01-01|null|true", "2|b|2026-01-01|2026-01-02|false", "2|b|2026-01-04|null|true"));
}

TEST_F(Scd2Test, AKeyThatIsGoneFromNowIsARecordWhereSoAsked) {
  model_.deletes = HistoryDeletes::NewRecord;
  build(kItems, "2026-01-01");
  build("select 1 as id, 'a' as name", "2026-01-02");
  EXPECT_FALSE(build("select 1 as id, 'a' as name", "2026-01-03").changed);
  build(kItems, "2026-01-04");
  EXPECT_THAT(table(), ElementsAre("1|a|2026-01-01|null|true|false", "2|b|2026-01-01|2026-01-02|false|false",
                                   "2|b|2026-01-02|2026-01-04|false|true", "2|b|2026-01-04|null|true|false"));
}

TEST_F(Scd2Test, AKeyThatIsGoneFromNowStaysWhereSoAsked) {
  model_.deletes = HistoryDeletes::Ignore;
  build(kItems, "2026-01-01");
  EXPECT_FALSE(build("select 1 as id, 'a' as name", "2026-01-02").changed);
}

TEST_F(Scd2Test, TimeNeverGoesBackWhenNowIsCompared) {
  build("select 1 as id, 'a' as name", "2026-01-05");
  build("select 1 as id, 'b' as name", "2026-01-01");
  EXPECT_THAT(table("name, valid_from < coalesce(valid_to, 'infinity')"), ElementsAre("a|true", "b|true"));
}

TEST_F(Scd2Test, AVersionHoldsSinceItWasLoadedWhenNothingElseSaysSinceWhen) {
  build(
      "select 1 as id, name, l::timestamptz as _loaded_at from (values ('a', '2026-01-01'), ('b', '2026-01-02')) "
      "t(name, l)");
  EXPECT_THAT(table("name, valid_from::date, valid_to::date"),
              ElementsAre("a|2026-01-01|2026-01-02", "b|2026-01-02|null"));
}

TEST_F(Scd2Test, TimesMayBeDaysAndTypesThatTheLakeLacksAreCast) {
  by_time();
  const std::string select =
      "select i::smallint as id, i::utinyint as n, changed::date as changed from range(2) r(i), (values "
      "('2026-01-01'), ('2026-01-03')) t(changed)";
  build(select + " where changed < '2026-01-02'");
  EXPECT_TRUE(build(select).changed) << "a row shows when it was last confirmed";
  EXPECT_FALSE(build(select).changed);
  EXPECT_THAT(table(), ElementsAre("0|0|2026-01-03|2026-01-01|null|true", "1|1|2026-01-03|2026-01-01|null|true"));
}

TEST_F(Scd2Test, FewChangesOfManyRowsWriteFewRows) {
  by_time();
  model_.partition_by = {LocatedText{"bucket(2, id)", {}}};
  const std::string before = "select i as id, 0 as n, timestamp '2026-01-01' as changed from range(1000) r(i)";
  build(before);
  const ModelBuilt built = build(before + " union all select 7, 1, timestamp '2026-01-02'");
  EXPECT_EQ(built.rows_written, 2);
  EXPECT_EQ(built.rows_removed, 1);
  EXPECT_EQ(count("select count(*) from LAKE.staging.item where is_current"), 1000);
  for (int i = 2; i < 8; ++i)
    build(fmt::format("select 7::bigint as id, {0} as n, timestamp '2026-01-01' + interval {0} day as changed", i));
  EXPECT_EQ(count("select count(*) from LAKE.staging.item where id = 7"), 8);
}

TEST_F(Scd2Test, ColumnsMayHaveTheNamesOfPlacesInFiles) {
  by_time();
  const std::string select =
      "select i as id, 'a' as filename, 0 as File_Row_Number, timestamp '2026-01-01' + interval {} day as changed from "
      "range({}) r(i)";
  build(fmt::format(fmt::runtime(select), 0, 100));
  const ModelBuilt built =
      build(fmt::format(fmt::runtime(select), 1, 1) + " union all " + "select 7, 'b', 1, timestamp '2026-01-02'");
  EXPECT_EQ(built.rows_removed, 2) << "one was confirmed, one ended";
  EXPECT_EQ(count("select count(*) from LAKE.staging.item"), 101);
  EXPECT_THAT(rows("select filename, is_current from LAKE.staging.item where id = 7 order by valid_from"),
              ElementsAre("a|false", "b|true"));
}

TEST_F(Scd2Test, ABuildOfNothingMakesAnEmptyTable) {
  by_time();
  const std::string nothing = "select 1 as id, 'a' as name, timestamp '2026-01-01' as changed where false";
  EXPECT_EQ(build(nothing).rows_written, 0);
  EXPECT_FALSE(build(nothing).changed);
  EXPECT_EQ(build("select 1 as id, 'a' as name, timestamp '2026-01-01' as changed").rows_written, 1);
}

TEST_F(Scd2Test, OfWhatTheInputForgotTheTableTellsTheFirstAndTheLast) {
  by_time();
  const auto give = [&](const char* name, int day) {
    return build(fmt::format("select 1 as id, '{}' as name, timestamp '2026-01-{:02}' as changed", name, day)).changed;
  };
  for (const int day : {1, 5, 9}) EXPECT_TRUE(give("a", day));
  EXPECT_TRUE(give("b", 3)) << "late, and the input doesn't have the fifth any more";
  const auto expected = ElementsAre("a|2026-01-01|2026-01-01|2026-01-03", "b|2026-01-03|2026-01-03|2026-01-09",
                                    "a|2026-01-09|2026-01-09|null");
  const char* columns = "name, changed::date, valid_from::date, valid_to::date";
  EXPECT_THAT(table(columns), expected);
  EXPECT_FALSE(give("a", 9));
  EXPECT_FALSE(give("b", 3));
  EXPECT_THAT(table(columns), expected);
}

TEST_F(Scd2Test, ByComparingARowShowsTheOtherColumnsAsTheyWereWhenItBegan) {
  model_.compare = {LocatedText{"name", {}}};
  build("select 1 as id, 'a' as name, 1 as note", "2026-01-01");
  EXPECT_FALSE(build("select 1 as id, 'a' as name, 2 as note", "2026-01-02").changed);
  build("select 1 as id, 'b' as name, 3 as note", "2026-01-03");
  EXPECT_THAT(table("name, note"), ElementsAre("a|1", "b|3"));
}

TEST_F(Scd2Test, RefusesRowsThatNothingPlaces) {
  by_time();
  EXPECT_EQ(build_error("select 3 as id, 'a' as name, null::timestamp as changed"),
            "data: `staging.item`: 1 row without `changed`, first id = 3: nothing says since when they hold (filter "
            "them out in its SQL, or give "
            "them a time with `coalesce`)");
  EXPECT_THAT(build_error("select null::integer as id, 'a' as name, timestamp '2026-01-01' as changed"),
              HasSubstr("1 row with a null in the key"));
  model_.updated_at.reset();
  EXPECT_EQ(build_error("select 1 as id, name from (values ('a'), ('b')) t(name)"),
            "data: `staging.item`: its SQL gives 2 rows for the key id = 1, and nothing says which of them is the "
            "state of now (name the column "
            "that says since when a version holds as `updated_at`, or select `_loaded_at`)");
}

TEST_F(Scd2Test, AChangedSqlNeverLosesHistory) {
  by_time();
  build(
      "select * from (values (1, 'a', timestamp '2026-01-01'), (1, 'b', timestamp '2026-01-02'), (2, 'c', timestamp "
      "'2026-01-01')) t(id, name, changed)");
  const std::string now =
      "select * from (values (1, 'B', timestamp '2026-01-02'), (2, 'C', timestamp '2026-01-01')) t(id, name, changed)";
  EXPECT_THAT(build_error(now, true),
              HasSubstr("begins later than the table for 1 key, first id = 1: history would be lost"));
  EXPECT_TRUE(build(now, "2026-02-01", true, true).changed) << "a person asked for it";
  EXPECT_THAT(table("id, name"), ElementsAre("1|B", "2|C"));
  EXPECT_TRUE(build("select *, 1 as more from (values (1, 'B', timestamp '2026-01-02'), (2, 'C', timestamp "
                    "'2026-01-01')) t(id, name, changed)",
                    "2026-02-01", true)
                  .changed);
  model_.key = {LocatedText{"other", {}}};
  EXPECT_THAT(build_error("select 1 as other, timestamp '2026-01-02' as changed", true), HasSubstr("its key changed"));
}

TEST_F(Scd2Test, WhatOnlyTheTableRemembersOutlivesAChangedSql) {
  build(kItems, "2026-01-01");
  build("select id, upper(name) as name from (values (1, 'a'), (2, 'b')) t(id, name)", "2026-01-02", true);
  EXPECT_EQ(count("select count(*) from LAKE.staging.item"), 4);
  EXPECT_THAT(build_error("select 1 as id, 'a' as title", true),
              HasSubstr("`staging.item` has the columns id, name, valid_from"));
}

}  // namespace
}  // namespace lochan
