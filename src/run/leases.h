// Leases: who may act for a run, or for the schedules, where several hosts share the state. A lease runs out by the
// database's clock unless its holder renews it; whoever takes it then gets a higher token, and a transaction of the earlier
// holder that asks for its own is refused, however late the holder wakes up.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>

#include "base/database.h"

namespace lochan {

/// May be shared between threads. For a state in PostgreSQL: in a file `flock` tells who lives.
class Leases {
 public:
  Leases(Database& state, std::chrono::milliseconds length) : state_(state), length_(length) {}

  std::chrono::milliseconds length() const { return length_; }
  /// Inside a `write`: the token, or nothing when another holder's hasn't run out.
  std::optional<std::int64_t> take(const std::string& name, const std::string& holder);
  /// False when it was taken over. Waits for no writer's turn.
  bool renew(const std::string& name, std::int64_t token);
  bool is_current(const std::string& name, std::int64_t token) const;
  /// Also true of one that nobody ever took. After the server's own start holders have time to come back.
  bool has_run_out(const std::string& name) const;
  /// Who holds it, "" when nobody does.
  std::string holder(const std::string& name) const;
  /// Inside a `write`, of the holder: the next one may take it at once.
  void let_go(const std::string& name, std::int64_t token);
  /// Inside a `write`: of what is over for good, such as a run.
  void forget(const std::string& name);

 private:
  Database& state_;
  const std::chrono::milliseconds length_;
};

/// A lease that was taken, renewed by a thread until the object goes. It isn't let go then.
class HeldLease {
 public:
  HeldLease(Leases& leases, std::string name, std::int64_t token);

  /// Inside a `write`: throws Error{Conflict} when somebody has taken it over. From there to the commit nobody can.
  void require() const;
  /// As far as the thread knows.
  bool is_lost() const { return is_lost_; }
  const std::string& name() const { return name_; }
  std::int64_t token() const { return token_; }

 private:
  void renew(const std::stop_token& done) noexcept;

  Leases& leases_;
  const std::string name_;
  const std::int64_t token_;
  std::atomic<bool> is_lost_ = false;
  std::jthread thread_;
};

}  // namespace lochan
