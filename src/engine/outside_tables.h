// The outside tables of one instance, as its function `lochan_outside(id)` finds them. For this folder only.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/error.h"
#include "engine/duckdb_handle.h"
#include "engine/outside_table.h"

namespace lochan {

/// The first error of a session's readers. May be shared between threads.
class ReaderFault {
 public:
  void keep(const Error& error);
  /// The error, once.
  std::optional<Error> take();

 private:
  std::mutex mutex_;
  std::optional<Error> error_;  // guarded by mutex_
};

struct RegisteredTable {
  std::shared_ptr<OutsideTable> table;  // shared with the statements that read it
  std::shared_ptr<ReaderFault> fault;   // the session's
};

/// May be shared between threads.
class OutsideTables {
 public:
  void add(const std::string& id, RegisteredTable table);
  void remove(const std::string& id);
  std::optional<RegisteredTable> find(const std::string& id) const;
  /// Makes the function in the instance that `connection` belongs to; this object must outlive it.
  void make_function(duckdb_connection connection);

 private:
  mutable std::mutex mutex_;
  std::map<std::string, RegisteredTable> tables_;  // guarded by mutex_
};

}  // namespace lochan
