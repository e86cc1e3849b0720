// Whoever is killed when: each time of a calendar becomes one tick, which fires at most once, and ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "run/started_run.h"
#include "schedule/supervisor.h"
#include "tests/schedule/fake_launcher.h"

namespace lochan {
namespace {


using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;
using Texts = std::vector<std::string>;

class SupervisorFaults : public ScheduledLake {
 protected:
  SupervisorFaults() {
    add_schedule("shops", "0 * * * *");
    clock_.set("2026-11-21T10:30:00Z");
    serve();
  }
  void become_due() { clock_.set("2026-11-21T11:00:00Z"); }
};

TEST_F(SupervisorFaults, KilledBetweenTheTickAndItsStart) {
  supervisor_.reset();
  become_due();
  Scheduler(*lake_, jumps_).look();
  EXPECT_EQ(ticks(), Texts{"11:00 due"});
  serve();
  EXPECT_EQ(machine_->starts, 1);
  EXPECT_EQ(ticks(), Texts{"11:00 running"});
}

TEST_F(SupervisorFaults, KilledBetweenTheRowAndTheProcess) {
  supervisor_.reset();
  become_due();
  Tick tick = Scheduler(*lake_, jumps_).look().at(0);
  tick.state = TickState::Running;
  tick.starts = 1;
  Ticks(lake_->state()).update(tick);
  serve();
  EXPECT_EQ(machine_->starts, 0);
  step_after(seconds{2});
  EXPECT_EQ(machine_->starts, 1);
  machine_->finish(1000, RunState::Succeeded);
  step_after(seconds{1});
  EXPECT_EQ(ticks(), Texts{"11:00 succeeded run 1"});
}

TEST_F(SupervisorFaults, KilledBetweenTheStartAndTheBinding) {
  become_due();
  supervisor_->step();
  serve();
  step_after(minutes{1});
  EXPECT_EQ(machine_->starts, 1);  // the process lives
  machine_->bind(1000);
  serve();
  machine_->finish(1000, RunState::Succeeded);
  step_after(seconds{1});
  EXPECT_EQ(machine_->starts, 1);
  EXPECT_EQ(ticks(), Texts{"11:00 succeeded run 1"});
}

TEST_F(SupervisorFaults, KilledWhileTheRunEnds) {
  become_due();
  supervisor_->step();
  machine_->bind(1000);
  machine_->close(1000, RunState::Failed, "1 failed, 2 held back");
  serve();
  machine_->exit(1000, 1);
  step_after(minutes{1});
  EXPECT_EQ(machine_->starts, 1);
  EXPECT_EQ(ticks(), Texts{"11:00 failed run 1: 1 failed, 2 held back"});
}

TEST_F(SupervisorFaults, ProcessThatDiesBeforeItsRunIsStartedAgain) {
  become_due();
  supervisor_->step();
  machine_->kill(1000);
  step_after(seconds{1});
  EXPECT_EQ(ticks(), Texts{"11:00 due: killed by signal 9 (Killed)"});
  EXPECT_EQ(machine_->starts, 1);
  step_after(seconds{2});
  EXPECT_EQ(machine_->starts, 2);
  machine_->finish(1001, RunState::Succeeded);
  step_after(seconds{1});
  EXPECT_EQ(ticks(), Texts{"11:00 succeeded run 1"});
}

TEST_F(SupervisorFaults, ButNotForEver) {
  become_due();
  supervisor_->step();
  for (int i = 0; i < 10; ++i) {
    if (!machine_->processes.empty()) machine_->kill(machine_->only());
    step_after(seconds{10});
  }
  EXPECT_EQ(machine_->starts, 3);
  EXPECT_EQ(ticks(), Texts{"11:00 failed: killed by signal 9 (Killed) (started 3 times)"});
}

TEST_F(SupervisorFaults, BothDieBeforeTheRun) {
  become_due();
  supervisor_->step();
  machine_->kill(1000);
  serve();
  step_after(seconds{3});
  EXPECT_EQ(machine_->starts, 2);
  EXPECT_THAT(ticks()[0], HasSubstr("running"));
}

TEST_F(SupervisorFaults, NoProcessCanBeStarted) {
  machine_->refuse = 1;
  become_due();
  supervisor_->step();
  EXPECT_EQ(ticks(), Texts{"11:00 due: no process could be started: out of memory"});
  step_after(seconds{3});
  EXPECT_EQ(machine_->starts, 1);
}

TEST_F(SupervisorFaults, RunThatIsKilledHasFailed) {
  become_due();
  supervisor_->step();
  machine_->bind(1000);
  machine_->kill(1000);
  step_after(seconds{1});
  EXPECT_EQ(ticks(), Texts{"11:00 failed run 1: its process 1000 ended without a word"});
}

TEST_F(SupervisorFaults, BothDieDuringTheRun) {
  become_due();
  supervisor_->step();
  machine_->bind(1000);
  machine_->kill(1000);
  serve();
  EXPECT_EQ(ticks(), Texts{"11:00 failed run 1: its process 1000 ended without a word"});
  EXPECT_EQ(machine_->starts, 1);
}

TEST_F(SupervisorFaults, TickThatHasARunRefusesAnother) {
  become_due();
  supervisor_->step();
  const TickKey key = machine_->processes.at(1000).tick;
  const auto start = [&] { StartedRun run(*lake_, StartedRunOptions{"run", "", "schedule shops", "main", key}); };
  machine_->bind(1000);
  EXPECT_THROW(start(), Error);
  EXPECT_EQ(Journal(lake_->state()).runs(10).size(), 1u);  // nothing of it is left
  machine_->finish(1000, RunState::Succeeded);
  EXPECT_THROW(start(), Error);
  EXPECT_EQ(ticks(), Texts{"11:00 succeeded run 1"});
}

TEST_F(SupervisorFaults, StartedRunBindsItsTickAndEndsIt) {
  become_due();
  supervisor_->step();
  const TickKey key = machine_->processes.at(1000).tick;
  {
    StartedRun run(*lake_, StartedRunOptions{"run", "", "schedule shops", "main", key});
    EXPECT_EQ(ticks(), Texts{"11:00 running run 1"});
    run.close(RunState::Succeeded, 0, "");
  }
  EXPECT_EQ(ticks(), Texts{"11:00 succeeded run 1"});
}

// Random kills of whoever there is, at random moments, with the clock moving on and sometimes jumping.
class SupervisorHistory : public ScheduledLake, public testing::WithParamInterface<int> {};

TEST_P(SupervisorHistory, EachTimeIsThereOnceAndEnds) {
  std::mt19937_64 random(static_cast<std::uint64_t>(GetParam()));
  const auto roll = [&](int sides) { return static_cast<int>(random() % static_cast<std::uint64_t>(sides)); };
  for (const char* name : {"a", "b"}) {
    ScheduleConfig& schedule = add_schedule(name, name[0] == 'a' ? "*/5 * * * *" : "*/7 * * * *");
    schedule.catch_up = static_cast<CatchUp>(roll(3));
    schedule.while_running = static_cast<WhileRunning>(roll(2));
    schedule.wait_for_manual = false;
  }
  project_.serve.runs = 1 + roll(2);
  const Instant begin = parse_instant("2026-11-21T10:01:00Z");
  clock_.set(begin);
  serve();
  bool is_served = true;
  for (int i = 0; i < 400; ++i) {
    clock_.advance(seconds{roll(60)});
    std::vector<std::int64_t> alive;
    for (const auto& [id, process] : machine_->processes) alive.push_back(id);
    const std::int64_t chosen = alive.empty() ? 0 : alive[static_cast<std::size_t>(roll(static_cast<int>(alive.size())))];
    switch (roll(12)) {
      case 0:
        supervisor_.reset();
        is_served = false;
        break;
      case 1:
        if (chosen != 0) machine_->kill(chosen);
        break;
      case 2:
      case 3:
        if (chosen != 0 && machine_->processes.at(chosen).run == 0) machine_->bind(chosen);
        break;
      case 4:
      case 5:
        if (chosen != 0) machine_->finish(chosen, roll(4) == 0 ? RunState::Failed : RunState::Succeeded);
        break;
      case 6:
        if (roll(8) == 0) clock_.jump(minutes{roll(200) - 40});
        break;
      case 7:
      case 8:
        serve();
        is_served = true;
        break;
      default:
        if (is_served) supervisor_->step();
    }
  }
  serve();
  for (int i = 0; i < 3000 && (!machine_->processes.empty() || !Ticks(lake_->state()).open().empty()); ++i) {
    if (!machine_->processes.empty()) machine_->finish(machine_->processes.begin()->first, RunState::Succeeded);
    step_after(seconds{2});
  }
  std::set<std::int64_t> runs;
  for (const ScheduleConfig& schedule : project_.schedules) {
    const Calendar calendar = *Calendar::of(schedule);
    std::set<Instant> seen;
    for (const Tick& tick : Ticks(lake_->state()).newest(schedule.name, 5000)) {
      EXPECT_TRUE(tick.ended_at) << to_string(tick.key);
      EXPECT_TRUE(seen.insert(tick.key.due_at).second) << to_string(tick.key);
      EXPECT_TRUE(tick.run == 0 || runs.insert(tick.run).second) << to_string(tick.key);
      if (tick.state == TickState::Skipped || tick.state == TickState::Missed) {
        EXPECT_NE(tick.reason, "");
      }
    }
    const Instant reached = ScheduleRows(lake_->state()).find(schedule.name)->reached_at;
    for (Instant at = *calendar.next(begin); at <= reached; at = *calendar.next(at))
      EXPECT_TRUE(seen.erase(at)) << schedule.name << " has no tick of " << to_string(at);
    EXPECT_TRUE(seen.empty());
  }
  EXPECT_EQ(runs.size(), Journal(lake_->state()).runs(5000).size());
}

INSTANTIATE_TEST_SUITE_P(Seeds, SupervisorHistory, testing::Range(0, 20));

}  // namespace
}  // namespace lochan
