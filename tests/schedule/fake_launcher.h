// A lake with schedules and a clock that is set, and a launcher whose processes do what runs do to the state, when the
// test says so: bind their tick to a run of their own, end, or die at any moment.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "project/project.h"
#include "run/journal.h"
#include "run/lake.h"
#include "run/recovery.h"
#include "schedule/launcher.h"
#include "schedule/schedule_rows.h"
#include "schedule/supervisor.h"
#include "tests/support/test_state.h"

namespace lochan {

class SetClock final : public Clock {
 public:
  Instant now() const override { return now_; }
  /// Time passes until then, or the clock is set back.
  void set(std::string_view text) { set(parse_instant(text)); }
  void set(Instant at) {
    uptime_ += std::max(std::chrono::microseconds{0}, at - now_);
    now_ = at;
  }
  void advance(std::chrono::microseconds by) { set(now_ + by); }
  /// Somebody sets it: no time passes.
  void jump(std::chrono::microseconds by) { now_ += by; }
  std::chrono::microseconds uptime() const { return uptime_; }

 private:
  Instant now_ = parse_instant("2026-11-21T10:00:00Z");
  std::chrono::microseconds uptime_{std::chrono::hours{1}};
};

/// A process of `lochan run --tick`: what it has done so far is in the state.
struct FakeProcess {
  TickKey tick;
  std::vector<std::string> arguments;
  std::chrono::microseconds began{};  // by uptime
  std::int64_t run = 0;               // once it is bound
  std::optional<FileLock> lock{};
  std::optional<std::int64_t> lease{};  // where the state is shared: as long as the test lasts
};

/// The machine's processes: they outlive a supervisor and its launcher.
class FakeMachine {
 public:
  FakeMachine(Lake& lake, const SetClock& set_clock) : clock(set_clock), lake_(lake) {}

  const SetClock& clock;

  std::map<std::int64_t, FakeProcess> processes;  // that run
  std::map<std::int64_t, ExitStatus> ended;       // not yet told
  std::vector<std::pair<std::int64_t, int>> signals;
  int starts = 0;
  int refuse = 0;  // so many starts fail

  std::int64_t only() const {
    EXPECT_EQ(processes.size(), 1u);
    return processes.empty() ? 0 : processes.begin()->first;
  }
  /// As run/started_run.cc does it: its lock, its row and its tick's in one transaction.
  void bind(std::int64_t process) {
    FakeProcess& fake = processes.at(process);
    RunRecord record;
    record.command = "run";
    record.target = "main";
    record.process = process;
    record.started_at = lake_.clock().now();
    lake_.state().write([&] {
      record.run = fake.run = Journal(lake_.state()).next_number();
      fake.lock = FileLock::try_acquire(run_lock_path(lake_.home(), record.run));
      if (lake_.leases() != nullptr) fake.lease = lake_.leases()->take(run_lease_name(record.run), lake_.place());
      Journal(lake_.state()).insert(record);
      Ticks(lake_.state()).bind(fake.tick, record.run);
    });
  }
  /// The run and its tick end in one transaction; the process hasn't.
  void close(std::int64_t process, RunState state, const std::string& message = "") {
    const FakeProcess& fake = processes.at(process);
    lake_.state().write([&] {
      Journal(lake_.state()).finish(fake.run, state, 0, lake_.clock().now(), message);
      Ticks(lake_.state()).end(fake.tick, state, message, lake_.clock().now());
    });
  }
  /// The whole of a run that ends like this.
  void finish(std::int64_t process, RunState state, const std::string& message = "") {
    if (processes.at(process).run == 0) bind(process);
    close(process, state, message);
    exit(process, state == RunState::Succeeded ? 0 : 1);
  }
  void exit(std::int64_t process, int code) {
    end(process);
    ended[process] = {code, 0};
  }
  /// Its lock goes, its rows stay as they are.
  void kill(std::int64_t process) {
    end(process);
    ended[process] = {137, 9};
  }

 private:
  // Its lease as if it had run out.
  void end(std::int64_t process) {
    const FakeProcess& fake = processes.at(process);
    if (fake.lease) lake_.state().write([&] { lake_.leases()->let_go(run_lease_name(fake.run), *fake.lease); });
    processes.erase(process);
  }

  Lake& lake_;
};

class FakeLauncher final : public Launcher {
 public:
  explicit FakeLauncher(FakeMachine& machine) : machine_(machine) {}

  std::int64_t start(const TickKey& tick, const std::vector<std::string>& arguments) override {
    if (machine_.refuse > 0) {
      --machine_.refuse;
      throw Error(ErrorKind::Unavailable, "no process could be started: out of memory");
    }
    const std::int64_t id = 1000 + machine_.starts++;
    machine_.processes[id] = {tick, arguments, machine_.clock.uptime()};
    children_.insert(id);
    return id;
  }
  std::vector<EndedProcess> take_ended() override {
    std::vector<EndedProcess> result;
    for (auto ended = machine_.ended.begin(); ended != machine_.ended.end();) {
      if (children_.contains(ended->first)) result.push_back({ended->first, ended->second, ""});
      ended = machine_.ended.erase(ended);
    }
    return result;
  }
  bool is_alive(const TickKey& tick, std::int64_t process) override {
    const auto found = machine_.processes.find(process);
    return found != machine_.processes.end() && found->second.tick == tick;
  }
  std::optional<std::chrono::seconds> age(const TickKey& tick, std::int64_t process) override {
    if (!is_alive(tick, process)) return std::nullopt;
    return std::chrono::ceil<std::chrono::seconds>(machine_.clock.uptime() - machine_.processes.at(process).began);
  }
  void signal(const TickKey&, std::int64_t process, int number) override {
    machine_.signals.emplace_back(process, number);
  }

 private:
  FakeMachine& machine_;
  std::set<std::int64_t> children_;
};

class ScheduledLake : public testing::Test {
 protected:
  ScheduledLake() {
    project_.name = "test";
    project_.folder = std::filesystem::temp_directory_path() / ("lochan-" + random_uuid());
    project_.lake.location = (project_.folder / "lake").string();
    project_.state = test_state(project_.folder);
    std::filesystem::create_directories(project_.folder);
  }
  ~ScheduledLake() override {
    supervisor_.reset();
    machine_.reset();
    lake_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(project_.folder, ignored);
  }

  ScheduleConfig& add_schedule(const std::string& name, const std::string& cron) {
    ScheduleConfig schedule;
    schedule.name = name;
    if (!cron.empty()) schedule.cron = LocatedText{cron, {}};
    schedule.select = {{"source:shop+", {}}};
    return project_.schedules.emplace_back(std::move(schedule));
  }
  /// A new process that serves: whatever the last one knew is gone.
  void serve() {
    if (!lake_) {
      lake_ = std::make_unique<Lake>(project_, clock_);
      machine_ = std::make_unique<FakeMachine>(*lake_, clock_);
    }
    supervisor_.reset();
    launcher_ = std::make_unique<FakeLauncher>(*machine_);
    SupervisorOptions options;
    options.uptime = [this] { return clock_.uptime(); };
    supervisor_ = std::make_unique<Supervisor>(*lake_, *launcher_, log_, options);
    supervisor_->step();
  }
  void step_at(std::string_view text) {
    clock_.set(text);
    supervisor_->step();
  }
  void step_after(std::chrono::microseconds by) {
    clock_.advance(by);
    supervisor_->step();
  }
  /// "10:05 succeeded run 1", oldest first.
  std::vector<std::string> ticks(const std::string& schedule = "shops") {
    std::vector<std::string> lines;
    for (const Tick& tick : Ticks(lake_->state()).newest(schedule, 5000)) {
      std::string line = to_iso8601(tick.key.due_at).substr(11, 5) + " " + std::string(to_string(tick.state));
      if (tick.run > 0) line += " run " + std::to_string(tick.run);
      if (!tick.reason.empty()) line += ": " + tick.reason;
      lines.insert(lines.begin(), line);
    }
    return lines;
  }

  Project project_;
  SetClock clock_;
  NullLog log_;
  ClockJumps jumps_{[this] { return clock_.uptime(); }};
  std::unique_ptr<Lake> lake_;
  std::unique_ptr<FakeMachine> machine_;
  std::unique_ptr<FakeLauncher> launcher_;
  std::unique_ptr<Supervisor> supervisor_;
};

}  // namespace lochan
