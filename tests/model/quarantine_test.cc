// Rows that a rule refuses, taken out before each materialization writes: each is in the table or in the log, never in
// both and never in neither.
#include <gmock/gmock.h>

#include "model/model_build.h"
#include "project/rejected_name.h"
#include "tests/model/model_lake.h"

namespace lochan {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const TableName kPrice{"mart", "price"};
const TableName kLog = rejected_table(kPrice);

class QuarantineTest : public ModelLake {
 protected:
  QuarantineTest() : ModelLake(kPrice, {kLog}) { rules_ = {{"range_price", "price < 0", "'price is ' || price"}}; }
  void as(Materialization materialized) {
    model_.materialized = materialized;
    model_.key = {LocatedText{"id", {}}};
    if (materialized != Materialization::Incremental) model_.key.clear();
  }

  /// `values` are rows of id and price.
  ModelBuilt build(const std::string& values, bool rebuild = false) {
    ModelBuildRequest request{model_, "select * from (values " + values + ") t(id, price)", {}, find(kPrice), rebuild};
    request.quarantine = {rules_, find(kLog).has_value(), "2026-11-20 12:00:00+00", run()};
    ModelBuilt built = build_on_branch(request);
    std::vector<PublishTable> published;
    if (built.changed) published.push_back({kPrice, {}});
    if (built.log_changed) published.push_back({kLog, {}});
    if (!published.empty()) publish(published);
    return built;
  }
  std::vector<std::string> table() { return rows("select * from LAKE.mart.price order by all"); }
  std::vector<std::string> log(const std::string& columns = "payload, _run, closed_run") {
    return rows("select " + columns + " from LAKE.mart.price__rejected order by all");
  }

  std::vector<RowRule> rules_;
};

TEST_F(QuarantineTest, ATableMadeWholeHasItsLogMadeAnew) {
  as(Materialization::Table);
  EXPECT_EQ(build("(1, 1), (2, -2), (3, -3)").rows_rejected, 2);
  EXPECT_THAT(table(), ElementsAre("1|1"));
  EXPECT_THAT(log(), ElementsAre(R"({"id":2,"price":-2}|1|null)", R"({"id":3,"price":-3}|1|null)"));
  // One came right, one is as it was, one is new.
  EXPECT_EQ(build("(1, 1), (2, 2), (3, -3), (4, -4)").rows_rejected, 2);
  EXPECT_THAT(table(), ElementsAre("1|1", "2|2"));
  EXPECT_THAT(log(), ElementsAre(R"({"id":2,"price":-2}|1|2)", R"({"id":3,"price":-3}|1|null)",
                                 R"({"id":4,"price":-4}|2|null)"));
}

TEST_F(QuarantineTest, ARowThatFailsAgainLaterIsLoggedAgain) {
  as(Materialization::Table);
  build("(1, 1), (2, -2)");
  build("(1, 1), (2, 2)");
  build("(1, 1), (2, -2)");
  EXPECT_THAT(log(), ElementsAre(R"({"id":2,"price":-2}|1|2)", R"({"id":2,"price":-2}|3|null)"));
}

TEST_F(QuarantineTest, EqualRowsAreCounted) {
  as(Materialization::Append);
  EXPECT_EQ(build("(1, 1), (2, -2), (2, -2)").rows_rejected, 2);
  EXPECT_THAT(log("count(*), count(distinct rejected_id)"), ElementsAre("2|2"));
}

TEST_F(QuarantineTest, AnAppendLeavesEarlierRefusalsOpen) {
  as(Materialization::Append);
  build("(1, 1), (2, -2)");
  build("(3, 3)");
  EXPECT_THAT(table(), ElementsAre("1|1", "3|3"));
  EXPECT_THAT(log(), ElementsAre(R"({"id":2,"price":-2}|1|null)"));
}

TEST_F(QuarantineTest, ByKeyANewerVersionTakesARefusedOnesPlace) {
  as(Materialization::Incremental);
  build("(1, 1), (2, -2), (3, -3)");
  build("(2, 2), (3, -30), (4, 4)");
  EXPECT_THAT(table(), ElementsAre("1|1", "2|2", "4|4"));
  EXPECT_THAT(
      log(), ElementsAre(R"({"id":2,"price":-2}|1|2)", R"({"id":3,"price":-30}|2|null)", R"({"id":3,"price":-3}|1|2)"));
}

// A key's last good version stays while a newer one is refused.
TEST_F(QuarantineTest, ARefusedVersionChangesNothing) {
  as(Materialization::Incremental);
  build("(1, 1), (2, 2)");
  EXPECT_FALSE(build("(2, -2)").changed);
  EXPECT_THAT(table(), ElementsAre("1|1", "2|2"));
}

TEST_F(QuarantineTest, WithoutRulesARebuildClosesWhatIsOpen) {
  as(Materialization::Table);
  build("(1, 1), (2, -2)");
  rules_.clear();
  build("(1, 1), (2, -2)");
  EXPECT_THAT(table(), ElementsAre("1|1", "2|-2"));
  EXPECT_THAT(log(), ElementsAre(R"({"id":2,"price":-2}|1|2)"));
}

TEST_F(QuarantineTest, MoreThanTheLimitFailsTheStep) {
  as(Materialization::Table);
  EXPECT_THAT(error([&] { build("(1, -1), (2, -2)"); }),
              HasSubstr("`mart.price`: 2 of 2 records refused, which would leave it empty; the first is price is -1"));
  model_.max_rejected.rows = 1;
  EXPECT_THAT(error([&] { build("(1, 1), (2, -2), (3, -2)"); }), HasSubstr("and `max_rejected` is 1;"));
  EXPECT_EQ(build("(1, 1), (2, -2)").rows_rejected, 1);
  model_.max_rejected = {{}, 0.4};
  EXPECT_THAT(error([&] { build("(1, 1), (2, -2)"); }), HasSubstr("and `max_rejected` is 40%;"));
  model_.max_rejected = {{}, 1};
  EXPECT_EQ(build("(1, -1), (2, -2)").rows_rejected, 2);
  EXPECT_THAT(table(), IsEmpty());
}

// What each value comes back as from a payload.
TEST_F(QuarantineTest, AValueComesBackFromThePayloadAsItself) {
  session().execute(
      "create temp table awkward as select true as b, 9223372036854775807 as big, 0.1::double as d, 'nan'::double as "
      "nan, "
      "12345678901234567890.123456789::decimal(38,9) as \"a/b~c\", date '0044-03-15' as day, "
      "timestamptz '2026-01-01 12:00:00.123456+00' as at, '\\x00\\xFF'::blob as bytes, '' as empty, 'q\"\\ü' as text, "
      "[1.50::decimal(4,2), null] as list, {'x': 'a,b', 'y': null::integer} as struct, null::varchar as nothing");
  const std::vector<Column> columns = session().describe("from awkward");
  session().execute("create temp table packed as select " + row_payload(columns) + " as payload from awkward");
  EXPECT_THAT(rows("select count(*) from (select " + payload_values(columns) + " from packed intersect from awkward)"),
              ElementsAre("1"));
}

}  // namespace
}  // namespace lochan
