// A system that lives in a database: it opens, and then a tick comes after the other, each in one transaction.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/database.h"
#include "base/log.h"

namespace lochan {

/// How long it lives, and how fast.
struct LifeConfig {
  std::int64_t seed = 1;
  std::chrono::microseconds tick_interval{1'000'000};
  std::optional<std::chrono::microseconds> stop_after;
  std::optional<std::int64_t> ticks;
  bool fast = false;
  Instant start = std::chrono::sys_days{std::chrono::January / 1 / 2026} + std::chrono::hours{8};
  LogLevel log_level = LogLevel::Info;
  std::optional<std::filesystem::path> log_file;
};

/// Throws Error{Usage} for simulated time without an end.
void check_life_config(const LifeConfig& config);

/// How far a life has come.
struct LifeMoment {
  std::int64_t ticks = 0;
  Instant last_tick_at;
};

/// "2026-11-21 03:46:00.123456": how simulated tables write an instant (UTC), so that text sorts as time does.
std::string simulated_timestamp(Instant instant);
/// "2026-11-21": how they write a day.
std::string simulated_day(Instant instant);

/// What lives. Each call is made inside one transaction of its database, and made again when that was rolled back.
class Living {
 public:
  virtual ~Living() = default;
  virtual const std::string& name() const = 0;
  virtual Database& database() = 0;
  /// Makes the tables that are missing.
  virtual void make_tables() = 0;
  /// How far it came, as its database says; nothing when it has never been opened.
  virtual std::optional<LifeMoment> find() = 0;
  /// The first rows. Says what was done, for the log.
  virtual std::string open(const LifeMoment& moment) = 0;
  /// What happens next; `find` was called before in the same transaction. Says what was done.
  virtual std::string tick(const LifeMoment& moment) = 0;
};

/// Lives until the config's end or a stop is asked for, then returns after the tick that is under way. A database that
/// is locked or away is waited for. What has been opened before goes on where it stopped.
void live(Living& living, const LifeConfig& config, const Clock& clock, Log& log, std::stop_token stop);

/// Several at once, each in its own thread. When one fails the others stop, and its error is thrown.
void live_all(std::span<Living* const> all, const LifeConfig& config, const Clock& clock, Log& log,
              std::stop_token stop);

}  // namespace lochan
