#include "run/leases.h"

#include <fmt/format.h>

#include <condition_variable>
#include <mutex>

#include "base/error.h"

namespace lochan {
namespace {

// Microseconds since 1970 by the database's clock, at this statement.
constexpr std::string_view kNow = "cast(extract(epoch from clock_timestamp()) * 1000000 as bigint)";
// Nobody could renew while the server was away.
constexpr std::string_view kServerStarted = "cast(extract(epoch from pg_postmaster_start_time()) * 1000000 as bigint)";

std::string has_run_out_now(std::string_view lease, std::int64_t length) {
  return fmt::format("{0}.expires_at < {1} and ({0}.expires_at = 0 or {2} + {3} < {1})", lease, kNow, kServerStarted, length);
}

std::int64_t micros(std::chrono::milliseconds length) {
  return std::chrono::duration_cast<std::chrono::microseconds>(length).count();
}

}  // namespace

std::optional<std::int64_t> Leases::take(const std::string& name, const std::string& holder) {
  const auto rows = state_.query(
      fmt::format("insert into lease(name, holder, token, expires_at) values ($1, $2, 1, {0} + $3) on conflict(name) do update "
                  "set holder = excluded.holder, token = lease.token + 1, expires_at = excluded.expires_at where {1} returning token",
                  kNow, has_run_out_now("lease", micros(length_))),
      {name, holder, micros(length_)});
  if (rows.empty()) return std::nullopt;
  return rows[0].integer(0);
}

bool Leases::renew(const std::string& name, std::int64_t token) {
  return !state_
              .query(fmt::format("update lease set expires_at = {} + $3 where name = $1 and token = $2 returning token", kNow),
                     {name, token, micros(length_)})
              .empty();
}

bool Leases::is_current(const std::string& name, std::int64_t token) const {
  return !state_.query("select 1 from lease where name = $1 and token = $2", {name, token}).empty();
}

bool Leases::has_run_out(const std::string& name) const {
  const auto rows =
      state_.query(fmt::format("select cast({} as integer) from lease where name = $1", has_run_out_now("lease", micros(length_))), {name});
  return rows.empty() || rows[0].integer(0) != 0;
}

std::string Leases::holder(const std::string& name) const {
  const auto rows = state_.query(fmt::format("select holder from lease where name = $1 and not ({})",
                                             has_run_out_now("lease", micros(length_))),
                                 {name});
  return rows.empty() ? "" : rows[0].text(0);
}

void Leases::let_go(const std::string& name, std::int64_t token) {
  state_.execute_later("update lease set expires_at = 0 where name = $1 and token = $2", {name, token});
}

void Leases::forget(const std::string& name) { state_.execute_later("delete from lease where name = $1", {name}); }

HeldLease::HeldLease(Leases& leases, std::string name, std::int64_t token)
    : leases_(leases), name_(std::move(name)), token_(token), thread_([this](const std::stop_token& done) { renew(done); }) {}

void HeldLease::require() const {
  if (leases_.is_current(name_, token_)) return;
  throw Error(ErrorKind::Conflict, fmt::format("the lease of `{}` was taken over by another host", name_))
      .hint("this process had stood still, or was cut off from the state, for longer than `run.lease`: nothing that it did since is kept");
}

void HeldLease::renew(const std::stop_token& done) noexcept {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::unique_lock lock(mutex);
  while (!done.stop_requested()) {
    changed.wait_for(lock, done, leases_.length() / 3, [] { return false; });
    if (done.stop_requested()) return;
    try {
      if (leases_.renew(name_, token_)) continue;
      is_lost_ = true;
      return;
    } catch (const std::exception&) {
      // The state is away: whether the lease ran out is found when it is back.
    }
  }
}

}  // namespace lochan
