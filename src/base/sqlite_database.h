// A SQLite file as a Database: WAL, every writing transaction BEGIN IMMEDIATE and short.
#pragma once

#include <filesystem>
#include <memory>

#include "base/database.h"

namespace lochan {

struct SqliteOptions {
  bool read_only = false;
  /// How long a statement waits for another process's transaction.
  int busy_timeout_ms = 30'000;
};

/// Opens or makes the file (and its folder). Throws Error{Unavailable} when it is locked for too long or can't be
/// opened, Error{Data} when it isn't a database.
std::unique_ptr<Database> open_sqlite(const std::filesystem::path& path, SqliteOptions options = {});

}  // namespace lochan
