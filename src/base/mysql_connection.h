// A connection to a MySQL or MariaDB server, by MariaDB's client library
// (https://mariadb.com/kb/en/mariadb-connector-c/).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/mysql_url.h"

struct st_mysql;
struct st_mysql_res;

namespace lochan {

/// What an answer says of one of its columns.
struct MysqlField {
  std::string name;
  int type = 0;  // enum_field_types
  std::uint32_t length = 0;
  std::uint32_t decimals = 0;
  bool is_unsigned = false;
  bool is_binary = false;  // bytes, not text
};

struct MysqlRows {
  std::vector<std::vector<std::optional<std::string>>> rows;

  bool empty() const { return rows.empty(); }
  /// The value of the first row's first column. Throws Error{Internal} when it isn't there.
  const std::string& value() const;
};

/// Belongs to one thread at a time. Every statement throws: Error{Unavailable} when the server is away, shuts down or
/// ended the statement for another one's sake; else Error{Data} with the server's message.
class MysqlConnection {
 public:
  /// `name` is what messages call it. Text is UTF-8, and times with a zone are UTC.
  MysqlConnection(const std::string& url, std::string name);
  ~MysqlConnection();
  MysqlConnection(const MysqlConnection&) = delete;
  MysqlConnection& operator=(const MysqlConnection&) = delete;

  void execute(const std::string& sql);
  MysqlRows query(const std::string& sql);
  /// Rows one by one as the server sends them: nothing else can be asked until `end_read`.
  void begin_read(const std::string& sql);
  const std::vector<MysqlField>& fields() const { return fields_; }
  /// False when all were read. Each value is valid until the next call; its data is null for null.
  bool read_row(std::vector<std::string_view>& values);
  /// The server does not go on to send what was not read.
  void end_read() noexcept;

  /// Asked ten times a second: when it says yes, what the server does for this connection ends, with Error{Unavailable}
  /// "interrupted".
  void stop_when(std::function<bool()> is_stopped);

  /// The last error's number, such as 1146; 0: none.
  unsigned last_code() const { return code_; }
  const MysqlSettings& settings() const { return settings_; }
  bool is_mariadb() const { return is_mariadb_; }

 private:
  struct Close {
    void operator()(st_mysql* connection) const noexcept;
  };
  struct Free {
    void operator()(st_mysql_res* result) const noexcept;
  };

  void connect();
  void keep_alive() const;
  Error failed();
  void kill(std::string_view what) noexcept;
  void read_fields();

  const std::string name_;
  const MysqlSettings settings_;
  std::unique_ptr<st_mysql, Close> connection_;
  std::unique_ptr<st_mysql_res, Free> result_;  // of what is read row by row
  std::vector<MysqlField> fields_;
  bool is_at_end_ = true;
  bool is_mariadb_ = false;
  unsigned long id_ = 0;  // of the connection at the server
  unsigned code_ = 0;
  std::function<bool()> is_stopped_;
  int watched_ = -1;  // the connection's socket, for what follows
  std::jthread watch_;
};

namespace mysql {

/// a`b becomes `a``b`, with backticks around it.
std::string identifier(std::string_view name);
/// it's becomes 'it\'s'.
std::string literal(std::string_view text);

}  // namespace mysql
}  // namespace lochan
