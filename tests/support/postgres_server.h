// A real PostgreSQL server for tests: started by tests/services/postgres.sh if it isn't running.
#pragma once

#include <string>

#include "base/postgres_connection.h"

namespace lochan {

/// A database of its own on the server; dropped with the object, with force.
class PostgresDatabase {
 public:
  PostgresDatabase();
  ~PostgresDatabase();
  PostgresDatabase(const PostgresDatabase&) = delete;
  PostgresDatabase& operator=(const PostgresDatabase&) = delete;

  const std::string& url() const { return url_; }
  PostgresConnection connect() const { return PostgresConnection(url_, "test"); }

 private:
  std::string server_;
  std::string name_;
  std::string url_;
};

}  // namespace lochan
