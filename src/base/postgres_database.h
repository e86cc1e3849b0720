// A PostgreSQL database as a Database: one writer at a time, as a SQLite file has it.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/database.h"

namespace lochan {

struct PostgresOptions {
  /// How long a statement waits for another one's lock.
  std::chrono::milliseconds lock_timeout{30'000};
};

/// Connects to `url` as libpq reads it; `name` is what messages call it. A connection that was lost is made again by the
/// next call that is not inside a `write`. Numbers with a fraction of their own precision (numeric) come as text.
/// Throws Error{Unavailable} when the server is away or a lock isn't given in time, Error{Data} when it refuses;
/// `write` throws Error{CommitUnknown} when the server went away while it committed.
std::unique_ptr<Database> open_postgres(const std::string& url, const std::string& name, PostgresOptions options = {});

}  // namespace lochan
