// Models built on a real branch, publication after publication.
#include "model/model_build.h"

#include <gmock/gmock.h>

#include "engine/compaction.h"
#include "tests/model/model_lake.h"

namespace lochan {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const TableName kDay{"mart", "day"};

class ModelTest : public ModelLake {
 protected:
  ModelTest() : ModelLake(kDay) {}
  void incremental() {
    model_.materialized = Materialization::Incremental;
    model_.key = {LocatedText{"id", {}}};
  }
  ModelBuilt build(const std::string& select, bool rebuild = false) {
    ModelBuildRequest request{model_, select, {}, find(kDay), rebuild};
    return build_and_publish(request);
  }
  std::string build_error(const std::string& select) {
    return error([&] { build(select); });
  }
  std::vector<std::string> table(const std::string& columns = "*") {
    return rows("select " + columns + " from LAKE.mart.day order by all");
  }
};

TEST_F(ModelTest, ATableIsMadeWholeEachTime) {
  EXPECT_EQ(build("select 1 as id, 'a' as what").rows_written, 1);
  EXPECT_EQ(build("select 'b' as what, 2.5 as price").rows_written, 1);
  EXPECT_THAT(table(), ElementsAre("b|2.5"));
}

TEST_F(ModelTest, TypesThatTheLakeLacksAreCast) {
  for (const auto materialized : {Materialization::Table, Materialization::Append, Materialization::Incremental}) {
    incremental();
    model_.materialized = materialized;
    build(
        "select 1::smallint as id, sum(n)::hugeint as total, interval 1 day as span, [1::utinyint] as list from "
        "range(3) r(n)",
        true);
    EXPECT_THAT(table(), ElementsAre("1|3|1 day|[1]"));
    build(
        "select 2::smallint as id, sum(n)::hugeint as total, interval 2 day as span, [1::utinyint] as list from "
        "range(4) r(n)");
  }
  EXPECT_THAT(table(), ElementsAre("1|3|1 day|[1]", "2|6|2 days|[1]"));
}

TEST_F(ModelTest, AnAppendOfNothingChangesNothing) {
  model_.materialized = Materialization::Append;
  build("select 1 as id");
  const std::string version = find(kDay)->data_version;
  EXPECT_FALSE(build("select 1 as id where false").changed);
  EXPECT_EQ(find(kDay)->data_version, version);
  EXPECT_EQ(build("select 1 as id").rows_written, 1);
  EXPECT_THAT(table(), ElementsAre("1", "1"));
}

TEST_F(ModelTest, StepByStepAnIncrementalModelIsWhatItIsWhole) {
  incremental();
  model_.partition_by = {LocatedText{"part", {}}};
  build("select 0::bigint as id, 0 as version, 0::bigint as part");
  for (int step = 1; step <= 15; ++step)
    ASSERT_TRUE(
        build(
            fmt::format("select (i * {0}) % 17 as id, {0} as version, (i + {0}) % 3 as part from range(4) r(i)", step))
            .changed);
  EXPECT_EQ(
      table(),
      rows("select id, version, part from (select (i * step) % 17 as id, step as version, (i + step) % 3 as part from "
           "range(4) r(i), range(1, 16) s(step) union all select 0, 0, 0) qualify row_number() over (partition by id "
           "order by version desc) = 1 order by all"));
}

TEST_F(ModelTest, MergesLeaveFewDeleteFiles) {
  incremental();
  build("select i as id, 0 as version from range(100) r(i)");
  bool was_rewritten = false;
  for (int step = 1; step <= 12; ++step)
    was_rewritten = build(fmt::format("select {0}::bigint as id, {0} as version", step)).rewritten || was_rewritten;
  EXPECT_TRUE(was_rewritten);
  EXPECT_LT(read_table_files(session(), in_place("LAKE.mart.day")).deletes, 11);
  EXPECT_EQ(count("select sum(version)::bigint from LAKE.mart.day"), 78);
  EXPECT_EQ(count("select count(*) from LAKE.mart.day"), 100);
}

TEST_F(ModelTest, MergingWhatIsThereWritesNothing) {
  incremental();
  build("select i as id, null::varchar as what from range(3) r(i)");
  const std::string version = find(kDay)->data_version;
  EXPECT_FALSE(build("select i as id, null::varchar as what from range(2) r(i)").changed);
  EXPECT_EQ(find(kDay)->data_version, version);
  EXPECT_EQ(build("select i as id, null::varchar as what from range(1, 5) r(i)").rows_written, 2);
}

TEST_F(ModelTest, AMergeMayGiveNothing) {
  incremental();
  build("select 1 as id");
  EXPECT_FALSE(build("select 1 as id where 1 = 2").changed);
  EXPECT_EQ(build("select 2 as id").rows_written, 1) << "the engine is as it was";
}

TEST_F(ModelTest, RefusesKeysThatAreNotSound) {
  incremental();
  build("select 1 as id, 1 as version");
  EXPECT_EQ(
      build_error("select 1 as id, i as version from range(2) r(i)"),
      "data: `mart.day`: its SQL gives 2 rows for the key id = 1 (keep one of them, as with `qualify row_number() over "
      "(partition by … order by …) = 1`)");
  EXPECT_EQ(build_error("select null::integer as id, 1 as version from range(2) r(i)"),
            "data: `mart.day`: 2 rows have a null in the key (filter them out in its SQL)");
  EXPECT_THAT(table(), ElementsAre("1|1"));
}

TEST_F(ModelTest, RefusesOtherColumnsAndTypes) {
  incremental();
  build("select 1 as id, 1 as version");
  EXPECT_EQ(build_error("select 1 as id"),
            "data: `mart.day` has the columns id, version, and its SQL now gives id (build it anew: "
            "lochan run --full-refresh --select mart.day)");
  EXPECT_THAT(build_error("select 1 as id, 1.5::double as version"),
              HasSubstr("data: `version` of `mart.day` is INTEGER, and its SQL now gives DOUBLE"));
  EXPECT_TRUE(build("select 'x' as id", true).changed);
  EXPECT_THAT(table(), ElementsAre("x"));
}

}  // namespace
}  // namespace lochan
