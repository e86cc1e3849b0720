// A schedule served by real processes, while supervisors and runs are killed at random moments: each of its times is one
// tick, has one run at most, and ends; and what is published is whole.
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <random>
#include <set>

#include "base/file.h"
#include "base/hash.h"
#include "base/sqlite_database.h"
#include "project/read_project.h"
#include "run/journal.h"
#include "run/query.h"
#include "schedule/process_launcher.h"
#include "schedule/supervisor.h"
#include "tests/support/test_state.h"

namespace lochan {
namespace {

class KilledSchedules : public testing::Test {
 protected:
  KilledSchedules() : folder_(std::filesystem::temp_directory_path() / ("lochan-" + random_uuid())) {
    write_file(folder_ / "lochan.yaml",
               std::string("name: killed\nconnections: { shop: 'sqlite:./shop.db' }\n"
               "schedules:\n"
               "  - { name: sales, select: 'source:shop+', every: 1s }\n"
               "  - { name: tend, command: maintain, every: 7s }\n") + test_state_line(folder_));
    write_file(folder_ / "sources/shop.yaml",
               "source: shop\nfrom: [shop]\ntables:\n  sale: { load: incremental, cursor: id, key: id }\n");
    write_file(folder_ / "models/mart/total.sql", "select count(*) as n, sum(id) as ids from raw.sale");
    shop_ = open_sqlite(folder_ / "shop.db", {});
    shop_->execute("create table sale(id integer primary key)");
    ReadProject read = read_project(folder_, secrets_);
    EXPECT_TRUE(read.problems.empty()) << read.problems.front().what();
    project_ = std::move(read.project);
    serve();
  }
  ~KilledSchedules() override {
    supervisor_.reset();
    launcher_.reset();
    for (const Tick& tick : Ticks(lake_->state()).open())
      if (tick.process > 0) ::kill(static_cast<pid_t>(tick.process), SIGKILL);
    lake_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  // As a server that was killed and started again.
  void serve() {
    supervisor_.reset();
    launcher_.reset();
    lake_ = std::make_unique<Lake>(project_, clock_);
    launcher_ = std::make_unique<ProcessLauncher>(folder_, lake_->home(), std::getenv("LOCHAN_BIN"));
    supervisor_ = std::make_unique<Supervisor>(*lake_, *launcher_, log_);
  }
  void step() {
    supervisor_->step();
    std::vector<pollfd> ends;
    for (const int descriptor : launcher_->descriptors()) ends.push_back({descriptor, POLLIN, 0});
    ::poll(ends.data(), ends.size(), 100);
  }
  std::size_t ended() { return Ticks(lake_->state()).newest("sales", 1000).size() - Ticks(lake_->state()).open("sales").size(); }
  // One that goes on now.
  void kill_a_run(std::mt19937& random) {
    for (const Tick& tick : Ticks(lake_->state()).open())
      if (launcher_->is_alive(tick.key, tick.process) && random() % 2 == 0) launcher_->signal(tick.key, tick.process, SIGKILL);
  }

  const std::filesystem::path folder_;
  Secrets secrets_;
  Project project_;
  SystemClock clock_;
  NullLog log_;
  std::unique_ptr<Database> shop_;
  std::unique_ptr<Lake> lake_;
  std::unique_ptr<ProcessLauncher> launcher_;
  std::unique_ptr<Supervisor> supervisor_;
};

TEST_F(KilledSchedules, EachTimeFiresAtMostOnceAndEnds) {
  if (std::getenv("LOCHAN_BIN") == nullptr) GTEST_SKIP() << "LOCHAN_BIN names no program";
  std::mt19937 random(5);
  int sales = 0;
  for (int i = 0; ended() < 25 && i < 3000; ++i) {
    shop_->execute("insert into sale values ($1)", {std::int64_t{++sales}});
    if (random() % 10 == 0) kill_a_run(random);
    if (random() % 15 == 0) serve();
    step();
  }
  EXPECT_GE(ended(), 25u);
  // Nobody is killed any more: what is open comes to its end, and one more run brings all.
  project_.schedules.resize(1);
  serve();
  const std::int64_t before = Ticks(lake_->state()).newest("", 1)[0].number;
  const auto is_done = [&] {
    for (const Tick& tick : Ticks(lake_->state()).newest("sales", 1000))
      if (tick.number > before && tick.state == TickState::Succeeded) return true;
    return false;
  };
  for (int i = 0; !is_done() && i < 3000; ++i) step();
  EXPECT_TRUE(is_done());
  project_.schedules.clear();
  serve();
  for (int i = 0; !Ticks(lake_->state()).open().empty() && i < 3000; ++i) step();

  std::set<std::int64_t> runs;
  for (const Tick& tick : Ticks(lake_->state()).newest("", 5000)) {
    EXPECT_TRUE(tick.ended_at) << to_string(tick.key);
    EXPECT_TRUE(tick.run == 0 || runs.insert(tick.run).second) << to_string(tick.key);
  }
  for (const RunRecord& run : Journal(lake_->state()).runs(5000)) {
    EXPECT_TRUE(runs.contains(run.run)) << "run " << run.run << " has no tick";
    EXPECT_NE(run.state, RunState::Running);
  }
  LakeReader reader(*lake_, "main");
  EXPECT_EQ(reader.session().query(reader.resolve("select n from mart.total")).integer(), sales);
  EXPECT_EQ(reader.session().query(reader.resolve("select count(distinct id) from raw.sale")).integer(), sales);
}

}  // namespace
}  // namespace lochan
