#include "serve/metrics.h"

#include <gmock/gmock.h>

#include <regex>
#include <set>

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "run/measures.h"
#include "run/ticks.h"
#include "tests/schedule/alert_lake.h"

namespace lochan {
namespace {

using testing::HasSubstr;

class MetricsTest : public AlertLake {
 protected:
  MetricsTest() {
    open("  - { on: failed, smtp: smtp://mail, to: data@example.com }\n"
         "schedules:\n  - { name: shops, every: 1h }\n"
         "connections: { shop: 'sqlite:shop.db' }\n");
  }
  /// The value of a sample as it is written: `lochan_rows_read_total{kind="table",step="mart.a"}`.
  std::string value(const std::string& sample) {
    for (const std::string& line : text::split(metrics_.text(*lake_), '\n'))
      if (line.starts_with(sample + " ")) return line.substr(sample.size() + 1);
    return "none";
  }
  static StepReport worked(const std::string& name, std::int64_t rows) {
    StepReport report = step(name);
    report.rows_read = rows;
    report.rows_removed = 1;
    report.rows_written = rows;
    report.rows_rejected = 1;
    report.rows_late = 2;
    report.bytes_read = 500;
    report.bytes_written = 1000;
    report.seconds = 0.3;
    report.queue_seconds = 7;
    return report;
  }

  Metrics metrics_;
};

TEST_F(MetricsTest, CountersGrowByEachRunOnce) {
  const std::string written = R"x(lochan_rows_written_total{kind="table",step="(gone)"})x";
  add_run(RunState::Succeeded, {worked("mart.a", 5)});
  EXPECT_EQ(value(written), "5");
  EXPECT_EQ(value(written), "5");
  add_run(RunState::Failed, {worked("mart.b", 10), step("mart.c", "broken")}, {check("mart.b", "unique_id", 3)});
  EXPECT_EQ(value(written), "15");
  EXPECT_EQ(value(R"x(lochan_rows_late_total{kind="table",step="(gone)"})x"), "4");
  EXPECT_EQ(value(R"x(lochan_rows_rejected_total{kind="table",step="(gone)"})x"), "2");
  EXPECT_EQ(value(R"x(lochan_bytes_written_total{kind="table",step="(gone)"})x"), "2000");
  EXPECT_EQ(value(R"(lochan_steps_total{kind="table",state="failed"})"), "1");
  EXPECT_EQ(value(R"(lochan_runs_total{command="run",state="failed"})"), "1");
  EXPECT_EQ(value(R"(lochan_rows_failed_total{table="mart.b",severity="error"})"), "3");
  EXPECT_EQ(value(R"(lochan_checks_failed_total{table="mart.b",severity="error"})"), "1");
}

TEST_F(MetricsTest, CountersOutliveTheJournalAndTheProcess) {
  for (int i = 0; i < 20; ++i) add_run(RunState::Succeeded, {worked("mart.a", 5)});
  EXPECT_EQ(value(R"(lochan_runs_total{command="run",state="succeeded"})"), "20");
  Journal(lake_->state()).roll_over(2);
  lake_ = std::make_unique<Lake>(project_, clock_);
  EXPECT_EQ(value(R"(lochan_runs_total{command="run",state="succeeded"})"), "20");
  EXPECT_EQ(value(R"x(lochan_rows_written_total{kind="table",step="(gone)"})x"), "100");
}

TEST_F(MetricsTest, HistogramsHaveEachBucketAndGrowWithTheirBounds) {
  add_run(RunState::Succeeded, {worked("mart.a", 5)});
  EXPECT_EQ(value(R"(lochan_step_seconds_bucket{kind="table",le="0.1"})"), "0");
  EXPECT_EQ(value(R"(lochan_step_seconds_bucket{kind="table",le="0.5"})"), "1");
  EXPECT_EQ(value(R"(lochan_step_seconds_bucket{kind="table",le="+Inf"})"), "1");
  EXPECT_EQ(value(R"(lochan_step_seconds_sum{kind="table"})"), "0.3");
  EXPECT_EQ(value(R"(lochan_step_queue_seconds_sum{kind="table"})"), "7");
  EXPECT_EQ(value(R"(lochan_step_queue_seconds_bucket{kind="table",le="5"})"), "0");
}

TEST_F(MetricsTest, SchedulesAreAsLateAsTheirOldestTick) {
  EXPECT_EQ(value(R"(lochan_schedule_lateness_seconds{schedule="shops"})"), "0");
  Ticks(lake_->state()).insert({.key = {"shops", clock_.now()}, .reason = ""});
  clock_.pass(std::chrono::minutes{10});
  EXPECT_EQ(value(R"(lochan_schedule_lateness_seconds{schedule="shops"})"), "600");
  Ticks(lake_->state()).end({"shops", clock_.now() - std::chrono::minutes{10}}, TickState::Succeeded, "", clock_.now());
  EXPECT_EQ(value(R"(lochan_schedule_lateness_seconds{schedule="shops"})"), "0");
  EXPECT_EQ(value(R"(lochan_ticks_total{schedule="shops",state="succeeded"})"), "1");
}

TEST_F(MetricsTest, EveryFamilyIsToldOnceWithItsType) {
  add_run(RunState::Succeeded, {worked("mart.a\"\\\n", 5)});
  std::set<std::string> families;
  std::string family;
  for (const std::string& line : text::split(metrics_.text(*lake_), '\n')) {
    if (line.starts_with("# HELP ")) {
      family = text::split(line, ' ')[2];
      EXPECT_TRUE(families.insert(family).second) << family;
    } else if (!line.empty() && line[0] != '#') {
      EXPECT_TRUE(line.starts_with(family)) << line;
    }
  }
  EXPECT_GT(families.size(), 30u);
}

/// Names of metrics in a text, each with the labels that stand beside it in braces.
std::map<std::string, std::set<std::string>> named(const std::string& text) {
  std::map<std::string, std::set<std::string>> names;
  static const std::regex kMetric(R"((lochan_[a-z_]+)(\{([^}]*)\})?)");
  static const std::regex kLabel(R"(([a-z]+)\s*=)");
  for (auto found = std::sregex_iterator(text.begin(), text.end(), kMetric); found != std::sregex_iterator(); ++found) {
    std::set<std::string>& labels = names[(*found)[1]];
    const std::string inside = (*found)[3];
    for (auto label = std::sregex_iterator(inside.begin(), inside.end(), kLabel); label != std::sregex_iterator(); ++label)
      labels.insert((*label)[1]);
  }
  return names;
}

/// What an expression says by `by (…)`.
std::set<std::string> grouped_by(const std::string& expression) {
  std::set<std::string> labels;
  static const std::regex kBy(R"(by \(([a-z, ]+)\))");
  for (auto found = std::sregex_iterator(expression.begin(), expression.end(), kBy); found != std::sregex_iterator(); ++found)
    for (const std::string& label : text::split((*found)[1].str(), ',')) labels.insert(std::string(text::trim(label)));
  return labels;
}

std::vector<std::string> expressions() {
  std::vector<std::string> found;
  for (const std::string& line : text::split(read_file("deploy/prometheus/alarms.yaml"), '\n'))
    if (const auto at = line.find("expr: "); at != std::string::npos) found.push_back(line.substr(at + 6));
  const Json board = Json::parse(read_file("deploy/grafana/lochan.json"));
  for (const Json& panel : board["panels"])
    for (const Json& target : panel["targets"]) found.push_back(target["expr"].get<std::string>());
  return found;
}

TEST_F(MetricsTest, AlarmsAndTheBoardNameWhatIsExported) {
  add_run(RunState::Failed, {worked("mart.a", 5), step("mart.b", "broken")}, {check("mart.a", "unique_id", 3)});
  Ticks(lake_->state()).insert({.key = {"shops", clock_.now()}, .reason = ""});
  Ticks(lake_->state()).end({"shops", clock_.now()}, TickState::Missed, "", clock_.now());
  lake_->state().execute(
      "insert into publication(number, run, author, at, message) values (1, 1, 'anna', 1, '')");
  lake_->state().execute(
      "insert into entry(layer, name, kind, metadata_location, data_version, columns, properties, from_publication, "
      "to_publication) values ('mart', 'a', 'table', 'file:///none', '1', '', '', 1, 9223372036854775807)");
  std::map<std::string, std::set<std::string>> exported;
  for (const std::string& line : text::split(metrics_.text(*lake_), '\n'))
    if (!line.starts_with('#'))
      for (const auto& [name, labels] : named(line)) exported[name].insert(labels.begin(), labels.end());
  const std::vector<std::string> all = expressions();
  EXPECT_GT(all.size(), 30u);
  for (const std::string& expression : all) {
    std::set<std::string> labels = grouped_by(expression);
    for (const auto& [name, beside] : named(expression)) {
      ASSERT_TRUE(exported.contains(name)) << name << " in " << expression;
      for (const std::string& label : beside) EXPECT_TRUE(exported[name].contains(label)) << label << " of " << name;
      for (const std::string& label : labels) EXPECT_TRUE(exported[name].contains(label)) << label << " of " << name;
    }
  }
}

TEST_F(MetricsTest, FreshnessIsSinceItWasLastSeenToBeUpToDate) {
  lake_->state().execute("insert into publication(number, run, author, at, message) values (1, 1, 'anna', $1, '')",
                         {to_micros(clock_.now())});
  lake_->state().execute(
      "insert into entry(layer, name, kind, metadata_location, data_version, columns, properties, from_publication, "
      "to_publication) values ('mart', 'a', 'table', 'file:///none', '1', '', '', 1, 9223372036854775807)");
  const std::string sample = R"(lochan_table_freshness_seconds{layer="mart",table="mart.a"})";
  clock_.pass(std::chrono::hours{1});
  EXPECT_EQ(value(sample), "3600");
  const std::string changed = value(R"(lochan_table_changed_timestamp_seconds{table="mart.a"})");
  StepReport unchanged = step("mart.a");
  unchanged.state = StepState::Unchanged;
  add_run(RunState::Succeeded, {unchanged});
  EXPECT_EQ(value(sample), "0");
  clock_.pass(std::chrono::minutes{1});
  add_run(RunState::Failed, {unchanged});
  EXPECT_EQ(value(sample), "60");
  // Without a run: a plan found nothing to do.
  const std::vector<TableName> tables{{"mart", "a"}};
  Measures(lake_->state()).note_fresh(tables, clock_.now());
  EXPECT_EQ(value(sample), "0");
  EXPECT_EQ(value(R"(lochan_table_changed_timestamp_seconds{table="mart.a"})"), changed) << "its data did not change";
}

}  // namespace
}  // namespace lochan
