#include "run/run_queue.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/hash.h"
#include "run/cancelling.h"
#include "run/state_migrations.h"
#include "tests/support/test_state.h"

namespace lochan {
namespace {

using std::chrono_literals::operator""s;

class RunQueueTest : public testing::Test {
 protected:
  RunQueueTest() {
    std::filesystem::create_directories(folder_);
    state_ = open_test_state(folder_);
    migrate(*state_, state_migrations());
    queue_.emplace(*state_);
  }
  ~RunQueueTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  std::int64_t add(std::vector<std::string> select = {}) {
    RunRequest request;
    request.select = std::move(select);
    request.full_refresh = true;
    request.target = "dev-anna";
    request.author = "anna";
    return queue_->add(request, "chosen", now_);
  }
  std::optional<QueuedStart> take(const std::string& worker = "one") {
    return queue_->take(worker, now_, is_state_shared());
  }
  void begin(const QueuedStart& start) {
    RunRecord record;
    record.run = start.run;
    record.branch = "run-1";
    record.process = 42;
    record.started_at = now_;
    record.place = "there";
    state_->write([&] { queue_->begin(start, record); });
  }
  RunState state_of(std::int64_t run) const { return Journal(*state_).find(run)->state; }

  const std::filesystem::path folder_ = std::filesystem::temp_directory_path() / ("lochan-" + random_uuid());
  Instant now_ = parse_instant("2026-11-21T03:46:00Z");
  std::unique_ptr<Database> state_;
  std::optional<RunQueue> queue_;
};

TEST_F(RunQueueTest, TheOldestIsTakenFirstAndBegunOnce) {
  EXPECT_FALSE(take());
  const std::int64_t first = add({"raw.sale+"}), second = add();
  EXPECT_EQ(state_of(first), RunState::Queued);
  const auto taken = take();
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->run, first);
  const RunRequest request = queue_->request(*taken);
  EXPECT_EQ(request.select, std::vector<std::string>{"raw.sale+"});
  EXPECT_TRUE(request.full_refresh);
  EXPECT_EQ(request.target, "dev-anna");
  EXPECT_EQ(request.author, "anna");
  EXPECT_EQ(take("two")->run, second);
  EXPECT_FALSE(take("three"));
  begin(*taken);
  const auto row = Journal(*state_).find(first);
  EXPECT_EQ(row->state, RunState::Running);
  EXPECT_EQ(row->process, 42);
  EXPECT_EQ(row->selection, "chosen");
  EXPECT_THROW(begin(*taken), Error) << "it runs already";
}

TEST_F(RunQueueTest, WhatAWorkerTookAndNeverBeganIsTakenByAnother) {
  const std::int64_t run = add();
  const auto dead = take("one");
  now_ += RunQueue::kSilence - 1s;
  EXPECT_FALSE(take("two"));
  now_ += 2s;
  const auto next = take("two");
  ASSERT_TRUE(next);
  EXPECT_EQ(next->run, run);
  EXPECT_EQ(next->start, 2);
  // The first one's process wakes up.
  EXPECT_THROW(queue_->request(*dead), Error);
  EXPECT_THROW(begin(*dead), Error);
  EXPECT_FALSE(queue_->end(*dead, RunState::Failed, "it broke", now_));
  EXPECT_EQ(state_of(run), RunState::Queued);
  begin(*next);
  EXPECT_EQ(state_of(run), RunState::Running);
}

TEST_F(RunQueueTest, AWorkerThatRenewsKeepsIt) {
  add();
  const auto taken = take("one");
  for (int i = 0; i < 5; ++i) {
    now_ += RunQueue::kSilence - 1s;
    queue_->renew(*taken, now_);
    EXPECT_FALSE(take("two"));
  }
  queue_->give_back(*taken);
  EXPECT_TRUE(take("two"));
}

TEST_F(RunQueueTest, OneThatEndsBeforeItBeganSaysWhy) {
  const std::int64_t run = add();
  EXPECT_TRUE(queue_->end(*take(), RunState::Failed, "lochan.yaml:3: unknown key", now_));
  EXPECT_EQ(Journal(*state_).find(run)->message, "lochan.yaml:3: unknown key");
  EXPECT_EQ(state_of(run), RunState::Failed);
  EXPECT_TRUE(queue_->is_empty());
}

TEST_F(RunQueueTest, ACancelledOneNeverBegins) {
  const std::int64_t run = add();
  const auto taken = take();
  const CancelOutcome outcome = cancel_run(*state_, run, "anna", now_);
  EXPECT_EQ(outcome.answer, CancelAnswer::Cancelled);
  EXPECT_EQ(outcome.state, RunState::Queued);
  EXPECT_EQ(state_of(run), RunState::Cancelled);
  EXPECT_THROW(begin(*taken), Error);
  EXPECT_EQ(state_of(run), RunState::Cancelled);
}

TEST_F(RunQueueTest, ANumberOfAStartIsReadBack) {
  EXPECT_EQ(to_string(parse_queued_start("42:3")), "42:3");
  for (const char* text : {"", "42", "42:", ":1", "a:1", "1:b"}) EXPECT_THROW(parse_queued_start(text), Error) << text;
}

}  // namespace
}  // namespace lochan
