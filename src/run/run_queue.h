// Runs that wait for a worker: rows of the state. A worker takes one, and starts a process for it that begins the run.
// What is taken and hasn't begun after a while, because worker and process are gone, may be taken again; the process
// that comes late is refused, by the number of the start.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/database.h"
#include "base/migration.h"
#include "run/journal.h"
#include "run/run.h"

namespace lochan {

/// "42:1", and back; throws Error{Usage} for anything else.
std::string to_string(const QueuedStart& start);
QueuedStart parse_queued_start(std::string_view text);

/// Reads and writes rows; holds nothing.
class RunQueue {
 public:
  static std::span<const Migration> migrations();
  /// What was taken so long ago, and has neither begun nor been renewed, may be taken again.
  static constexpr std::chrono::seconds kSilence{60};

  explicit RunQueue(Database& state) : state_(state) {}

  /// The run's number. Its row in the journal says `queued`.
  std::int64_t add(const RunRequest& request, const std::string& selection, Instant now);
  bool is_empty() const;

  /// The oldest that waits, for this worker; nothing when there is none. No two workers get the same. `is_shared`: the
  /// state is in PostgreSQL.
  std::optional<QueuedStart> take(const std::string& worker, Instant now, bool is_shared);
  /// Of a worker whose process has yet to begin the run.
  void renew(const QueuedStart& start, Instant now);
  /// It may be taken by anyone.
  void give_back(const QueuedStart& start);

  /// What is to be run. Throws Error{Conflict} when it was cancelled, or taken by another.
  RunRequest request(const QueuedStart& start) const;
  /// Inside a `write`: it runs now, as the record says. Throws as `request` does.
  void begin(const QueuedStart& start, const RunRecord& record);
  /// It ends without having begun; false when it has, or was taken by another.
  bool end(const QueuedStart& start, RunState state, const std::string& message, Instant now);
  /// The same, of one that a person doesn't want any more.
  bool drop(std::int64_t run, const std::string& message, Instant now);

 private:
  void require(const QueuedStart& start) const;
  bool end_where(const std::string& where, std::span<const DbValue> values, std::int64_t run, RunState state,
                 const std::string& message, Instant now);

  Database& state_;
};

}  // namespace lochan
