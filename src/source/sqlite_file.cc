#include "source/sqlite_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "base/hash.h"
#include "base/sql.h"

namespace lochan {
namespace {

// The first `size` bytes from `offset`, fewer at the end of the file; nothing when it can't be opened.
std::optional<std::string> read_bytes(const std::filesystem::path& path, off_t offset, std::size_t size) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return std::nullopt;
  std::string bytes(size, '\0');
  const ssize_t count = ::pread(descriptor, bytes.data(), size, offset);
  ::close(descriptor);
  if (count < 0) return std::nullopt;
  bytes.resize(static_cast<std::size_t>(count));
  return bytes;
}

std::filesystem::path beside(const std::filesystem::path& path, const char* suffix) {
  std::filesystem::path result = path;
  result += suffix;
  return result;
}

}  // namespace

SqliteFile::SqliteFile(std::filesystem::path path) : path_(std::move(path)) {
  const int code = sqlite3_open_v2(path_.c_str(), &database_, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, nullptr);
  if (code == SQLITE_OK) {
    sqlite3_busy_timeout(database_, static_cast<int>(kBusyTimeout.count()));
    return;
  }
  sqlite3_close_v2(database_);
  database_ = nullptr;
  fail(code);
}

SqliteFile::~SqliteFile() { sqlite3_close_v2(database_); }

void SqliteFile::fail(int code) {
  const std::string reason = database_ != nullptr ? sqlite3_errmsg(database_) : sqlite3_errstr(code);
  switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      throw Error(ErrorKind::Data, fmt::format("`{}` is no sound SQLite database: {}", path_.string(), reason))
          .hint("`sqlite3 FILE 'pragma integrity_check'` says what is wrong with it");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      throw Error(ErrorKind::Unavailable, fmt::format("`{}` stayed locked by another program for {} s", path_.string(),
                                                      kBusyTimeout.count() / 1000))
          .hint("look who holds it; in WAL mode writers don't lock readers out");
    case SQLITE_ERROR:
      throw Error(ErrorKind::Data, fmt::format("`{}`: {}", path_.string(), reason));
    default:
      break;
  }
  if (::access(path_.c_str(), F_OK) != 0)
    throw Error(ErrorKind::Unavailable, fmt::format("there is no file `{}`", path_.string()))
        .hint("check the connection's path in lochan.yaml");
  throw Error(ErrorKind::Unavailable, fmt::format("`{}` can't be read: {}", path_.string(), reason));
}

std::vector<SqliteFile::Row> SqliteFile::query(const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  std::vector<Row> rows;
  int code = sqlite3_prepare_v2(database_, sql.c_str(), static_cast<int>(sql.size()), &statement, nullptr);
  while (code == SQLITE_OK || code == SQLITE_ROW) {
    code = sqlite3_step(statement);
    if (code != SQLITE_ROW) break;
    Row& row = rows.emplace_back();
    for (int i = 0; i < sqlite3_column_count(statement); ++i) {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, i));
      row.emplace_back(text == nullptr ? "" : text);
    }
  }
  sqlite3_finalize(statement);
  if (code != SQLITE_DONE) fail(code);
  return rows;
}

std::vector<std::string> SqliteFile::tables() {
  std::vector<std::string> names;
  for (const Row& row : query("select name from sqlite_master where type in ('table', 'view') "
                              "and name not like 'sqlite\\_%' escape '\\' order by name"))
    names.push_back(row[0]);
  return names;
}

std::vector<SqliteColumn> SqliteFile::columns(const std::string& table) {
  std::vector<SqliteColumn> columns;
  // `hidden` is 1 for what only virtual tables hide; generated columns have 2 and 3.
  for (const Row& row : query(fmt::format("select name, type, \"notnull\", pk from pragma_table_xinfo({}) where hidden <> 1",
                                          sql::literal(table))))
    columns.push_back({row[0], row[1], row[2] == "1", std::stoi(row[3])});
  return columns;
}

std::vector<std::string> SqliteFile::indexes(const std::string& table) {
  std::vector<std::string> indexes;
  for (const Row& row : query(fmt::format(
           "select l.name, l.\"unique\", group_concat(coalesce(i.name, 'expression'), ', ') from pragma_index_list({}) l, "
           "pragma_index_info(l.name) i where l.origin = 'c' group by l.name order by l.name",
           sql::literal(table))))
    indexes.push_back(fmt::format("{}{} ({})", row[0], row[1] == "1" ? " unique" : "", row[2]));
  return indexes;
}

// The file's change counter (SQLite's file format, 1.3: bytes 24 to 27) grows with each commit that isn't in a write-ahead
// log. One that is changes the log and the header of its index (-shm, 48 bytes: its counter, end of log and salts), even
// when an old log is written over at the same size and within one tick of the file system's clock. Whoever closes the file
// last copies the log into it and takes the log away, which may leave the counter as it was: then the file's time must do.
std::optional<std::string> sqlite_change_mark(const std::filesystem::path& path) {
  constexpr std::chrono::milliseconds kClockTick{100};  // file systems count time in steps of up to 10 ms
  struct stat file {};
  if (::stat(path.c_str(), &file) != 0) return std::nullopt;
  const auto header = read_bytes(path, 18, 10);  // write version, read version, …, change counter
  if (!header) return std::nullopt;
  std::string state = fmt::format("{}.{}.{}.", file.st_dev, file.st_ino, file.st_size) + *header;
  const bool has_log_mode = header->size() > 1 && (*header)[0] == 2;
  if (has_log_mode) {
    const auto changed = std::chrono::seconds{file.st_mtim.tv_sec} + std::chrono::nanoseconds{file.st_mtim.tv_nsec};
    // It may change once more without a new time.
    if (std::chrono::system_clock::now().time_since_epoch() - changed < kClockTick) return std::nullopt;
    state += fmt::format(".{}.", changed.count());
  }
  struct stat log {};
  const std::filesystem::path log_path = beside(path, "-wal");
  if (::stat(log_path.c_str(), &log) == 0 && log.st_size > 0) {
    state += fmt::format(".{}.{}.{}.", log.st_size, log.st_mtim.tv_sec, log.st_mtim.tv_nsec);
    state += read_bytes(log_path, 0, 32).value_or("");
    state += read_bytes(beside(path, "-shm"), 0, 48).value_or("");
  }
  return sha256(state).substr(0, 32);
}

}  // namespace lochan
