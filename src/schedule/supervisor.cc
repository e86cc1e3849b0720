#include "schedule/supervisor.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "project/scalar.h"
#include "run/journal.h"
#include "run/recovery.h"

namespace lochan {
namespace {

constexpr int kMostStarts = 3;
constexpr std::chrono::seconds kFirstDelay{2};  // before a second start; doubled
constexpr std::chrono::seconds kSilence{60};    // of a process on another host, until its run begins
constexpr int kExitUsage = 2;
constexpr int kExitInterrupted = 130;

bool is_elsewhere(Lake& lake, const Tick& tick) {
  return lake.leases() != nullptr && !tick.place.empty() && tick.place != lake.place();
}

}  // namespace

Supervisor::Supervisor(Lake& lake, Launcher& launcher, Log& log, SupervisorOptions options)
    : options_(std::move(options)),
      lake_(&lake),
      launcher_(launcher),
      log_(log),
      jumps_(options_.uptime),
      stopping_(launcher, options_.uptime) {}

void Supervisor::use(Lake& lake) {
  seat_.move_to(lake);
  lake_ = &lake;
  if (scheduler_) scheduler_.emplace(lake, jumps_);
}

bool Supervisor::become_active() {
  const bool was_active = seat_.is_taken();
  if (!seat_.take(*lake_)) {
    scheduler_.reset();
    return false;
  }
  if (!was_active) scheduler_.reset();  // another one may have acted meanwhile
  if (!scheduler_) scheduler_.emplace(*lake_, jumps_);
  return true;
}

void Supervisor::step() {
  if (!become_active()) return;
  reap();
  for (const Tick& tick : Ticks(lake_->state()).open())
    if (tick.state == TickState::Running) follow(tick);
  const std::vector<Tick> ready = look();
  const std::vector<Tick> open = Ticks(lake_->state()).open();
  stopping_.keep_only(open);
  running_ = static_cast<int>(std::ranges::count(open, TickState::Running, &Tick::state));
  for (const Tick& tick : ready)
    if (running_ < lake_->project().serve.runs) start(tick);
}

// In one transaction where hosts share the state: what it found is so still when it is written.
std::vector<Tick> Supervisor::look() {
  if (lake_->leases() == nullptr) return scheduler_->look();
  std::vector<Tick> ready;
  try {
    seat_.write([&] { ready = scheduler_->look(); });
  } catch (...) {
    scheduler_.reset();  // it knows of rows that were not kept
    throw;
  }
  return ready;
}

Instant Supervisor::wake_at() const {
  const Instant latest = lake_->clock().now() + options_.longest_sleep;
  if (!scheduler_) return latest;
  return std::min(latest, scheduler_->next().value_or(latest));
}

void Supervisor::reap() {
  for (EndedProcess& ended : launcher_.take_ended()) ended_.push_back(std::move(ended));
  // One that the state can't be told of now is told again.
  while (!ended_.empty()) {
    const auto child = children_.find(ended_.back().process);
    if (child != children_.end()) {
      reap(child->second, ended_.back());
      children_.erase(child);
    }
    ended_.pop_back();
  }
}

void Supervisor::reap(const TickKey& key, const EndedProcess& ended) {
  const auto tick = Ticks(lake_->state()).find(key);
  if (!tick) return;
  if (tick->ended_at) return tell_end(*tick);  // it has ended its tick itself
  const std::string how = to_string(ended.status);
  const std::string words = ended.last_words.empty() ? how : fmt::format("{}: {}", how, ended.last_words);
  if (tick->run > 0)
    end_with_run(*tick);
  else if (ended.status.code == kExitInterrupted)
    end(key, TickState::Cancelled, "it was stopped before its run began");
  else if (ended.status.code == kExitUsage)
    end(key, TickState::Failed, words);
  else
    start_again(*tick, words);
}

// Of one whose process isn't our child (an earlier supervisor started it) only the state and /proc tell.
void Supervisor::follow(Tick tick) {
  for (const auto& [process, key] : children_)
    if (key == tick.key) return enforce_timeout(tick, process);
  if (tick.run > 0) {
    const auto run = Journal(lake_->state()).find(tick.run);
    if (!run || run->state != RunState::Running || !is_alive(*lake_, *run)) return end_with_run(tick);
    if (is_elsewhere(*lake_, tick)) return follow_elsewhere(tick);
    return enforce_timeout(tick, run->process);
  }
  if (is_elsewhere(*lake_, tick)) return follow_elsewhere(tick);
  if (launcher_.is_alive(tick.key, tick.process)) return enforce_timeout(tick, tick.process);
  start_again(tick, "its process ended before its run began");
}

// Signals don't reach another host: a run there hears of the state. A process that has no run yet may never get one.
void Supervisor::follow_elsewhere(Tick& tick) {
  const Instant now = lake_->clock().now();
  if (tick.run == 0) {
    if (tick.started_at && now > *tick.started_at + kSilence)
      start_again(tick,
                  fmt::format("nothing was heard of its process on {}", tick.place.substr(0, tick.place.find(':'))));
    return;
  }
  const ScheduleConfig* config = scheduler_->find(tick.key.schedule);
  if (config == nullptr || !config->timeout || !tick.started_at || tick.timed_out_at) return;
  if (now <= *tick.started_at + *config->timeout) return;
  tick.timed_out_at = now;
  tick.reason = fmt::format("it took longer than its timeout of {}", show_duration(*config->timeout));
  seat_.write([&] {
    Ticks(lake_->state()).update(tick);
    Journal(lake_->state()).ask_to_cancel(tick.run, "schedule " + tick.key.schedule, now);
  });
  log_.write(LogLevel::Error, fmt::format("tick {}: {}", to_string(tick.key), tick.reason));
}

// The run's row says how it ended, once a dead one is marked so; both end the tick too, in the same transaction.
void Supervisor::end_with_run(const Tick& tick) {
  const Instant now = lake_->clock().now();
  recover_dead_runs(*lake_);
  const auto run = Journal(lake_->state()).find(tick.run);
  if (run && run->state == RunState::Running) return;
  Ticks ticks(lake_->state());
  if (run)
    ticks.end(tick.key, run->state, run->message, now);
  else
    ticks.end(tick.key, TickState::Failed, "its run is nowhere", now);
  if (const auto ended = ticks.find(tick.key)) tell_end(*ended);
}

void Supervisor::tell_end(const Tick& tick) {
  std::string line = fmt::format("tick {} {}", to_string(tick.key), to_string(tick.state));
  if (tick.run > 0) line += fmt::format(", run {}", tick.run);
  if (!tick.reason.empty()) line += ": " + tick.reason;
  log_.write(tick.state == TickState::Failed ? LogLevel::Error : LogLevel::Info, line);
}

// By how long its process has run: the clock may have been set.
void Supervisor::enforce_timeout(Tick& tick, std::int64_t process) {
  const Instant now = lake_->clock().now();
  if (!tick.timed_out_at) {
    const ScheduleConfig* config = scheduler_->find(tick.key.schedule);
    if (config == nullptr || !config->timeout) return;
    const auto age = launcher_.age(tick.key, process);
    if (!age || *age <= *config->timeout) return;
    tick.timed_out_at = now;
    tick.reason = fmt::format("it took longer than its timeout of {}", show_duration(*config->timeout));
    seat_.write([&] { Ticks(lake_->state()).update(tick); });
    log_.write(LogLevel::Error, fmt::format("tick {}: {}", to_string(tick.key), tick.reason));
  }
  stopping_.press(lake_->state(), tick, process, fmt::format("the timeout of schedule `{}`", tick.key.schedule), now);
}

// The row first: what is started after it can be found by it, and what isn't is started again.
void Supervisor::start(Tick tick) {
  tick.state = TickState::Running;
  tick.reason.clear();
  tick.process = 0;
  tick.place = lake_->place();
  tick.not_before.reset();
  tick.started_at = lake_->clock().now();
  ++tick.starts;
  Ticks ticks(lake_->state());
  seat_.write([&] {
    ticks.update(tick);
    scheduler_->begin(tick.key);
  });
  try {
    tick.process = launcher_.start(tick.key, arguments(tick));
  } catch (const Error& error) {
    return start_again(tick, error.message());
  }
  children_[tick.process] = tick.key;
  ++running_;
  seat_.write([&] { ticks.update(tick); });
  log_.write(LogLevel::Info, fmt::format("tick {} started as process {}", to_string(tick.key), tick.process));
}

void Supervisor::start_again(Tick tick, const std::string& why) {
  if (tick.starts >= kMostStarts || tick.timed_out_at)
    return end(tick.key, TickState::Failed, fmt::format("{} (started {} times)", why, tick.starts));
  tick.state = TickState::Due;
  tick.reason = why;
  tick.not_before = lake_->clock().now() + kFirstDelay * (1 << (tick.starts - 1));
  seat_.write([&] { Ticks(lake_->state()).update(tick); });
  log_.write(LogLevel::Warn, fmt::format("tick {} is started again: {}", to_string(tick.key), why));
}

void Supervisor::end(const TickKey& tick, TickState state, const std::string& reason) {
  Ticks ticks(lake_->state());
  seat_.write([&] { ticks.end(tick, state, reason, lake_->clock().now()); });
  if (const auto ended = ticks.find(tick)) tell_end(*ended);
}

std::vector<std::string> Supervisor::arguments(const Tick& tick) const {
  const ScheduleConfig& config = *scheduler_->find(tick.key.schedule);
  std::vector<std::string> arguments = {config.command == ScheduleCommand::Maintain ? "maintain" : "run", "--tick",
                                        to_string(tick.key)};
  for (const LocatedText& text : config.select) arguments.insert(arguments.end(), {"--select", *text});
  for (const LocatedText& text : config.exclude) arguments.insert(arguments.end(), {"--exclude", *text});
  return arguments;
}

}  // namespace lochan
