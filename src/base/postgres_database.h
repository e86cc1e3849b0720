// A PostgreSQL database as a Database: one writer at a time, as a SQLite file has it, and readers beside it.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/database.h"

namespace lochan {

struct PostgresOptions {
  /// How long a statement waits for another one's lock.
  std::chrono::milliseconds lock_timeout{30'000};
  /// Where unqualified names lie; made when it isn't there. "": as the server has it.
  std::string schema{};
  /// How long a server is waited for that was there and is away. Nothing is waited for inside a `write`.
  std::chrono::milliseconds patience{0};
  /// A `write` that does nothing for so long is ended by the server: its process was stopped, or its host is gone, and the
  /// others wait. 0: never.
  std::chrono::milliseconds longest_pause{0};
  /// Text that PostgreSQL can't keep (a zero byte, what isn't UTF-8) is kept with U+FFFD in those places; else it is an error.
  bool mends_text = false;
};

/// Connects to `url` as libpq reads it; `name` is what messages call it. Writers take turns, by schema, over all processes
/// and hosts; threads that read don't wait for each other. A connection that was lost is made again by the next call that
/// is not inside a `write`. Numbers with a fraction of their own precision (numeric) come as text.
/// Throws Error{Unavailable} when the server is away or a lock isn't given in time, Error{Data} when it refuses;
/// `write`, and `execute` outside of one, throw Error{CommitUnknown} when the server went away while it committed: a look
/// inside a `write` then finds the transaction over, one way or the other.
std::unique_ptr<Database> open_postgres(const std::string& url, const std::string& name, PostgresOptions options = {});

/// How often the server was waited for, by all databases of this process that `open_postgres` opened.
std::int64_t postgres_round_trips();

}  // namespace lochan
