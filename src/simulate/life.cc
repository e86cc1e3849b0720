#include "simulate/life.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/text.h"

namespace lochan {
namespace {

using std::chrono::microseconds;
using text::plural;

// A database that is locked or away is asked again so often, and a pause is never shorter than the least.
constexpr std::chrono::milliseconds kAskAgain{1000}, kLeastPause{100};

class Life {
 public:
  Life(Living& living, const LifeConfig& config, const Clock& clock, Log& log, std::stop_token stop)
      : living_(living), config_(config), clock_(clock), log_(log), stop_(std::move(stop)) {}

  void live() {
    if (!until_written([&] { open(); })) return;
    const Instant began = config_.fast ? moment_.last_tick_at : clock_.now();
    std::int64_t done = 0;
    while (!stop_.stop_requested() && !is_over(done, began)) {
      const auto next = std::chrono::steady_clock::now() + config_.tick_interval;
      if (!until_written([&] { tick(); })) break;
      ++done;
      if (!config_.fast && !is_over(done, began)) wait_until(next);
    }
    info(fmt::format("stopped after {}", plural(done, "tick")));
  }

 private:
  bool is_over(std::int64_t done, Instant began) const {
    if (config_.ticks && done >= *config_.ticks) return true;
    const Instant now = config_.fast ? moment_.last_tick_at : clock_.now();
    return config_.stop_after && now - began >= *config_.stop_after;
  }

  void open() {
    living_.make_tables();
    if (const auto found = living_.find()) {
      moment_ = *found;
      message_ = fmt::format("goes on after tick {} at {}", moment_.ticks, simulated_timestamp(moment_.last_tick_at));
      return;
    }
    moment_ = {.last_tick_at = config_.fast ? config_.start : clock_.now()};
    message_ = fmt::format("opens at {}; {}", simulated_timestamp(moment_.last_tick_at), living_.open(moment_));
  }

  void tick() {
    const std::int64_t tried = moment_.ticks;
    moment_ = living_.find().value();  // a tick that was rolled back has left its marks in the copy
    if (is_commit_unknown_ && moment_.ticks == tried) return;  // it was written, and only its answer was lost
    const Instant at = config_.fast ? moment_.last_tick_at + config_.tick_interval
                                    : std::max(clock_.now(), moment_.last_tick_at + microseconds{1});
    moment_ = {.ticks = moment_.ticks + 1, .last_tick_at = at};
    message_ = fmt::format("tick {} at {}; {}", moment_.ticks, simulated_timestamp(at), living_.tick(moment_));
  }

  // One transaction, tried until the database takes it. False when a stop was asked for before it did.
  template <typename Work>
  bool until_written(const Work& work) {
    for (;;) {
      const auto began = std::chrono::steady_clock::now();
      try {
        living_.database().write(work);
        is_commit_unknown_ = false;
        info(message_);
        return true;
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::Unavailable && error.kind() != ErrorKind::CommitUnknown) throw;
        is_commit_unknown_ = is_commit_unknown_ || error.kind() == ErrorKind::CommitUnknown;
        log_.write(LogLevel::Warn, fmt::format("{}: waits for its database: {}", living_.name(), error.message()));
      }
      wait_until(std::max(began + kAskAgain, std::chrono::steady_clock::now() + kLeastPause));
      if (stop_.stop_requested()) return false;
    }
  }

  void wait_until(std::chrono::steady_clock::time_point time) {
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any().wait_until(lock, stop_, time, [] { return false; });
  }

  void info(const std::string& message) { log_.write(LogLevel::Info, fmt::format("{}: {}", living_.name(), message)); }

  Living& living_;
  const LifeConfig& config_;
  const Clock& clock_;
  Log& log_;
  std::stop_token stop_;
  LifeMoment moment_;
  bool is_commit_unknown_ = false;  // of the transaction under way: the database went away before it answered
  std::string message_;             // of the transaction under way, for when it is committed
};

}  // namespace

void check_life_config(const LifeConfig& config) {
  if (config.fast && !config.ticks && !config.stop_after)
    throw Error(ErrorKind::Usage, "simulated time has no end")
        .hint("give a number of ticks or `stop_generator_after_sec`");
}

std::string simulated_timestamp(Instant instant) {
  std::string text = to_string(instant);
  text.resize(text.size() - std::string_view("+00").size());
  return text;
}

std::string simulated_day(Instant instant) {
  return to_string(instant).substr(0, std::string_view("2026-11-21").size());
}

void live(Living& living, const LifeConfig& config, const Clock& clock, Log& log, std::stop_token stop) {
  Life(living, config, clock, log, std::move(stop)).live();
}

void live_all(std::span<Living* const> all, const LifeConfig& config, const Clock& clock, Log& log,
              std::stop_token stop) {
  std::stop_source every;
  const std::stop_callback pass_on(stop, [&] { every.request_stop(); });
  std::mutex mutex;
  std::exception_ptr failure;  // guarded by mutex: the first
  {
    std::vector<std::jthread> threads;
    for (Living* living : all) {
      threads.emplace_back([&, living, token = every.get_token()] {
        try {
          live(*living, config, clock, log, token);
        } catch (...) {
          const std::lock_guard lock(mutex);
          if (!failure) failure = std::current_exception();
          every.request_stop();
        }
      });
    }
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace lochan
