// Ranges of intervals built on a real branch, publication after publication.
#include <gmock/gmock.h>

#include "tests/model/model_lake.h"

namespace lochan {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const TableName kDay{"mart", "day"};

class ByTimeTest : public ModelLake {
 protected:
  ByTimeTest() : ModelLake(kDay) {
    model_.materialized = Materialization::Incremental;
    model_.time = LocatedText{"day", {}};
  }

  static TimeRange range(std::string_view from, std::string_view until) {
    return {*parse_time(from), *parse_time(until)};
  }

  ModelBuilt build(const std::string& values, std::vector<TimeRange> ranges, bool rebuild = false) {
    const std::string select =
        "select * from (values " + values + ") as v(day, n) where day >= $since and day < $until";
    ModelBuildRequest request{model_, select, {}, find(kDay), rebuild};
    request.ranges = std::move(ranges);
    return build_and_publish(request);
  }

  std::vector<std::string> table() { return rows("select * from LAKE.mart.day order by all"); }
};

TEST_F(ByTimeTest, ARangeIsExchangedAndTheRestIsLeft) {
  build("(date '2024-01-01', 1), ('2024-01-02', 2), ('2024-01-02', 2), ('2024-01-03', 3)",
        {range("2024-01-01", "2024-01-04")});
  EXPECT_THAT(table(), ElementsAre("2024-01-01|1", "2024-01-02|2", "2024-01-02|2", "2024-01-03|3"));
  build("(date '2024-01-01', 7), ('2024-01-02', 2), ('2024-01-02', 5), ('2024-01-03', 7)",
        {range("2024-01-02", "2024-01-03")});
  EXPECT_THAT(table(), ElementsAre("2024-01-01|1", "2024-01-02|2", "2024-01-02|5", "2024-01-03|3"));
}

TEST_F(ByTimeTest, ManyRangesMakeTheTableAndAreBuiltOneAfterTheOther) {
  const ModelBuilt built = build("(date '2024-01-01', 1), ('2024-01-02', 2), ('2024-01-09', 9)",
                                 {range("2024-01-01", "2024-01-02"), range("2024-01-02", "2024-01-10")});
  EXPECT_EQ(built.rows_written, 3);
  EXPECT_THAT(table(), ElementsAre("2024-01-01|1", "2024-01-02|2", "2024-01-09|9"));
}

TEST_F(ByTimeTest, WhatIsTheSameIsNotWritten) {
  build("(date '2024-01-01', 1), ('2024-01-01', 1)", {range("2024-01-01", "2024-01-03")});
  const std::string version = find(kDay)->data_version;
  EXPECT_FALSE(build("(date '2024-01-01', 1), ('2024-01-01', 1)", {range("2024-01-01", "2024-01-02")}).changed);
  EXPECT_EQ(find(kDay)->data_version, version);
}

TEST_F(ByTimeTest, RowsThatCameLateAreAddedWithoutTakingAnyAway) {
  build("(date '2024-01-01', 1), ('2024-01-02', 2)", {range("2024-01-01", "2024-01-03")});
  const ModelBuilt built =
      build("(date '2024-01-01', 1), ('2024-01-01', 1), ('2024-01-02', 2)", {range("2024-01-01", "2024-01-03")});
  EXPECT_EQ(built.rows_written, 1);
  EXPECT_EQ(built.rows_removed, 0);
  EXPECT_THAT(table(), ElementsAre("2024-01-01|1", "2024-01-01|1", "2024-01-02|2"));
}

TEST_F(ByTimeTest, OnlyIntervalsThatLostARowAreWrittenWhole) {
  build("(date '2024-01-01', 1), ('2024-01-02', 2), ('2024-01-03', 3), ('2024-01-03', 4)",
        {range("2024-01-01", "2024-01-04")});
  const ModelBuilt built =
      build("(date '2024-01-01', 1), ('2024-01-02', 2), ('2024-01-02', 5), ('2024-01-03', 4), ('2024-01-03', 6)",
            {range("2024-01-01", "2024-01-04")});
  EXPECT_EQ(built.rows_removed, 2);
  EXPECT_EQ(built.rows_written, 3);
  EXPECT_THAT(table(), ElementsAre("2024-01-01|1", "2024-01-02|2", "2024-01-02|5", "2024-01-03|4", "2024-01-03|6"));
  build("(date '2025-01-01', 1)", {range("2024-01-01", "2024-01-04")});
  EXPECT_THAT(table(), ElementsAre());
}

TEST_F(ByTimeTest, TypesOfTimeAreInUtc) {
  for (const std::string type : {"timestamp", "timestamptz"}) {
    build("(" + type + " '2024-01-01 23:59:59.999999', 1), (" + type + " '2024-01-02 00:00:00', 2)",
          {range("2024-01-01", "2024-01-03")}, true);
    build("(" + type + " '2024-01-01 23:59:59.999999', 3), (" + type + " '2024-01-02 00:00:00', 4)",
          {range("2024-01-02", "2024-01-03")});
    EXPECT_EQ(count("select sum(n) from LAKE.mart.day"), 5) << type;
  }
}

TEST_F(ByTimeTest, RowsOutsideOfTheRangeAreAnError) {
  ModelBuildRequest request{model_, "select date '2024-01-05' as day", {}, find(kDay), true};
  request.ranges = {range("2024-01-01", "2024-01-03")};
  EXPECT_THAT(
      error([&] { build_model(session(), request); }),
      HasSubstr("`mart.day`: 1 of its rows for 2024-01-01 … 2024-01-02 lie outside of it, as with `day` = 2024-01-05"));
  request.select = "select null::date as day";
  EXPECT_THAT(error([&] { build_model(session(), request); }),
              HasSubstr("1 of its rows for 2024-01-01 … 2024-01-02 have a null in `day`"));
}

TEST_F(ByTimeTest, OtherColumnsThanThereAreAnError) {
  build("(date '2024-01-01', 1)", {range("2024-01-01", "2024-01-02")});
  EXPECT_THAT(error([&] { build("(date '2024-01-01', 'a')", {range("2024-01-01", "2024-01-02")}); }),
              HasSubstr("its SQL now gives VARCHAR"));
}

}  // namespace
}  // namespace lochan
