#include "simulate/shop.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "simulate/shop_schema.h"
#include "simulate/shop_tick.h"

namespace lochan {
namespace {

using std::chrono::microseconds;
using text::plural;

// A database that is locked or away is asked again so often, and a pause is never shorter than the least.
constexpr std::chrono::milliseconds kAskAgain{1000}, kLeastPause{100};

std::string describe(const TickCounts& counts) {
  const ShopRows& rows = counts.inserted;
  std::vector<std::string> inserted;
  if (rows.customer > 0) inserted.push_back(plural(rows.customer, "customer"));
  if (rows.product > 0) inserted.push_back(plural(rows.product, "product"));
  if (rows.employee > 0) inserted.push_back(plural(rows.employee, "employee"));
  if (rows.sale > 0) inserted.push_back(plural(rows.sale, "sale"));
  if (rows.sale_item > 0) inserted.push_back(plural(rows.sale_item, "sale item"));
  std::string text = inserted.empty() ? "nothing new" : fmt::format("new: {}", fmt::join(inserted, ", "));
  if (counts.updated > 0) text += fmt::format("; {} updated", plural(counts.updated, "row"));
  if (counts.deleted_sales > 0)
    text +=
        fmt::format("; {} with {} deleted", plural(counts.deleted_sales, "sale"), plural(counts.deleted_items, "item"));
  return text;
}

class Life {
 public:
  Life(Database& shop, const std::string& name, const ShopConfig& config, const Clock& clock, Log& log,
       std::stop_token stop)
      : shop_(shop), name_(name), config_(config), clock_(clock), log_(log), stop_(std::move(stop)) {}

  void live() {
    if (!until_written([&] { open(); })) return;
    const Instant began = config_.fast ? state_.last_tick_at : clock_.now();
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
    const Instant now = config_.fast ? state_.last_tick_at : clock_.now();
    return config_.stop_after && now - began >= *config_.stop_after;
  }

  void open() {
    create_shop_tables(shop_);
    if (const auto found = read_generator_state(shop_)) {
      state_ = *found;
      message_ = fmt::format("goes on after tick {} at {}", state_.ticks, shop_timestamp(state_.last_tick_at));
      return;
    }
    state_ = {.last_tick_at = config_.fast ? config_.start : clock_.now()};
    const TickCounts counts = open_shop(shop_, name_, config_, log_, state_);
    message_ = fmt::format("opens at {}; {}", shop_timestamp(state_.last_tick_at), describe(counts));
  }

  void tick() {
    const std::int64_t tried = state_.ticks;
    state_ = read_generator_state(shop_).value();  // a tick that was rolled back has left its marks in the copy
    if (is_commit_unknown_ && state_.ticks == tried) return;  // it was written, and only its answer was lost
    const Instant at = config_.fast ? state_.last_tick_at + config_.tick_interval
                                    : std::max(clock_.now(), state_.last_tick_at + microseconds{1});
    const TickCounts counts = run_tick(shop_, name_, config_, log_, at, state_);
    message_ = fmt::format("tick {} at {}; {}", state_.ticks, shop_timestamp(at), describe(counts));
  }

  // One transaction, tried until the database takes it. False when a stop was asked for before it did.
  template <typename Work>
  bool until_written(const Work& work) {
    for (;;) {
      const auto began = std::chrono::steady_clock::now();
      try {
        shop_.write(work);
        is_commit_unknown_ = false;
        info(message_);
        return true;
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::Unavailable && error.kind() != ErrorKind::CommitUnknown) throw;
        is_commit_unknown_ = is_commit_unknown_ || error.kind() == ErrorKind::CommitUnknown;
        log_.write(LogLevel::Warn, fmt::format("{}: waits for its database: {}", name_, error.message()));
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

  void info(const std::string& message) { log_.write(LogLevel::Info, fmt::format("{}: {}", name_, message)); }

  Database& shop_;
  const std::string& name_;
  const ShopConfig& config_;
  const Clock& clock_;
  Log& log_;
  std::stop_token stop_;
  GeneratorState state_;
  bool is_commit_unknown_ = false;  // of the transaction under way: the database went away before it answered
  std::string message_;  // of the transaction under way, for when it is committed
};

}  // namespace

void simulate_shop(Database& target, const std::string& name, const ShopConfig& config, const Clock& clock, Log& log,
                   std::stop_token stop) {
  check_shop_config(config);
  Life(target, name, config, clock, log, std::move(stop)).live();
}

void simulate_shops(std::span<const Shop> shops, const ShopConfig& config, const Clock& clock, Log& log,
                    std::stop_token stop) {
  check_shop_config(config);
  std::stop_source all;
  const std::stop_callback pass_on(stop, [&] { all.request_stop(); });
  std::mutex mutex;
  std::exception_ptr failure;  // guarded by mutex: the first
  {
    std::vector<std::jthread> threads;
    for (const Shop& shop : shops) {
      threads.emplace_back([&, token = all.get_token()] {
        try {
          simulate_shop(shop.database, shop.name, config, clock, log, token);
        } catch (...) {
          const std::lock_guard lock(mutex);
          if (!failure) failure = std::current_exception();
          all.request_stop();
        }
      });
    }
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace lochan
