// A project's lake, opened: state, files and catalog, and what every command does first (recovering dead runs).
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/database.h"
#include "catalog/catalog.h"
#include "catalog/object_store.h"
#include "catalog/rest_server.h"
#include "engine/engine.h"
#include "project/project.h"
#include "run/leases.h"

namespace lochan {

/// What the project says of retention, for its catalog.
RetentionPolicy retention_policy(const RetentionConfig& config);

class Lake {
 public:
  /// Opens or makes the state and the lake's folder; marks runs dead whose process is gone, and drops their branches.
  /// Throws when the state is of a newer version, locked, or the folder can't be written.
  Lake(const Project& project, const Clock& clock);
  ~Lake();

  const Project& project() const { return project_; }
  const Clock& clock() const { return clock_; }
  Database& state() { return *state_; }
  ObjectStore& store() { return *store_; }
  Catalog& catalog() { return *catalog_; }
  /// Runs that were found dead when this was opened.
  const std::vector<std::int64_t>& recovered() const { return recovered_; }

  /// The folder for lock files, logs, spill: `.lochan`.
  std::filesystem::path home() const;
  /// Which of the hosts that share a state this is, and where on it: `host:/projects/shop/.lochan`.
  std::string place() const;
  /// Null unless the state is shared.
  Leases* leases() { return leases_ ? &*leases_ : nullptr; }
  EngineOptions engine_options() const;
  /// The catalog's address for engines and programs of this process: started at the first call, from any thread.
  std::string uri();

 private:
  const Project& project_;
  const Clock& clock_;
  std::unique_ptr<Database> state_;
  std::unique_ptr<ObjectStore> store_;
  std::unique_ptr<Catalog> catalog_;
  std::optional<Leases> leases_;
  std::mutex server_mutex_;
  std::unique_ptr<RestServer> server_;  // guarded by server_mutex_
  std::vector<std::int64_t> recovered_;
};

}  // namespace lochan
