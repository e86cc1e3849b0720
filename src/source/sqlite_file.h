// An SQLite database file, opened for reading with libsqlite3: what is in it, not its rows.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

struct sqlite3;

namespace lochan {

/// A column as its table declares it.
struct SqliteColumn {
  std::string name;
  std::string declared;   // the type's text: `decimal(10, 2)`, or ""
  bool not_null = false;
  int key_position = 0;   // 1 for the first column of the primary key; 0: not in it
};

/// Not to be shared between threads. Errors name the file, and are Unavailable (away, locked) or Data (damaged).
class SqliteFile {
 public:
  static constexpr std::chrono::milliseconds kBusyTimeout{5000};

  explicit SqliteFile(std::filesystem::path path);
  ~SqliteFile();
  SqliteFile(const SqliteFile&) = delete;
  SqliteFile& operator=(const SqliteFile&) = delete;

  /// Tables and views, by name.
  std::vector<std::string> tables();
  /// Empty when there is no such table. Generated columns are among them.
  std::vector<SqliteColumn> columns(const std::string& table);
  /// "sale_customer (customer_id)"
  std::vector<std::string> indexes(const std::string& table);

 private:
  using Row = std::vector<std::string>;
  std::vector<Row> query(const std::string& sql);
  [[noreturn]] void fail(int code);

  std::filesystem::path path_;
  sqlite3* database_ = nullptr;
};

/// Something that differs after every commit by anyone. Nothing when the file can't be read, or changed in this very moment.
std::optional<std::string> sqlite_change_mark(const std::filesystem::path& path);

}  // namespace lochan
