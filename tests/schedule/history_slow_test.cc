// An incremental model by time, run step by step over a random history of its inputs, by runs of which some are stopped
// or killed, is what it would be built whole. Slow: each history is some ten runs of the whole program on a lake of its
// own.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include "base/hash.h"
#include "base/sqlite_database.h"
#include "project/read_project.h"
#include "run/query.h"
#include "schedule/backfill.h"
#include "tests/support/test_state.h"

namespace lochan {
namespace {

using std::chrono::hours;

constexpr int kHistories = 10;  // in one lake: each with a table at the source, and models of its own
constexpr int kRounds = 6;

class SettableClock final : public Clock {
 public:
  Instant now() const override { return now_; }
  void set(Instant now) { now_ = now; }

 private:
  Instant now_ = *parse_time("2024-06-01 12:00");
};

class Silent final : public Observer {
 public:
  void run_started(std::int64_t, int) override {}
  void step_started(const StepReport&) override {}
  void step_finished(const StepReport& step) override {
    if (step.state == StepState::Failed) failures_ += step.name + ": " + step.error + "\n";
  }
  void check_finished(const CheckResult&) override {}
  void write(LogLevel, std::string_view) noexcept override {}
  std::string take_failures() { return std::exchange(failures_, {}); }

 private:
  std::string failures_;
};

// How one history's rows reach its model, and what the model makes of them.
struct History {
  std::string name;
  std::string raw_keys;  // of the source's table
  std::string input;     // that the model reads by time
  std::string staging;   // a model between, or none
  std::string front;     // of the model
  std::string select;    // with $since and $until
  std::string begin;     // literal, for the oracle
  bool has_dimension = false;
  bool is_log = false;  // it reads all versions of each row, so one that fails its check would fail it for ever
};

class Histories : public testing::TestWithParam<unsigned> {
 protected:
  Histories() : random_(GetParam()), folder_(std::filesystem::temp_directory_path() / ("lochan-" + random_uuid())) {
    std::filesystem::create_directories(folder_);
    source_ = open_sqlite(folder_ / "shop.db", {});
    std::string sources = "source: shop\nfrom: [shop]\ntables:\n  dim: { load: full, key: id }\n";
    write("lochan.yaml", "name: histories\nconnections:\n  shop: sqlite:./shop.db\nrun: { retries: 0, workers: 2 }\n");
    source_->execute("create table dim(id integer primary key, name text)");
    source_->execute("insert into dim values (0, 'a'), (1, 'b'), (2, 'c')");
    for (int i = 0; i < kHistories; ++i) {
      histories_.push_back(make(i));
      const History& made = histories_.back();
      sources += fmt::format("  {}: {}\n", made.name, made.raw_keys);
      source_->execute(fmt::format(
          "create table {}(id integer primary key, sold timestamp, day date, amount bigint, updated_at bigint)",
          made.name));
      if (!made.staging.empty()) write(fmt::format("models/staging/{}.sql", made.name), made.staging);
      write(fmt::format("models/mart/{}.sql", made.name), made.front + made.select);
    }
    write("sources/shop.yaml", sources);
    ReadProject read = read_project(folder_, secrets_);
    EXPECT_TRUE(read.problems.empty()) << read.problems.front().what();
    project_ = std::move(read.project);
  }
  ~Histories() override {
    source_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  int below(int bound) { return static_cast<int>(random_() % static_cast<unsigned>(bound)); }
  bool chance(int percent) { return below(100) < percent; }

  void write(const std::string& name, const std::string& text) {
    std::filesystem::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text << (name == "lochan.yaml" ? test_state_line(folder_) : "");
  }

  History make(int number) {
    History history;
    history.name = fmt::format("e{}", number);
    const int way = below(5);
    history.is_log = way == 4;
    constexpr std::array kRaw = {"{ load: incremental, cursor: updated_at, key: id }",
                                 "{ load: incremental, cursor: updated_at, key: id }", "{ load: full, key: id }",
                                 "{ load: full }", "{ load: incremental, cursor: updated_at, key: id }"};
    history.raw_keys = kRaw[static_cast<std::size_t>(way)];
    const std::string last = fmt::format(
        "select id, sold, day, amount from raw.{} qualify row_number() over (partition by id order by _loaded_at desc) "
        "= 1",
        history.name);
    if (way == 0) history.staging = "/* ---\nmaterialized: view\n--- */\n" + last;
    if (way == 1)
      history.staging = "/* ---\nmaterialized: incremental\nkey: id\n--- */\n" +
                        fmt::format(
                            "select id, sold, day, amount from raw.{} where $since is null or _loaded_at > $since "
                            "qualify row_number() over (partition by id order by _loaded_at desc) = 1",
                            history.name);
    if (way == 2)
      history.staging = fmt::format(
          "select id, sold, day, amount from (select * from raw.{} qualify row_number() over (partition by id order by "
          "_loaded_at desc) = 1) as last where not _deleted",
          history.name);
    history.input = fmt::format("{}.{}", history.staging.empty() ? "raw" : "staging", history.name);
    finish(history);
    return history;
  }

  void finish(History& history) {
    constexpr std::array kIntervals = {"hour", "day", "day", "week", "month", "year"};
    const std::string interval = kIntervals[static_cast<std::size_t>(below(6))];
    const std::string time = interval != "hour" && chance(30) ? "day" : "sold";
    history.has_dimension = chance(20);
    const std::string keep = history.has_dimension ? "" : "";
    history.begin = chance(30) ? (interval == "week"   ? "2024-04-01"
                                  : interval == "year" ? "2024-01-01"
                                                       : "2024-05-01")
                               : "";
    history.front = fmt::format(
        "/* ---\nmaterialized: incremental\ntime: t\ninterval: {}\n{}inputs: {{ {}: {{ time: {}, lookback: {} }}{} }}\n"
        "checks:\n  - expression: \"total < 100000\"\n{}--- */\n",
        interval, history.begin.empty() ? "" : fmt::format("begin: '{}'\n", history.begin), history.input, time,
        chance(50) ? "0" : "2d", keep, chance(30) && time == "sold" ? "partition_by: month(t)\n" : "");
    const std::string name = history.has_dimension ? "d.name" : "'x'";
    const std::string join = history.has_dimension
                                 ? " join (select * from raw.dim qualify row_number() over (partition by id order by "
                                   "_loaded_at desc) = 1) as d on d.id = s.id % 3"
                                 : "";
    const std::string where =
        fmt::format("from {} as s{} where s.{} >= $since and s.{} < $until", history.input, join, time, time);
    if (chance(50)) {
      history.select = fmt::format("select s.id, s.{} as t, s.amount as total, {} as name {}", time, name, where);
    } else {
      const std::string group =
          interval == "hour" ? "date_trunc('hour', s.sold)" : fmt::format("cast(s.{} as date)", time);
      history.select =
          fmt::format("select {} as t, {} as name, sum(s.amount)::bigint as total, count(*) as rows {} group by all",
                      group, name, where);
    }
  }

  // Most rows are of the last days, some come late, some are of days to come, and some have no time.
  std::string random_time() {
    const Instant now = clock_.now();
    const int kind = below(100);
    Instant at = now - hours{below(72)};
    if (kind < 20) at = now - hours{24 * below(90)};
    if (kind >= 20 && kind < 25) at = now + hours{below(96)};
    if (kind >= 25 && kind < 28) return "null, null";
    const std::string text = to_string(at);
    return fmt::format("'{}', '{}'", text.substr(0, 19), text.substr(0, 10));
  }

  void change_source() {
    source_->write([&] { change_rows(); });
  }

  void change_rows() {
    for (const History& history : histories_) {
      for (int n = below(6); n > 0; --n) {
        const int id = below(40);
        const int amount = !history.is_log && chance(2) ? 1'000'000 : below(100);
        ++version_;
        if (chance(15)) {
          source_->execute(fmt::format("delete from {} where id = {}", history.name, id));
        } else {
          source_->execute(fmt::format("insert or replace into {} values ({}, {}, {}, {})", history.name, id,
                                       random_time(), amount, version_));
        }
      }
    }
    if (chance(30)) source_->execute(fmt::format("update dim set name = 'n{}' where id = {}", version_, below(3)));
  }

  void mend_source() {
    for (const History& history : histories_)
      source_->execute(
          fmt::format("update {} set amount = 1, updated_at = {} where amount > 1000", history.name, ++version_));
  }

  void run(std::vector<std::string> select = {}, std::optional<int> stop_after_ms = {}) {
    Lake lake(project_, clock_);
    RunRequest request;
    request.select = std::move(select);
    std::stop_source stop;
    std::jthread stopper;
    if (stop_after_ms)
      stopper = std::jthread([&stop, ms = *stop_after_ms] {
        std::this_thread::sleep_for(std::chrono::milliseconds(ms));
        stop.request_stop();
      });
    lochan::run(lake, request, observer_, stop.get_token());
  }

  // In a process that is killed then, unless it has ended.
  void run_and_kill(int after_ms) {
    source_.reset();  // no other process may go on with it
    const pid_t child = fork();
    ASSERT_NE(child, -1);
    if (child == 0) {
      try {
        run();
      } catch (const Error&) {  // as the shell would see it: this one doesn't matter
      }
      _exit(0);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(after_ms));
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    source_ = open_sqlite(folder_ / "shop.db", {});
  }

  // Some range of a model whose code is as it was built; one that is held or was never built is left.
  void backfill_one() {
    const History& history = histories_[static_cast<std::size_t>(below(kHistories))];
    Lake lake(project_, clock_);
    if (!lake.catalog().find("main", {"mart", history.name})) return;
    BackfillRequest request;
    request.select = {"mart." + history.name};
    const Instant first =
        history.begin.empty() ? clock_.now() - hours{24 * 60} : *parse_time(history.begin) + hours{24 * 31};
    request.range = {first, clock_.now()};
    request.chunk = hours{24 * 20};
    if (request.range.is_empty()) return;
    BackfillPlan plan = plan_backfill(lake, request, chance(50));
    run_backfill(lake, request, plan, observer_, {}, [](const BackfillPlan&, std::size_t, const RunOutcome&) {});
  }

  static std::string with_bounds(std::string sql, const std::string& since, const std::string& until) {
    for (const auto& [name, value] : {std::pair<std::string, std::string>("$since", since), {"$until", until}})
      for (std::size_t at = sql.find(name); at != std::string::npos; at = sql.find(name))
        sql.replace(at, name.size(), fmt::format("timestamptz '{}'", value));
    return sql;
  }

  void compare(const std::string& when) {
    Lake lake(project_, clock_);
    LakeReader reader(lake, "");
    for (const History& history : histories_) {
      if (!source_->query(fmt::format("select 1 from {} where amount > 1000 limit 1", history.name)).empty()) continue;
      const std::string there = fmt::format("select * from mart.{}", history.name);
      const std::string whole =
          with_bounds(history.select, history.begin.empty() ? "0001-01-01" : history.begin, "9999-01-01");
      const Rows differing =
          reader.session().query(reader.resolve(fmt::format("select 'too many' as what, * from ({0} except all {1}) "
                                                            "union all select 'missing', * from ({1} except all {0})",
                                                            "(" + there + ")", "(" + whole + ")")));
      std::string shown;
      for (const auto& row : differing.rows) {
        for (const auto& value : row) shown += value.value_or("null") + " | ";
        shown += "\n";
      }
      EXPECT_TRUE(differing.empty())
          << "seed " << GetParam() << ", " << when << ", " << history.name << ":\n"
          << history.raw_keys << "\n"
          << history.staging << "\n"
          << history.front << history.select << "\n"
          << shown << lake.catalog().find("main", {"mart", history.name})->properties.at("lochan.intervals");
    }
  }

  std::mt19937 random_;
  const std::filesystem::path folder_;
  std::unique_ptr<Database> source_;
  SettableClock clock_;
  Secrets secrets_;
  Project project_;
  Silent observer_;
  std::vector<History> histories_;
  std::int64_t version_ = 0;
};

TEST_P(Histories, StepByStepIsWhatIsBuiltWhole) {
  for (int round = 0; round < kRounds; ++round) {
    change_source();
    if (chance(30)) run({}, 20 + below(1500));
    if (chance(30)) run_and_kill(20 + below(1500));
    if (chance(30)) run({"raw.*", "staging.*"});
    if (chance(30)) backfill_one();
    if (round + 1 == kRounds) mend_source();
    if (round + 1 == kRounds || chance(60)) {
      run();
      compare(fmt::format("round {}", round));
    }
    clock_.set(clock_.now() + hours{below(60)});
  }
  EXPECT_EQ(observer_.take_failures(), "") << "seed " << GetParam();
}

// LOCHAN_SEED (1) and the next ones, LOCHAN_SEEDS (10) of them: a hundred histories. `make campaign` asks for more.
unsigned number_from(const char* variable, unsigned otherwise) {
  const char* wanted = std::getenv(variable);
  return wanted == nullptr ? otherwise : static_cast<unsigned>(std::strtoul(wanted, nullptr, 10));
}
const unsigned kFirst = number_from("LOCHAN_SEED", 1);

INSTANTIATE_TEST_SUITE_P(Seeds, Histories, testing::Range(kFirst, kFirst + number_from("LOCHAN_SEEDS", 10)));

}  // namespace
}  // namespace lochan
