#include "schedule/supervisor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <span>

#include "run/started_run.h"
#include "schedule/schedule_control.h"
#include "tests/schedule/fake_launcher.h"

namespace lochan {
namespace {


using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using Texts = std::vector<std::string>;
using Signals = std::vector<std::pair<std::int64_t, int>>;

class SupervisorTest : public ScheduledLake {};

TEST_F(SupervisorTest, StartsWhatIsDueAndEndsItWithItsRun) {
  add_schedule("shops", "*/5 * * * *");
  clock_.set("2026-11-21T10:02:00Z");
  serve();
  EXPECT_EQ(machine_->starts, 0);  // nothing is made up for that was before it was there
  EXPECT_EQ(to_iso8601(supervisor_->wake_at()), "2026-11-21T10:02:01.000Z");
  step_at("2026-11-21T10:05:00.004Z");
  EXPECT_EQ(machine_->processes.at(1000).arguments,
            (Texts{"run", "--tick", "shops@2026-11-21T10:05:00.000Z", "--select", "source:shop+"}));
  EXPECT_EQ(ticks(), Texts{"10:05 running"});
  machine_->bind(1000);
  EXPECT_EQ(ticks(), Texts{"10:05 running run 1"});
  machine_->finish(1000, RunState::Succeeded);
  step_after(seconds{1});
  EXPECT_EQ(ticks(), Texts{"10:05 succeeded run 1"});
  step_at("2026-11-21T10:10:00Z");
  EXPECT_EQ(machine_->starts, 2);
}

TEST_F(SupervisorTest, OfSeveralOnlyOneActs) {
  add_schedule("shops", "*/5 * * * *");
  serve();
  FakeLauncher other_launcher(*machine_);
  Supervisor other(*lake_, other_launcher, log_);
  clock_.set("2026-11-21T10:05:00Z");
  other.step();
  supervisor_->step();
  other.step();
  EXPECT_FALSE(other.is_active());
  EXPECT_EQ(machine_->starts, 1);
  supervisor_.reset();
  other.step();
  EXPECT_TRUE(other.is_active());
  EXPECT_EQ(machine_->starts, 1);  // the process that lives is followed
  machine_->finish(1000, RunState::Succeeded);
  other.step();
  EXPECT_EQ(ticks(), Texts{"10:05 succeeded run 1"});
}

TEST_F(SupervisorTest, CatchUpSaysWhatIsMadeUpFor) {
  add_schedule("none", "0 * * * *").catch_up = CatchUp::None;
  add_schedule("last", "0 * * * *").catch_up = CatchUp::Last;
  add_schedule("every", "0 * * * *").catch_up = CatchUp::All;
  serve();
  supervisor_.reset();
  clock_.set("2026-11-21T13:20:00Z");
  serve();
  const std::string missed = " missed: nothing served at its time";
  EXPECT_EQ(ticks("none"), (Texts{"11:00" + missed, "12:00" + missed, "13:00" + missed}));
  EXPECT_EQ(ticks("last"), (Texts{"11:00" + missed, "12:00" + missed, "13:00 running"}));
  EXPECT_EQ(ticks("every"), (Texts{"11:00 running", "12:00 due", "13:00 due"}));
  for (const std::int64_t process : {1000, 1001}) machine_->finish(process, RunState::Succeeded);
  step_after(seconds{1});
  EXPECT_THAT(ticks("every"), ElementsAre(HasSubstr("11:00 succeeded"), "12:00 running", "13:00 due"));
}

TEST_F(SupervisorTest, ShortAbsenceMissesNothing) {
  add_schedule("shops", "0 * * * *").catch_up = CatchUp::None;
  serve();
  supervisor_.reset();
  clock_.set("2026-11-21T11:00:20Z");
  serve();
  EXPECT_EQ(ticks(), Texts{"11:00 running"});
}

TEST_F(SupervisorTest, LongAbsenceLeavesNoMoreThanIsKept) {
  add_schedule("shops", "* * * * *").catch_up = CatchUp::All;
  serve();
  supervisor_.reset();
  clock_.set("2026-12-21T10:00:00Z");
  serve();
  const Texts lines = ticks();
  EXPECT_EQ(lines.size(), 1000u);
  EXPECT_THAT(lines[0], HasSubstr("nor at those before it"));
  EXPECT_THAT(lines[899], HasSubstr("missed: nothing served at its time"));
  EXPECT_THAT(lines[900], HasSubstr("running"));
  EXPECT_THAT(lines[901], HasSubstr("due"));
}

class NightOfJump : public ScheduledLake {
 protected:
  /// Serves from noon to noon in Warsaw.
  void night(std::string_view noon, int hours) {
    for (const char* name : {"nightly", "hourly"})
      add_schedule(name, name[0] == 'n' ? "30 2 * * *" : "0 * * * *").timezone = {"Europe/Warsaw", {}};
    clock_.set(noon);
    serve();
    for (int i = 0; i < hours * 2; ++i) {
      step_after(minutes{30});
      while (!machine_->processes.empty()) machine_->finish(machine_->processes.begin()->first, RunState::Succeeded);
    }
    EXPECT_EQ(TimeZone::find("Europe/Warsaw")->show(clock_.now()).substr(11, 5), "12:00");
  }
};

TEST_F(NightOfJump, Forwards) {
  night("2026-03-28T11:00:00Z", 23);
  EXPECT_EQ(ticks("nightly").size(), 1u);
  EXPECT_EQ(ticks("hourly").size(), 23u);
  EXPECT_EQ(ticks("nightly")[0].substr(0, 15), "01:00 succeeded");  // in UTC: as they jump
}

TEST_F(NightOfJump, Backwards) {
  night("2026-10-24T10:00:00Z", 25);
  EXPECT_EQ(ticks("nightly").size(), 1u);
  EXPECT_EQ(ticks("hourly").size(), 25u);
  EXPECT_EQ(ticks("nightly")[0].substr(0, 15), "00:30 succeeded");  // the first of two
}

TEST_F(SupervisorTest, WhileRunningQueuesOneOrSkips) {
  add_schedule("queue", "*/5 * * * *");
  add_schedule("skip", "*/5 * * * *").while_running = WhileRunning::Skip;
  serve();
  for (const char* at : {"2026-11-21T10:05:00Z", "2026-11-21T10:10:00Z", "2026-11-21T10:15:00Z"}) step_at(at);
  EXPECT_EQ(ticks("queue"), (Texts{"10:05 running", "10:10 due", "10:15 skipped: the tick of 2026-11-21T10:10:00.000Z still waited"}));
  EXPECT_EQ(ticks("skip"), (Texts{"10:05 running", "10:10 skipped: the tick of 2026-11-21T10:05:00.000Z still ran",
                                  "10:15 skipped: the tick of 2026-11-21T10:05:00.000Z still ran"}));
  machine_->finish(1000, RunState::Succeeded);
  step_after(seconds{1});
  EXPECT_EQ(ticks("queue")[1], "10:10 running");
}

TEST_F(SupervisorTest, SoManyAtOnceInTheOrderTheyWereDue) {
  project_.serve.runs = 2;
  for (const char* name : {"a", "b", "c"}) add_schedule(name, name[0] == 'c' ? "4 * * * *" : "5 * * * *");
  add_schedule("d", "6 * * * *");
  serve();
  step_at("2026-11-21T10:07:00Z");
  EXPECT_EQ(machine_->starts, 2);
  EXPECT_EQ(ticks("c"), Texts{"10:04 running"});
  EXPECT_EQ(ticks("a"), Texts{"10:05 running"});
  EXPECT_EQ(ticks("d"), Texts{"10:06 due"});
  machine_->finish(1000, RunState::Succeeded);
  machine_->finish(1001, RunState::Succeeded);
  step_after(seconds{1});
  EXPECT_EQ(machine_->starts, 4);
}

TEST_F(SupervisorTest, PausedSkipsUntilResumed) {
  add_schedule("shops", "*/5 * * * *").paused = true;
  serve();
  step_at("2026-11-21T10:05:00Z");
  EXPECT_EQ(ticks(), Texts{"10:05 skipped: the schedule is paused"});
  ScheduleRows(lake_->state()).pause("shops", false);
  step_at("2026-11-21T10:10:00Z");
  EXPECT_EQ(ticks()[1], "10:10 running");
  ScheduleRows(lake_->state()).pause("shops", true);
  step_at("2026-11-21T10:15:00Z");
  EXPECT_EQ(ticks()[2], "10:15 skipped: the schedule is paused");
}

TEST_F(SupervisorTest, LateIsMarkedOnce) {
  add_schedule("shops", "*/5 * * * *").late_after = seconds{90};
  serve();
  step_at("2026-11-21T10:05:00Z");
  step_at("2026-11-21T10:06:20Z");
  EXPECT_FALSE(Ticks(lake_->state()).newest("shops", 1)[0].late_at);
  step_at("2026-11-21T10:06:31Z");
  step_at("2026-11-21T10:08:00Z");
  EXPECT_EQ(to_iso8601(*Ticks(lake_->state()).newest("shops", 1)[0].late_at), "2026-11-21T10:06:31.000Z");
}

TEST_F(SupervisorTest, TimeoutAsksTheRunThenStopsTheProcessThenKillsIt) {
  add_schedule("shops", "*/5 * * * *").timeout = minutes{10};
  serve();
  step_at("2026-11-21T10:05:00Z");
  machine_->bind(1000);
  const Journal journal(lake_->state());
  step_at("2026-11-21T10:15:00Z");
  EXPECT_FALSE(journal.cancelled_by(1));
  for (const char* at : {"2026-11-21T10:15:01Z", "2026-11-21T10:15:20Z"}) step_at(at);
  EXPECT_EQ(journal.cancelled_by(1), "the timeout of schedule `shops`");
  EXPECT_EQ(machine_->signals, Signals{});
  for (const char* at : {"2026-11-21T10:15:21Z", "2026-11-21T10:15:40Z"}) step_at(at);
  EXPECT_EQ(machine_->signals, (Signals{{1000, SIGTERM}}));
  step_at("2026-11-21T10:15:41Z");
  EXPECT_EQ(machine_->signals, (Signals{{1000, SIGTERM}, {1000, SIGKILL}}));
  machine_->kill(1000);
  step_at("2026-11-21T10:15:42Z");
  EXPECT_EQ(ticks()[0], "10:05 failed run 1: it took longer than its timeout of 10m");
}

TEST_F(SupervisorTest, ProcessWithoutARunIsStoppedByItsTimeout) {
  add_schedule("shops", "*/5 * * * *").timeout = minutes{1};
  serve();
  step_at("2026-11-21T10:05:00Z");
  for (const char* at : {"2026-11-21T10:06:01Z", "2026-11-21T10:06:21Z"}) step_at(at);
  EXPECT_EQ(machine_->signals, (Signals{{1000, SIGTERM}, {1000, SIGKILL}}));
}

TEST_F(SupervisorTest, NextOneThatServesAsksFirstToo) {
  add_schedule("shops", "*/5 * * * *").timeout = minutes{1};
  serve();
  step_at("2026-11-21T10:05:00Z");
  machine_->bind(1000);
  step_at("2026-11-21T10:06:01Z");
  supervisor_.reset();
  clock_.set("2026-11-21T11:00:00Z");
  serve();
  EXPECT_EQ(machine_->signals, Signals{});
  step_at("2026-11-21T11:00:20Z");
  EXPECT_EQ(machine_->signals, (Signals{{1000, SIGTERM}}));
}

TEST_F(SupervisorTest, TimedOutRunThatStopsByItselfHasFailedToo) {
  add_schedule("shops", "0 * * * *").timeout = minutes{10};
  serve();
  step_at("2026-11-21T11:00:00Z");
  step_at("2026-11-21T11:10:01Z");
  machine_->finish(1000, RunState::Cancelled, "cancelled");
  step_after(seconds{1});
  EXPECT_EQ(ticks(), Texts{"11:00 failed run 1: it took longer than its timeout of 10m"});
}

TEST_F(SupervisorTest, NothingToDoEndsWithoutRun) {
  add_schedule("shops", "0 * * * *");
  serve();
  step_at("2026-11-21T11:00:00Z");
  Ticks(lake_->state()).end_without_run(machine_->processes.at(1000).tick, clock_.now());
  machine_->exit(1000, 0);
  step_after(seconds{1});
  EXPECT_EQ(ticks(), Texts{"11:00 succeeded: nothing to do"});
}

TEST_F(SupervisorTest, ScheduleThatIsGoneLeavesNothingOpen) {
  add_schedule("shops", "*/5 * * * *");
  serve();
  for (const char* at : {"2026-11-21T10:05:00Z", "2026-11-21T10:10:00Z"}) step_at(at);
  project_.schedules.clear();
  supervisor_->use(*lake_);
  step_after(seconds{1});
  EXPECT_EQ(ticks(), (Texts{"10:05 running", "10:10 skipped: lochan.yaml has no such schedule any more"}));
  machine_->finish(1000, RunState::Succeeded);
  step_after(seconds{1});
  EXPECT_EQ(ticks()[0], "10:05 succeeded run 1");
}

TEST_F(SupervisorTest, ChangedCalendarBeginsAnew) {
  add_schedule("shops", "0 12 * * *");
  serve();
  project_.schedules[0].cron->value = "*/5 * * * *";
  clock_.set("2026-11-21T11:02:00Z");
  supervisor_->use(*lake_);
  supervisor_->step();
  EXPECT_EQ(ticks(), Texts{});
  step_at("2026-11-21T11:05:00Z");
  EXPECT_EQ(ticks(), Texts{"11:05 running"});
}

class WaitForManual : public ScheduledLake {
 protected:
  WaitForManual() {
    add_schedule("shops", "*/5 * * * *").wait_for_manual = true;
    serve();
    step_at("2026-11-21T10:05:00Z");
    machine_->finish(1000, RunState::Failed, "1 failed, 0 held back");
    step_at("2026-11-21T10:10:00Z");
  }
  void run_by_hand(const std::string& selection, RunState state) {
    StartedRunOptions options;
    options.command = "run";
    options.selection = selection;
    clock_.advance(seconds{1});
    StartedRun(*lake_, options).close(state, 0, "");
  }
  static constexpr const char* kHeld =
      "10:10 held: the tick of 2026-11-21T10:05:00.000Z failed (run 1): restart what failed, or: lochan schedule release shops";
};

TEST_F(WaitForManual, HoldsAfterAFailure) {
  EXPECT_EQ(ticks()[1], kHeld);
  step_at("2026-11-21T10:15:00Z");
  EXPECT_EQ(ticks()[2], "10:15 skipped: the tick of 2026-11-21T10:10:00.000Z still was held");
  serve();
  step_after(minutes{1});
  EXPECT_EQ(ticks()[1], kHeld);
  EXPECT_EQ(machine_->starts, 1);
}

TEST_F(WaitForManual, UntilItIsReleased) {
  ScheduleControl(*lake_).release("shops");
  step_after(seconds{1});
  EXPECT_EQ(ticks()[1], "10:10 running");
  machine_->finish(1001, RunState::Failed);
  step_at("2026-11-21T10:15:00Z");
  EXPECT_THAT(ticks()[2], HasSubstr("held"));  // that was for the last failure
}

TEST_F(WaitForManual, UntilTheSameWasRunByHand) {
  run_by_hand("source:shop+", RunState::Failed);
  run_by_hand("source:other", RunState::Succeeded);
  step_after(seconds{1});
  EXPECT_EQ(ticks()[1], kHeld);
  run_by_hand("source:shop+", RunState::Succeeded);
  step_after(seconds{1});
  EXPECT_EQ(ticks()[1], "10:10 running");
}

TEST_F(WaitForManual, UntilEverythingWasRunByHand) {
  run_by_hand("", RunState::Succeeded);
  step_after(seconds{1});
  EXPECT_EQ(ticks()[1], "10:10 running");
}

TEST_F(WaitForManual, WhatWasTriggeredDidItsWork) {
  ScheduleControl(*lake_).trigger("shops");
  step_after(seconds{1});
  EXPECT_EQ(ticks()[1], kHeld);
  EXPECT_EQ(ticks()[2], "10:10 running");
  machine_->finish(1001, RunState::Succeeded);
  step_after(seconds{1});
  EXPECT_EQ(ticks()[1], "10:10 skipped: run 2, which a person triggered, did its work");
  EXPECT_EQ(machine_->starts, 2);
  step_at("2026-11-21T10:15:00Z");
  EXPECT_EQ(ticks()[3], "10:15 running");
}

TEST_F(WaitForManual, WhatWasTriggeredAndFoundNothingToDoDidItsWorkToo) {
  ScheduleControl(*lake_).trigger("shops");
  step_after(seconds{1});
  Ticks(lake_->state()).end_without_run(machine_->processes.at(1001).tick, clock_.now());
  machine_->exit(1001, 0);
  step_after(seconds{1});
  EXPECT_THAT(ticks()[1],
              testing::MatchesRegex("10:10 skipped: the tick of .*, which a person triggered, found nothing to do"));
  EXPECT_EQ(machine_->starts, 2);
}

TEST_F(WaitForManual, WhatWasTriggeredAndFailedHoldsOn) {
  ScheduleControl(*lake_).trigger("shops");
  step_after(seconds{1});
  machine_->finish(1001, RunState::Failed);
  step_after(seconds{1});
  EXPECT_THAT(ticks()[1], HasSubstr("10:10 held: the tick of"));
  EXPECT_THAT(ticks()[1], HasSubstr("(run 2)"));
  step_at("2026-11-21T10:15:00Z");
  EXPECT_EQ(machine_->starts, 2);
}

class AfterTables : public ScheduledLake {
 protected:
  AfterTables() {
    ScheduleConfig& schedule = add_schedule("golden", "");
    schedule.after = {{"mart.a", {}}, {"mart.b", {}}};
    serve();
  }
  /// As a publication of a view does it: rows only.
  void publish(const std::string& name, const std::string& layer = "mart") {
    const std::string branch = "dev-" + std::to_string(++branches_);
    lake_->catalog().create_branch(branch, BranchKind::Named);
    PublishView view;
    view.table = {layer, name};
    view.sql = "select 1 as x";
    view.columns = {{"x", "INTEGER", true}};
    view.data_version = branch;
    lake_->catalog().put_view(branch, view);
    PublishRequest request;
    request.branch = branch;
    request.views = {view};
    ASSERT_TRUE(lake_->catalog().publish(request).published);
  }
  int branches_ = 0;
};

TEST_F(AfterTables, DueWhenEachWasPublishedAgain) {
  publish("a");
  step_after(seconds{1});
  publish("a");
  step_after(seconds{1});
  EXPECT_EQ(machine_->starts, 0);
  publish("b");
  step_after(seconds{1});
  EXPECT_EQ(ticks("golden"), Texts{"10:00 running"});
  // What comes while it runs is for the next.
  publish("b");
  step_after(minutes{1});
  machine_->finish(1000, RunState::Succeeded);
  step_after(minutes{1});
  EXPECT_EQ(machine_->starts, 1);
  publish("a");
  step_after(seconds{1});
  EXPECT_EQ(machine_->starts, 2);
}

TEST_F(AfterTables, DueWhenAnyTableOfASourceWas) {
  project_.sources["shop"].tables.resize(2);
  project_.sources["shop"].tables[0].name = "sale";
  project_.sources["shop"].tables[1].name = "item";
  project_.schedules[0].after = {{"source:shop", {}}};
  supervisor_.reset();
  serve();
  publish("a");
  step_after(seconds{1});
  EXPECT_EQ(machine_->starts, 0);
  publish("item", "raw");
  step_after(seconds{1});
  EXPECT_EQ(machine_->starts, 1);
  machine_->finish(1000, RunState::Succeeded);
  step_after(minutes{1});
  EXPECT_EQ(machine_->starts, 1);
  publish("sale", "raw");
  step_after(seconds{1});
  EXPECT_EQ(machine_->starts, 2);
}

TEST_F(AfterTables, WhatWasPublishedWhileNothingServedCounts) {
  supervisor_.reset();
  publish("a");
  publish("b");
  clock_.advance(minutes{60});
  serve();
  EXPECT_EQ(machine_->starts, 1);
}

TEST_F(AfterTables, WaitsForAManualRestartOfWhatFailedBefore) {
  project_.schedules[0].wait_for_manual = true;
  supervisor_->use(*lake_);
  const auto make = [&](const std::string& table, StepState state) {
    StartedRun run(*lake_, {.command = "run", .selection = "", .author = "anna"});
    StepReport step;
    step.name = table;
    step.kind = "table";
    step.state = state;
    step.tables = {*parse_table_name(table)};
    run.journal().save_steps(run.number(), std::span(&step, 1));
    run.close(state == StepState::Built ? RunState::Succeeded : RunState::Failed, 0, "");
    step_after(minutes{1});
  };
  publish("a");
  publish("b");
  make("mart.a", StepState::Failed);
  const std::string held = "10:01 held: run 1 failed to make `mart.a`: restart it, or: lochan schedule release golden";
  EXPECT_EQ(ticks("golden"), Texts{held});
  make("mart.b", StepState::Built);
  EXPECT_EQ(ticks("golden"), Texts{held});
  make("mart.a", StepState::Built);
  EXPECT_EQ(ticks("golden"), Texts{"10:01 running"});
  machine_->finish(1000, RunState::Succeeded);
  // A run that was killed had got no further than to say what it would make.
  make("mart.b", StepState::Waiting);
  EXPECT_EQ(ticks("golden")[1], "10:04 held: run 5 failed to make `mart.b`: restart it, or: lochan schedule release golden");
  ScheduleControl(*lake_).release("golden");
  step_after(minutes{1});
  EXPECT_EQ(ticks("golden")[1], "10:04 running");
  machine_->finish(1001, RunState::Succeeded);
  step_after(minutes{1});
  EXPECT_EQ(ticks("golden").size(), 2u);  // that failure is past
}

TEST_F(AfterTables, WhatItRunsDuringIsOneTickMore) {
  for (const char* name : {"a", "b"}) publish(name);
  step_after(seconds{1});
  for (int i = 0; i < 3; ++i) {
    for (const char* name : {"a", "b"}) publish(name);
    step_after(minutes{1});
  }
  EXPECT_EQ(ticks("golden"), (Texts{"10:00 running", "10:01 due"}));
}

}  // namespace
}  // namespace lochan
