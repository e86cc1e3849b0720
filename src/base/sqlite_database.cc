#include "base/sqlite_database.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cerrno>
#include <chrono>
#include <map>
#include <mutex>

#include "base/error.h"
#include "base/file.h"

namespace lochan {
namespace {

class SqliteDatabase final : public Database {
 public:
  SqliteDatabase(const std::filesystem::path& path, SqliteOptions options) : path_(path.string()) {
    if (!options.read_only) {
      std::error_code ignored;
      std::filesystem::create_directories(path.parent_path(), ignored);
    }
    const int flags = options.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    const int result = sqlite3_open_v2(path_.c_str(), &handle_, flags | SQLITE_OPEN_NOMUTEX, nullptr);
    if (result != SQLITE_OK) fail_open();
    sqlite3_extended_result_codes(handle_, 1);
    sqlite3_busy_timeout(handle_, options.busy_timeout_ms);
    try {
      run("pragma foreign_keys = on");
      if (!options.read_only) keep_a_log(std::chrono::milliseconds{options.busy_timeout_ms});
      // In WAL mode this syncs at checkpoints only; `write_synced` syncs at its commit.
      run("pragma synchronous = normal");
    } catch (...) {
      close();
      throw;
    }
  }

  ~SqliteDatabase() override { close(); }
  SqliteDatabase(const SqliteDatabase&) = delete;
  SqliteDatabase& operator=(const SqliteDatabase&) = delete;

  std::vector<DbRow> query(std::string_view sql, std::span<const DbValue> values) override {
    const std::lock_guard lock(mutex_);
    std::vector<DbRow> rows;
    step(sql, values, &rows);
    return rows;
  }

  std::int64_t execute(std::string_view sql, std::span<const DbValue> values) override {
    const std::lock_guard lock(mutex_);
    step(sql, values, nullptr);
    return sqlite3_changes64(handle_);
  }

  void write(const std::function<void()>& work) override {
    const std::lock_guard lock(mutex_);
    if (depth_ > 0) return work();
    run("begin immediate");
    depth_ = 1;
    try {
      work();
      run("commit");
      depth_ = 0;
    } catch (...) {
      depth_ = 0;
      // The library has rolled back by itself after some errors, a full disk among them.
      if (sqlite3_get_autocommit(handle_) == 0) sqlite3_exec(handle_, "rollback", nullptr, nullptr, nullptr);
      throw;
    }
  }

  void write_synced(const std::function<void()>& work) override {
    const std::lock_guard lock(mutex_);
    if (depth_ > 0) return work();
    run("pragma synchronous = full");
    struct Restore {
      sqlite3* handle;
      ~Restore() { sqlite3_exec(handle, "pragma synchronous = normal", nullptr, nullptr, nullptr); }
    } const restore{handle_};
    write(work);
  }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

  [[noreturn]] void fail_open() {
    const std::string reason = handle_ != nullptr ? sqlite3_errmsg(handle_) : "out of memory";
    close();
    throw Error(ErrorKind::Unavailable, fmt::format("cannot open `{}`: {}", path_, reason))
        .hint("check that the file exists and that this user may read it");
  }

  [[noreturn]] void fail() {
    const int code = sqlite3_errcode(handle_);
    const std::string message = fmt::format("`{}`: {}", path_, sqlite3_errmsg(handle_));
    switch (code & 0xff) {
      case SQLITE_BUSY:
      case SQLITE_LOCKED:
        throw Error(ErrorKind::Unavailable, message).hint("another process is writing to it for a long time");
      case SQLITE_FULL:
        throw Error(ErrorKind::Unavailable, message).hint("free some space, then run again");
      case SQLITE_IOERR:
        // Its shared memory file can't grow either, and then it is told as any other disk error.
        if (const int reason = sqlite3_system_errno(handle_); reason == ENOSPC || reason == EDQUOT)
          throw_file_error("write", path_, reason);
        throw Error(ErrorKind::Unavailable, message);
      case SQLITE_READONLY:
      case SQLITE_CANTOPEN:
        throw Error(ErrorKind::Data, message).hint("make the file and its folder writable for this user");
      case SQLITE_NOTADB:
      case SQLITE_CORRUPT:
        throw Error(ErrorKind::Data, message).hint("the file is damaged or is no SQLite database");
      default:
        throw Error(ErrorKind::Data, message);
    }
  }

  void run(const char* sql) {
    if (sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) fail();
  }

  // Of two that make the file at once each has read it before it writes to it, and would wait for the other for ever:
  // the library gives up at once there, whatever its timeout.
  void keep_a_log(std::chrono::milliseconds timeout) {
    constexpr int kPauseMs = 5;
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    for (;;) {
      const int code = sqlite3_exec(handle_, "pragma journal_mode = wal", nullptr, nullptr, nullptr);
      if (code == SQLITE_OK) return;
      if ((code & 0xff) != SQLITE_BUSY || std::chrono::steady_clock::now() >= deadline) fail();
      sqlite3_sleep(kPauseMs);
    }
  }

  // Prepared statements are kept: the same few are run over and over.
  sqlite3_stmt* prepare(std::string_view sql) {
    if (const auto found = statements_.find(sql); found != statements_.end()) return found->second.get();
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(handle_, sql.data(), static_cast<int>(sql.size()), &statement, nullptr) != SQLITE_OK) fail();
    return statements_.emplace(std::string(sql), statement).first->second.get();
  }

  void bind(sqlite3_stmt* statement, int index, const DbValue& value) {
    int result = SQLITE_OK;
    if (std::holds_alternative<std::nullptr_t>(value)) {
      result = sqlite3_bind_null(statement, index);
    } else if (const auto* integer = std::get_if<std::int64_t>(&value)) {
      result = sqlite3_bind_int64(statement, index, *integer);
    } else if (const auto* number = std::get_if<double>(&value)) {
      result = sqlite3_bind_double(statement, index, *number);
    } else {
      const auto& text = std::get<std::string>(value);
      result = sqlite3_bind_text64(statement, index, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
    }
    if (result != SQLITE_OK) fail();
  }

  static DbValue column(sqlite3_stmt* statement, int index) {
    switch (sqlite3_column_type(statement, index)) {
      case SQLITE_NULL:
        return nullptr;
      case SQLITE_INTEGER:
        return static_cast<std::int64_t>(sqlite3_column_int64(statement, index));
      case SQLITE_FLOAT:
        return sqlite3_column_double(statement, index);
      default: {
        const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement, index));
        const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, index));
        return bytes == nullptr ? std::string() : std::string(bytes, size);
      }
    }
  }

  void step(std::string_view sql, std::span<const DbValue> values, std::vector<DbRow>* rows) {
    sqlite3_stmt* statement = prepare(sql);
    struct Reset {
      sqlite3_stmt* statement;
      ~Reset() {
        sqlite3_reset(statement);
        sqlite3_clear_bindings(statement);
      }
    } const reset{statement};
    for (std::size_t i = 0; i < values.size(); ++i) {
      const int index = sqlite3_bind_parameter_index(statement, fmt::format("${}", i + 1).c_str());
      if (index > 0) bind(statement, index, values[i]);
    }
    for (;;) {
      const int result = sqlite3_step(statement);
      if (result == SQLITE_DONE) return;
      if (result != SQLITE_ROW) fail();
      if (rows == nullptr) continue;
      std::vector<DbValue> row;
      for (int i = 0; i < sqlite3_column_count(statement); ++i) row.push_back(column(statement, i));
      rows->emplace_back(std::move(row));
    }
  }

  void close() {
    statements_.clear();
    sqlite3_close_v2(handle_);
    handle_ = nullptr;
  }

  std::string path_;
  std::recursive_mutex mutex_;                                // recursive: work inside `write` calls query and execute
  sqlite3* handle_ = nullptr;                                 // guarded by mutex_
  std::map<std::string, Statement, std::less<>> statements_;  // guarded by mutex_
  int depth_ = 0;                                             // guarded by mutex_
};

}  // namespace

std::unique_ptr<Database> open_sqlite(const std::filesystem::path& path, SqliteOptions options) {
  return std::make_unique<SqliteDatabase>(path, options);
}

}  // namespace lochan
