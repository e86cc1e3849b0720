// One snapshot of a PostgreSQL database, seen by as many connections as are wanted at once.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/postgres_connection.h"
#include "engine/outside_table.h"
#include "source/postgres_column.h"

namespace lochan {

class PostgresSnapshot {
 public:
  /// Takes the snapshot in a transaction that only reads, of a connection that is idle, or connects. Throws Error{Unavailable}
  /// when the server is away.
  PostgresSnapshot(std::string url, std::string name, std::function<bool()> is_stopped,
                   std::unique_ptr<PostgresConnection> idle = nullptr);

  /// The transaction that holds the snapshot. For the session's own thread, and not for rows.
  PostgresConnection& connection() { return *holder_; }

  /// A connection in a transaction of the same snapshot. May be called from any thread.
  std::unique_ptr<PostgresConnection> take();
  /// For the next who takes one; only when its statement has ended.
  void give_back(std::unique_ptr<PostgresConnection> connection);

  const std::string& name() const { return name_; }
  int version() const { return version_; }
  bool is_utf8() const { return is_utf8_; }

 private:
  std::unique_ptr<PostgresConnection> connect() const;

  const std::string url_;
  const std::string name_;
  const std::function<bool()> is_stopped_;
  std::unique_ptr<PostgresConnection> holder_;
  std::string exported_;
  int version_ = 0;
  bool is_utf8_ = true;
  std::mutex mutex_;
  std::vector<std::unique_ptr<PostgresConnection>> idle_;  // guarded by mutex_
};

/// Rows of selects over one table, one part for each, from one snapshot.
struct PostgresRead {
  std::string table;                    // what messages call it
  std::vector<PostgresColumn> columns;  // what each select gives
  std::vector<std::string> selects;
  std::int64_t expected_rows = 0;
};
std::shared_ptr<OutsideTable> make_outside_table(std::shared_ptr<PostgresSnapshot> snapshot, PostgresRead read);

}  // namespace lochan
