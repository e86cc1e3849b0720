// One DuckDB database in memory, with its settings and the extensions that have been loaded into it.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "engine/duckdb_handle.h"
#include "engine/engine.h"
#include "engine/outside_tables.h"

namespace lochan {

/// Half of what is free now, or of what the control group allows if that is less: "1234MiB".
std::string default_memory_limit();

/// May be shared between threads.
class Instance {
 public:
  /// With the extensions that the lake needs, or with none. Throws Error{Unavailable} when it can't be opened,
  /// Error{Project} for a setting that DuckDB refuses.
  explicit Instance(EngineOptions options, bool has_lake = false);

  DuckConnection connect();
  /// Loads an extension file once. Throws Error{Unavailable} that names the missing file.
  void load_extension(std::string_view name);
  std::uint64_t next_lake() { return ++lakes_; }
  OutsideTables& outside_tables() { return outside_tables_; }

  bool is_invalidated() const { return invalidated_; }
  void invalidate() { invalidated_ = true; }

 private:
  std::filesystem::path file(std::string_view extension) const;
  void set_up_s3(const DuckConnection& connection) const;
  void load_for_lake();

  EngineOptions options_;
  OutsideTables outside_tables_;  // outlives the database, whose function finds them
  DuckDatabase database_;
  std::atomic<bool> invalidated_ = false;
  std::atomic<std::uint64_t> lakes_ = 0;
  std::mutex mutex_;
  std::set<std::string, std::less<>> loaded_;  // guarded by mutex_
};

}  // namespace lochan
