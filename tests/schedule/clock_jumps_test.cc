// What a supervisor does when somebody sets the clock.
#include "schedule/clock_jumps.h"

#include <gtest/gtest.h>

#include "schedule/supervisor.h"
#include "tests/schedule/fake_launcher.h"

namespace lochan {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using Texts = std::vector<std::string>;

class SetClocks : public ScheduledLake {};

TEST_F(SetClocks, ClockSetBackFiresNothingTwice) {
  add_schedule("shops", "*/5 * * * *");
  serve();
  for (const char* at : {"2026-11-21T10:05:00Z", "2026-11-21T10:10:00Z"}) {
    step_at(at);
    machine_->finish(machine_->only(), RunState::Succeeded);
  }
  for (const char* at : {"2026-11-21T10:03:00Z", "2026-11-21T10:05:00Z", "2026-11-21T10:10:01Z"}) step_at(at);
  EXPECT_EQ(machine_->starts, 2);
  step_at("2026-11-21T10:15:00Z");
  EXPECT_EQ(machine_->starts, 3);
}

TEST_F(SetClocks, ClockThatWasYearsAheadBeginsAnew) {
  add_schedule("shops", "0 * * * *");
  serve();
  step_at("2031-01-01T00:10:00Z");  // a year that isn't
  machine_->finish(1000, RunState::Succeeded);
  step_at("2026-11-21T10:30:00Z");
  step_at("2026-11-21T11:00:00Z");
  EXPECT_EQ(machine_->starts, 2);
  EXPECT_EQ(ticks().back(), "11:00 running");
}

TEST_F(SetClocks, ClockSetForwardIsMissedTime) {
  add_schedule("shops", "*/5 * * * *");
  serve();
  step_at("2026-11-21T10:17:00Z");
  const std::string missed = " missed: nothing served at its time";
  EXPECT_EQ(ticks(), (Texts{"10:05" + missed, "10:10" + missed, "10:15 running"}));
}

TEST_F(SetClocks, HealthyRunOutlivesJumpsOfTheClock) {
  ScheduleConfig& schedule = add_schedule("shops", "0 * * * *");
  schedule.timeout = schedule.late_after = minutes{10};
  serve();
  step_at("2026-11-21T11:00:00Z");
  machine_->bind(1000);
  for (const int days : {365, -365, -3, 400}) {
    clock_.jump(std::chrono::days{days});
    step_after(seconds{1});
    EXPECT_FALSE(Journal(lake_->state()).cancelled_by(1)) << days;
    EXPECT_FALSE(Ticks(lake_->state()).of_run(1)->late_at) << days;
  }
  step_after(minutes{11});
  EXPECT_TRUE(Journal(lake_->state()).cancelled_by(1));
  EXPECT_TRUE(Ticks(lake_->state()).of_run(1)->late_at);
}

TEST_F(SetClocks, ClockSetForwardFiresOnceWhateverIsMadeUpFor) {
  for (const char* name : {"none", "last", "every"}) add_schedule(name, "*/5 * * * *").catch_up = CatchUp::None;
  project_.schedules[1].catch_up = CatchUp::Last;
  project_.schedules[2].catch_up = CatchUp::All;
  serve();
  clock_.jump(std::chrono::days{365} + minutes{12});
  step_after(seconds{10});
  const std::string over = " missed: the clock was set forward over its time";
  EXPECT_EQ(ticks("none").size(), 100u);
  EXPECT_EQ(ticks("none").back(), "10:10" + over);
  for (const char* name : {"last", "every"}) {
    EXPECT_EQ(ticks(name).size(), 100u);
    EXPECT_EQ(ticks(name)[0], "01:55" + over + ", and those before it, which are not kept");
    EXPECT_EQ(ticks(name)[98], "10:05" + over);
    EXPECT_EQ(ticks(name).back(), "10:10 running");
  }
  EXPECT_EQ(machine_->starts, 2);
}

TEST_F(SetClocks, JumpThatIsTakenBackLeavesNoGap) {
  add_schedule("shops", "*/5 * * * *");
  serve();
  clock_.jump(minutes{61});
  step_after(seconds{1});
  EXPECT_EQ(ticks().back(), "11:00 running");
  machine_->finish(1000, RunState::Succeeded);
  clock_.jump(-minutes{61});
  step_after(minutes{1});
  EXPECT_EQ(ticks(), Texts{"11:00 succeeded run 1"});  // its time is still to come, and it has been run
  for (const char* at : {"2026-11-21T10:05:00Z", "2026-11-21T10:55:00Z", "2026-11-21T11:00:00Z"}) {
    step_at(at);
    while (!machine_->processes.empty()) machine_->finish(machine_->only(), RunState::Succeeded);
  }
  EXPECT_EQ(machine_->starts, 3);
  step_at("2026-11-21T11:05:00Z");
  EXPECT_EQ(ticks().back(), "11:05 running");
}

TEST_F(SetClocks, ClockThatWasAheadForDaysFiresAgain) {
  add_schedule("shops", "0 * * * *");
  serve();
  clock_.jump(std::chrono::hours{24});  // which the same server sees taken back
  step_after(seconds{1});
  machine_->finish(machine_->only(), RunState::Succeeded);
  for (int i = 0; i < 30; ++i) {
    step_after(std::chrono::hours{1});
    machine_->finish(machine_->only(), RunState::Succeeded);
  }
  const std::int64_t newest = Ticks(lake_->state()).newest("shops", 1)[0].number;
  clock_.jump(-std::chrono::hours{24});
  step_after(minutes{1});
  EXPECT_EQ(machine_->starts, 31);
  step_after(std::chrono::hours{1});
  EXPECT_EQ(machine_->starts, 32);
  EXPECT_EQ(ticks().back(), "17:00 running");
  EXPECT_GT(Ticks(lake_->state()).newest("shops", 1)[0].number, newest);
}

TEST_F(SetClocks, FurtherTryDoesNotWaitForAClockThatWasSetBack) {
  add_schedule("shops", "0 * * * *");
  serve();
  step_at("2026-11-21T11:00:00Z");
  machine_->kill(1000);
  step_after(seconds{1});
  clock_.jump(-std::chrono::hours{2});
  step_after(seconds{1});
  EXPECT_EQ(machine_->starts, 2);
}

TEST(ClockJumps, SlowlyCorrectedClockJumpsNowhere) {
  SetClock clock;
  ClockJumps jumps([&] { return clock.uptime(); });
  const Instant begin = clock.now();
  for (int i = 0; i < 1000; ++i) {
    clock.advance(seconds{30});
    clock.jump(seconds{i % 2 == 0 ? 20 : -19});
    EXPECT_FALSE(jumps.look(clock.now()));
  }
  EXPECT_FALSE(jumps.was_jumped_over(begin + minutes{1}));
  EXPECT_EQ(jumps.passed(begin, clock.now()), clock.now() - begin);
}

TEST(ClockJumps, WhatPassedLeavesOutWhatTheClockWasSetForwardBy) {
  SetClock clock;
  ClockJumps jumps([&] { return clock.uptime(); });
  const Instant begin = clock.now();
  jumps.look(begin);
  for (const int hours : {1, 24, 1000}) {
    clock.jump(std::chrono::hours{hours});
    jumps.look(clock.now());
    clock.advance(minutes{2});
    jumps.look(clock.now());
  }
  EXPECT_EQ(jumps.passed(begin, clock.now()), minutes{6});
  EXPECT_EQ(jumps.passed(clock.now() - minutes{1}, clock.now()), minutes{1});
  EXPECT_TRUE(jumps.was_jumped_over(begin + minutes{59}));
  EXPECT_FALSE(jumps.was_jumped_over(begin));
}

}  // namespace
}  // namespace lochan
