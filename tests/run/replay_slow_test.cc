// A replay that is killed, wherever it was, has done nothing, and the next one does all of it once. Slow: each death is a
// process of its own with an engine.
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "base/clock.h"
#include "base/hash.h"
#include "project/read_project.h"
#include "run/query.h"
#include "run/run.h"
#include "tests/support/test_state.h"

namespace lochan {
namespace {

/// Where a process ends, as by `kill -9`.
enum class Death { StepStarted, StepFinished, CheckFinished, None };

void PrintTo(Death death, std::ostream* out) {
  *out << std::array{"StepStarted", "StepFinished", "CheckFinished", "None"}.at(static_cast<std::size_t>(death));
}

class Killer final : public Observer {
 public:
  explicit Killer(Death death) : death_(death) {}
  void run_started(std::int64_t, int) override {}
  void step_started(const StepReport&) override { die(Death::StepStarted); }
  void step_finished(const StepReport&) override { die(Death::StepFinished); }
  void check_finished(const CheckResult&) override { die(Death::CheckFinished); }
  void write(LogLevel, std::string_view) noexcept override {}

 private:
  void die(Death here) const {
    if (death_ == here) std::raise(SIGKILL);
  }
  const Death death_;
};

class ReplayTest : public testing::TestWithParam<Death> {
 protected:
  ReplayTest() : folder_(std::filesystem::temp_directory_path() / ("lochan-" + random_uuid())) {
    write("lochan.yaml", "name: replays\nconnections:\n  drop: files:./drop\n");
    write("drop/sale.csv", "id,amount\n1,5\n2,-2\n3,-30\n");
    write_rules(0);
  }
  ~ReplayTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  void write(const std::string& name, const std::string& text) {
    std::filesystem::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text << (name == "lochan.yaml" ? test_state_line(folder_) : "");
  }
  void write_rules(int min) {
    const std::string rule = "range: { column: amount, min: " + std::to_string(min) + ", on_fail: quarantine }";
    write("sources/drop.yaml", "source: drop\nfrom: [drop]\ntables:\n  sale:\n    load: incremental\n    from: '*.csv'\n"
                               "    checks:\n      - " + rule + "\n");
    write("models/mart/sale.sql", "/* ---\nmaterialized: append\nchecks:\n  - " + rule +
                                      "\n--- */\nselect id::int as id, amount::int as amount from raw.sale where $since is null or "
                                      "_loaded_at > $since");
  }

  /// In a process of its own, as the engine's threads don't survive a fork: whether it came to its end.
  template <typename Work>
  bool in_process(Work&& work) {
    const pid_t child = fork();
    if (child == 0) {
      int code = 0;
      try {
        work();
      } catch (const std::exception& error) {
        std::ofstream(folder_ / "told") << error.what();
        code = 1;
      }
      _exit(code);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }

  bool run(const std::vector<std::string>& select, std::optional<ReplayPart> replay, Death death) {
    return in_process([&] {
      Secrets secrets;
      const ReadProject read = read_project(folder_, secrets);
      if (!read.problems.empty()) throw read.problems.front();
      SystemClock clock;
      Lake lake(read.project, clock);
      RunRequest request;
      request.select = select;
      request.replay = replay;
      Killer killer(death);
      lochan::run(lake, request, killer, {});
    });
  }

  std::string told() {
    std::ifstream file(folder_ / "told");
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::string answer(const std::string& sql) {
    std::filesystem::remove(folder_ / "told");
    in_process([&] {
      Secrets secrets;
      const ReadProject read = read_project(folder_, secrets);
      SystemClock clock;
      Lake lake(read.project, clock);
      LakeReader reader(lake, "");
      const Rows rows = reader.session().query(reader.resolve(sql));
      std::ofstream(folder_ / "told") << rows.rows.at(0).at(0).value_or("null");
    });
    return told();
  }

  std::string rows_of(const std::string& table) {
    return answer("select string_agg(id || ':' || amount, ' ' order by id, amount) from " + table);
  }
  std::string log_of(const std::string& table) {
    return answer("select string_agg(json_extract_string(payload, '/id') || ':' || coalesce(closed_as, 'open'), ' ' order by payload) from " +
                  table + "__rejected");
  }

  const std::filesystem::path folder_;
};

TEST_P(ReplayTest, EntersRowsOnceHoweverOftenItDies) {
  ASSERT_TRUE(run({}, std::nullopt, Death::None)) << told();
  ASSERT_EQ(rows_of("raw.sale"), "1:5");
  write_rules(-10);
  for (const std::string table : {"raw.sale", "mart.sale"}) {
    SCOPED_TRACE(table);
    for (int n = 0; n < 2 && GetParam() != Death::None; ++n) {
      EXPECT_FALSE(run({table}, ReplayPart{}, GetParam()));
      EXPECT_EQ(rows_of(table), "1:5");
    }
    EXPECT_TRUE(run({table}, ReplayPart{}, Death::None)) << told();
    EXPECT_TRUE(run({table}, ReplayPart{}, Death::None)) << told();
    if (table == "mart.sale") break;
    EXPECT_EQ(rows_of(table), "1:5 2:-2");
    EXPECT_EQ(log_of(table), "2:replayed 3:open");
    // Its reader finds the row that came in late, and refuses it by a rule of its own.
    write_rules(0);
    ASSERT_TRUE(run({"mart.sale"}, std::nullopt, Death::None)) << told();
    EXPECT_EQ(log_of("mart.sale"), "2:open");
    write_rules(-10);
  }
  EXPECT_EQ(rows_of("mart.sale"), "1:5 2:-2");
  EXPECT_EQ(log_of("mart.sale"), "2:replayed");
}

INSTANTIATE_TEST_SUITE_P(Deaths, ReplayTest,
                         testing::Values(Death::StepStarted, Death::StepFinished, Death::CheckFinished, Death::None));

}  // namespace
}  // namespace lochan
