// The check that every table with history has: it passes whole histories and finds each way to break one.
#include "check/history.h"

#include <gtest/gtest.h>

namespace lochan {
namespace {

struct Broken {
  std::string name;
  std::string rows;     // (id, valid_from, valid_to, is_current)
  std::string problem;  // of the first failing row; "": all is well
  bool is_gapless = true;
};
void PrintTo(const Broken& broken, std::ostream* out) { *out << broken.name; }

class HistoryCheckTest : public testing::TestWithParam<Broken> {};

TEST_P(HistoryCheckTest, FindsWhatIsBroken) {
  const Broken& broken = GetParam();
  Engine engine{EngineOptions{.threads = 1}};
  const auto session = engine.open_session();
  session->execute(
      "create schema staging; create table staging.product as select id::integer as id, f::date as valid_from, t::date "
      "as valid_to, "
      "c::boolean as is_current from (values " +
      broken.rows + ") v(id, f, t, c)");
  session->execute("create temp table touched as select 1 as id");
  session->execute("create temp table untouched as select 9 as id");
  Model model;
  model.table = {"staging", "product"};
  model.key = {LocatedText{"id", {}}};
  const CheckConfig config = history_check(model, broken.is_gapless);
  const auto audit = [&](const std::string& touched) {
    return audit_history(*session, config, model.table, "staging.product", touched);
  };
  for (const CheckResult& result : {audit(""), audit("touched")}) {
    EXPECT_EQ(result.passed(), broken.problem.empty());
    if (!broken.problem.empty()) {
      EXPECT_EQ(result.sample.rows.at(0).back(), broken.problem);
    }
  }
  // Of keys that weren't touched each row is looked at alone.
  const bool is_of_one_row = broken.problem == "no valid_from" || broken.problem == "ends before it begins" ||
                             broken.problem == "is_current is not what valid_to says";
  EXPECT_EQ(audit("untouched").passed(), !is_of_one_row);
  Shadow shadow;
  EXPECT_EQ(audit_all(*session, shadow, model.table, std::vector{&config},
                      [](const TableName& name) { return quoted(name); }, {})[0]
                .passed(),
            broken.problem.empty());
}

INSTANTIATE_TEST_SUITE_P(
    All, HistoryCheckTest,
    testing::Values(
        Broken{"Sound",
               "(1, '2026-01-01', '2026-01-02', false), (1, '2026-01-02', null, true), (2, '2026-01-01', null, true)",
               ""},
        Broken{"Ended", "(1, '2026-01-01', '2026-01-02', false)", "", false},
        Broken{"EndedAndBack", "(1, '2026-01-01', '2026-01-02', false), (1, '2026-01-05', null, true)", "", false},
        Broken{"EndedThoughItCant", "(1, '2026-01-01', '2026-01-02', false)", "no open row"},
        Broken{"Gap", "(1, '2026-01-01', '2026-01-02', false), (1, '2026-01-05', null, true)",
               "a gap before the next version"},
        Broken{"Overlap", "(1, '2026-01-01', '2026-01-03', false), (1, '2026-01-02', null, true)",
               "overlaps the next version", false},
        Broken{"TwoOpen", "(1, '2026-01-01', null, true), (1, '2026-01-02', null, true)", "open beside a later version",
               false},
        Broken{"Twice", "(1, '2026-01-01', null, true), (1, '2026-01-01', null, true)", "open beside a later version",
               false},
        Broken{"Backwards", "(1, '2026-01-02', '2026-01-01', false)", "ends before it begins", false},
        Broken{"Empty", "(1, '2026-01-02', '2026-01-02', false)", "ends before it begins", false},
        Broken{"NoBegin", "(1, null, null, true)", "no valid_from"},
        Broken{"CurrentThoughClosed", "(1, '2026-01-01', '2026-01-02', true)", "is_current is not what valid_to says",
               false},
        Broken{"OpenButNotCurrent", "(1, '2026-01-01', null, null)", "is_current is not what valid_to says"}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace lochan
