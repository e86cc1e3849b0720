#include "schedule/alerts.h"

#include <gmock/gmock.h>

#include "base/json.h"
#include "tests/schedule/alert_lake.h"

namespace lochan {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

/// What ends a process in the middle of sending.
struct Killed {};

class AlertsTest : public AlertLake {
 protected:
  static constexpr const char* kMail =
      "  - { on: [failed, audit_failed, recovered], smtp: smtp://mail, to: data@example.com }\n";

  AlertLoop loop() {
    return AlertLoop(parts(), [this](const AlertConfig&, const AlertMessage& message, Instant) -> std::string {
      ++attempts_;
      if (before_send_) before_send_();
      sent_.push_back(message);
      if (after_send_) after_send_();
      return refused_;
    });
  }
  /// All that was sent until now, by the time that what belongs together was waited for.
  std::vector<std::string> subjects() {
    loop().step();
    clock_.pass(seconds{30});
    loop().step();
    std::vector<std::string> subjects;
    for (const AlertMessage& message : std::exchange(sent_, {})) subjects.push_back(message.subject);
    return subjects;
  }

  int attempts_ = 0;
  std::vector<AlertMessage> sent_;
  std::function<void()> before_send_, after_send_;
  std::string refused_;
};

TEST_F(AlertsTest, TellWhatFailedWhyAndHowToLookCloser) {
  open(kMail);
  loop().step();
  add_run(RunState::Failed,
          {step("staging.sale"), step("mart.sales", "no column `custmer_id`\n  hint: did you mean `customer_id`?")});
  loop().step();
  EXPECT_THAT(sent_, IsEmpty());
  clock_.pass(seconds{30});
  loop().step();
  ASSERT_EQ(sent_.size(), 1u);
  EXPECT_EQ(sent_[0].subject, "[fruit_shop] `mart.sales` failed");
  EXPECT_EQ(sent_[0].body,
            "`mart.sales` failed\n"
            "run 1, 2026-11-21 10:00:00 UTC\n"
            "\nwhy\n  no column `custmer_id`\n    hint: did you mean `customer_id`?\n"
            "\ntables\n  mart.sales\n"
            "\nsince\n  2026-11-21 10:00:00 UTC\n"
            "\nreaders see\n  nothing was published yet\n"
            "\nlook closer\n  lochan history --run 1\n");
}

TEST_F(AlertsTest, TellOfFailedChecksWithTheirCounts) {
  open(kMail);
  loop().step();
  add_run(RunState::Failed, {step("mart.sales")},
          {check("mart.sales", "not_null_id", 12), check("mart.sales", "unique_id", 0)});
  EXPECT_THAT(subjects(), ElementsAre("[fruit_shop] `not_null_id` of `mart.sales` fails for 12 rows"));
}

TEST_F(AlertsTest, GroupWhatHappensTogether) {
  open(kMail);
  loop().step();
  add_run(RunState::Failed, {step("mart.a", "broken")});
  loop().step();
  clock_.pass(seconds{29});
  add_run(RunState::Failed, {step("mart.b", "broken")});
  loop().step();
  EXPECT_THAT(sent_, IsEmpty());
  clock_.pass(seconds{1});
  loop().step();
  ASSERT_EQ(sent_.size(), 1u);
  EXPECT_EQ(sent_[0].subject, "[fruit_shop] `mart.a` failed, and 1 more");
  EXPECT_THAT(sent_[0].body, HasSubstr("`mart.b` failed"));
}

TEST_F(AlertsTest, AreNotRepeatedWhileTheSameFailsTheSameWay) {
  open(kMail);
  loop().step();
  add_run(RunState::Failed, {step("mart.a", "17 rows are wrong")});
  EXPECT_EQ(subjects().size(), 1u);
  for (int i = 0; i < 5; ++i) {
    clock_.pass(minutes{5});
    add_run(RunState::Failed, {step("mart.a", "18 rows are wrong")});
    EXPECT_THAT(subjects(), IsEmpty());
  }
  add_run(RunState::Failed, {step("mart.a", "no column `x`")});
  EXPECT_THAT(subjects(), ElementsAre("[fruit_shop] `mart.a` failed"));
  clock_.pass(hours{24});
  add_run(RunState::Failed, {step("mart.a", "no column `x`")});
  loop().step();
  clock_.pass(seconds{30});
  loop().step();
  ASSERT_EQ(sent_.size(), 1u);
  EXPECT_THAT(sent_[0].body, HasSubstr("\nsince\n  2026-11-21 10:00:00 UTC\n"));
}

TEST_F(AlertsTest, TellWhenItIsWellAgainOnce) {
  open(kMail);
  loop().step();
  add_run(RunState::Failed, {step("mart.a", "broken"), step("mart.b", "broken")}, {check("mart.c", "unique_id", 1)});
  EXPECT_EQ(subjects().size(), 1u);
  add_run(RunState::Failed, {step("mart.a"), step("mart.b", "broken")}, {check("mart.c", "unique_id", 0)});
  EXPECT_THAT(subjects(), ElementsAre("[fruit_shop] `mart.c/unique_id` and 1 more are well again"));
  add_run(RunState::Succeeded, {step("mart.a")}, {check("mart.c", "unique_id", 0)});
  EXPECT_THAT(subjects(), IsEmpty());
  add_run(RunState::Succeeded, {step("mart.b")});
  EXPECT_THAT(subjects(), ElementsAre("[fruit_shop] `mart.b` is well again"));
}

TEST_F(AlertsTest, DeadRunIsTold) {
  open(kMail);
  loop().step();
  add_run(RunState::Dead, {}, {}, "its process 17 ended without a word");
  EXPECT_THAT(subjects(), ElementsAre("[fruit_shop] run 1 died"));
  add_run(RunState::Nothing, {});
  EXPECT_THAT(subjects(), ElementsAre("[fruit_shop] `run` is well again"));
}

TEST_F(AlertsTest, NewAlertDoesNotTellThePast) {
  open("  - { on: failed, name: first, smtp: smtp://mail, to: data@example.com }\n");
  loop().step();
  clock_.pass(hours{1});
  add_run(RunState::Failed, {step("mart.a", "broken")});
  clock_.pass(hours{1});
  open(
      "  - { on: failed, name: first, smtp: smtp://mail, to: data@example.com }\n"
      "  - { on: failed, name: second, smtp: smtp://mail, to: data@example.com }\n");
  loop().step();
  clock_.pass(minutes{1});
  loop().step();
  ASSERT_EQ(sent_.size(), 1u);  // what happened while nobody looked is not lost
  EXPECT_EQ(sent_[0].alert, "first");
}

TEST_F(AlertsTest, BranchesOfPeopleAreTheirOwn) {
  open(kMail);
  loop().step();
  add_run(RunState::Failed, {step("mart.a", "broken")}, {}, "", "dev-anna");
  EXPECT_THAT(subjects(), IsEmpty());
}

TEST_F(AlertsTest, OnlyTheEventsThatAreAskedForAreTold) {
  open("  - { on: [audit_failed, recovered], smtp: smtp://mail, to: data@example.com }\n");
  loop().step();
  add_run(RunState::Failed, {step("mart.a", "broken")});
  add_run(RunState::Succeeded, {step("mart.a")});
  EXPECT_THAT(subjects(), IsEmpty());
  add_run(RunState::Failed, {}, {check("mart.a", "unique_id", 1)});
  EXPECT_EQ(subjects().size(), 1u);
}

TEST_F(AlertsTest, FailureToSendIsTriedAgainLaterAndGivenUpInTheEnd) {
  open(kMail);
  loop().step();
  add_run(RunState::Failed, {step("mart.a", "broken")});
  loop().step();
  before_send_ = [] { throw Error(ErrorKind::Unavailable, "no answer"); };
  clock_.pass(seconds{30});
  loop().step();
  loop().step();
  EXPECT_EQ(attempts_, 1);
  EXPECT_EQ(loop().wake_at(), clock_.now() + seconds{10});
  ASSERT_EQ(loop().problems().size(), 1u);
  EXPECT_EQ(loop().problems()[0].message(), "alert `alert_1` could not be sent, 1 attempt so far: no answer");
  for (int i = 0; i < 20; ++i) {
    clock_.pass(hours{1});
    loop().step();
  }
  EXPECT_EQ(attempts_, 12);
  EXPECT_EQ(loop().wake_at(), std::nullopt);
  ASSERT_EQ(loop().problems().size(), 1u);
  EXPECT_EQ(loop().problems()[0].message(), "alert `alert_1` was never sent: no answer");
  EXPECT_THAT(log_.lines.back(), testing::StartsWith("error: alert `alert_1` was not sent"));
}

TEST_F(AlertsTest, RefusedAddressIsToldInTheLog) {
  open(kMail);
  loop().step();
  add_run(RunState::Failed, {step("mart.a", "broken")});
  refused_ = "`x@example.com` was refused: 550 unknown";
  EXPECT_EQ(subjects().size(), 1u);
  EXPECT_THAT(log_.lines, ElementsAre("warn: alert `alert_1` was sent, but `x@example.com` was refused: 550 unknown"));
}

TEST_F(AlertsTest, HeldScheduleIsToldOnceWithHowToReleaseIt) {
  open(kMail);
  loop().step();
  Ticks ticks(lake_->state());
  const auto hold = [&](const std::string& reason) {
    Tick tick;
    tick.key = {"golden", clock_.now()};
    ticks.insert(tick);
    tick.state = TickState::Held;
    tick.reason = reason;
    ticks.update(tick);
    return tick.key;
  };
  const TickKey first =
      hold("the tick of 09:00 failed (run 3): restart what failed, or: lochan schedule release golden");
  EXPECT_THAT(subjects(), ElementsAre("[fruit_shop] schedule `golden` waits for a person"));
  const std::string body = AlertRows(lake_->state()).newest(1).at(0).body;
  EXPECT_THAT(body, HasSubstr("\nwhy\n  the tick of 09:00 failed (run 3): restart what failed"));
  EXPECT_THAT(body, HasSubstr("\nlook closer\n  lochan schedule\n  lochan schedule release golden\n"));
  // The same hold, as it is looked at again and for another reason: nothing new.
  Tick tick = ticks.find(first).value();
  tick.reason = "until each of its tables is published again";
  tick.late_at = clock_.now();
  ticks.update(tick);
  EXPECT_THAT(subjects(), IsEmpty());
  // It is released, fails, and holds the next one: a person waited for again.
  ticks.end(first, TickState::Failed, "no process could be started", clock_.now());
  EXPECT_THAT(subjects(), ElementsAre("[fruit_shop] schedule `golden` failed"));
  const TickKey second = hold("the tick of 10:00 failed: restart what failed");
  EXPECT_THAT(subjects(), ElementsAre("[fruit_shop] schedule `golden` waits for a person"));
  ticks.end(second, TickState::Succeeded, "", clock_.now());
  EXPECT_THAT(subjects(), ElementsAre("[fruit_shop] `golden` and 1 more are well again"));
}

TEST_F(AlertsTest, ModelInADatabaseIsAsOfTheRunThatMadeItLast) {
  std::filesystem::create_directories(folder_ / "models/dwh");
  for (const char* name : {"order_line", "refund"})
    std::ofstream(folder_ / "models/dwh" / fmt::format("{}.sql", name))
        << "/* ---\nin: warehouse\n--- */\nselect 1 as id\n";
  open(std::string(kMail) + "connections: { warehouse: \"postgresql://anna@127.0.0.1:1/dwh\" }\n");
  loop().step();
  add_run(RunState::Succeeded, {step("dwh.order_line")});
  clock_.pass(hours{1});
  add_run(RunState::Failed, {step("dwh.order_line", "broken"), step("dwh.refund", "broken")});
  EXPECT_EQ(subjects().size(), 1u);
  EXPECT_THAT(AlertRows(lake_->state()).newest(1).at(0).body,
              HasSubstr("\nreaders see\n"
                        "  dwh.order_line: as of run 1, 2026-11-21 10:00:00 UTC, in the database `warehouse`\n"
                        "  dwh.refund: not made in the database `warehouse` by any run that is kept\n"
                        "  nothing was published yet\n"));
}

TEST_F(AlertsTest, SecretsAreMasked) {
  secrets_.add("hidden-word");
  open("  - { on: failed, webhook: https://hooks.example.com/x }\n");
  loop().step();
  add_run(RunState::Failed, {step("mart.a", "could not sign in with \"hidden-word\"")});
  EXPECT_EQ(subjects().size(), 1u);
  const AlertMessage message = AlertRows(lake_->state()).newest(1).at(0);
  EXPECT_THAT(message.body, Not(HasSubstr("hidden")));
  EXPECT_THAT(message.json, Not(HasSubstr("hidden")));
  EXPECT_EQ(Json::parse(message.json)["events"][0]["reasons"][0], "could not sign in with \"***\"");
}

TEST_F(AlertsTest, SlackGetsItsShape) {
  open("  - { on: failed, webhook: https://hooks.example.com/x, shape: slack }\n");
  loop().step();
  add_run(RunState::Failed, {step("mart.a", "a < b & c")});
  EXPECT_EQ(subjects().size(), 1u);
  const Json json = Json::parse(AlertRows(lake_->state()).newest(1).at(0).json);
  EXPECT_EQ(json["text"], "[fruit_shop] `mart.a` failed");
  EXPECT_EQ(json["blocks"][0]["type"], "header");
  EXPECT_THAT(json["blocks"][1]["text"]["text"].get<std::string>(), HasSubstr("a &lt; b &amp; c"));
}

TEST_F(AlertsTest, ManyFailuresMakeOneMessageOfBoundedSize) {
  open("  - { on: failed, webhook: https://hooks.example.com/x, shape: slack }\n");
  loop().step();
  std::vector<StepReport> steps;
  for (int i = 0; i < 1000; ++i) steps.push_back(step(fmt::format("mart.t{}", i), std::string(5000, 'x')));
  for (int i = 0; i < 3; ++i) add_run(RunState::Failed, steps);
  EXPECT_THAT(subjects(), ElementsAre("[fruit_shop] 1000 steps failed in run 1"));
  EXPECT_LT(AlertRows(lake_->state()).newest(1).at(0).json.size(), 20'000u);
}

// A process that is killed before, in or after sending: nobody is told nothing, and who is told twice can see that it
// is the same message.
TEST_F(AlertsTest, KilledWhileItSendsSendsTheSameMessageAgain) {
  open(kMail);
  loop().step();
  add_run(RunState::Failed, {step("mart.a", "broken")});
  loop().step();
  clock_.pass(seconds{30});
  before_send_ = [] { throw Killed{}; };
  EXPECT_THROW(loop().step(), Killed);
  EXPECT_THAT(sent_, IsEmpty());
  before_send_ = nullptr;
  after_send_ = [] { throw Killed{}; };
  EXPECT_THROW(loop().step(), Killed);
  after_send_ = nullptr;
  loop().step();
  loop().step();
  ASSERT_EQ(sent_.size(), 2u);
  EXPECT_EQ(sent_[0].identity, sent_[1].identity);
  EXPECT_EQ(sent_[0].body, sent_[1].body);
  EXPECT_EQ(attempts_, 3);
}

TEST_F(AlertsTest, OldMessagesGo) {
  open(kMail);
  loop().step();
  add_run(RunState::Failed, {step("mart.a", "broken")});
  EXPECT_EQ(subjects().size(), 1u);
  clock_.pass(hours{24 * 40});
  add_run(RunState::Failed, {step("mart.b", "broken")});
  EXPECT_EQ(subjects().size(), 1u);
  EXPECT_EQ(AlertRows(lake_->state()).newest(10).size(), 1u);
  EXPECT_EQ(lake_->state().query("select count(*) from alert_event")[0].integer(0), 1);
}

}  // namespace
}  // namespace lochan
