// Workers of several hosts on one queue in PostgreSQL.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <future>
#include <set>

#include "base/hash.h"
#include "run/run_queue.h"
#include "run/state_migrations.h"
#include "tests/support/test_state.h"

namespace lochan {
namespace {

TEST(RunQueueService, NoTwoWorkersTakeOne) {
  ::setenv("LOCHAN_TEST_STATE", "postgresql", 1);
  const std::filesystem::path folder = std::filesystem::temp_directory_path() / ("lochan-" + random_uuid());
  const Instant now = parse_instant("2026-11-21T03:46:00Z");
  const auto state = open_test_state(folder);
  migrate(*state, state_migrations());
  constexpr int kRuns = 60;
  for (int i = 0; i < kRuns; ++i) RunQueue(*state).add({}, "", now);

  const auto work = [&](const std::string& name) {
    const auto own = open_test_state(folder);
    std::vector<std::int64_t> runs;
    while (const auto taken = RunQueue(*own).take(name, now, true)) runs.push_back(taken->run);
    return runs;
  };
  std::vector<std::future<std::vector<std::int64_t>>> workers;
  for (const char* name : {"one", "two", "three", "four"})
    workers.push_back(std::async(std::launch::async, work, name));
  std::vector<std::int64_t> all;
  for (auto& worker : workers) std::ranges::copy(worker.get(), std::back_inserter(all));
  // Who finds the oldest in another's hands passes it by, so that the last may be left for a moment.
  std::ranges::copy(work("five"), std::back_inserter(all));
  EXPECT_EQ(all.size(), std::size_t{kRuns});
  EXPECT_EQ(std::set(all.begin(), all.end()).size(), std::size_t{kRuns});
}

TEST(RunQueueService, WaitsForNoWritersTurn) {
  ::setenv("LOCHAN_TEST_STATE", "postgresql", 1);
  const std::filesystem::path folder = std::filesystem::temp_directory_path() / ("lochan-" + random_uuid());
  const Instant now = parse_instant("2026-11-21T03:46:00Z");
  const auto state = open_test_state(folder), other = open_test_state(folder);
  migrate(*state, state_migrations());
  RunQueue(*state).add({}, "", now);
  std::optional<QueuedStart> taken;
  state->write(
      [&] { taken = std::async(std::launch::async, [&] { return RunQueue(*other).take("one", now, true); }).get(); });
  EXPECT_TRUE(taken);
}

}  // namespace
}  // namespace lochan
