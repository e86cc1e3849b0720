// A real MariaDB server for tests: started by tests/services/mysql.sh if it isn't running.
#pragma once

#include <string>

#include "base/mysql_connection.h"

namespace lochan {

/// A database of its own on the server; dropped with the object.
class MysqlDatabase {
 public:
  MysqlDatabase();
  ~MysqlDatabase();
  MysqlDatabase(const MysqlDatabase&) = delete;
  MysqlDatabase& operator=(const MysqlDatabase&) = delete;

  const std::string& name() const { return name_; }
  const std::string& url() const { return url_; }
  int port() const;
  /// Of the server: a file in PEM.
  static std::string certificate();
  void execute(const std::string& sql) const { MysqlConnection(url_, "test").execute(sql); }

 private:
  std::string server_;
  std::string name_;
  std::string url_;
};

}  // namespace lochan
