#include "base/postgres_database.h"

#include <fmt/format.h>

#include <mutex>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/postgres_connection.h"

namespace lochan {
namespace {

// https://www.postgresql.org/docs/15/catalog-pg-type.html: these never change.
constexpr std::uint32_t kInt8 = 20, kInt2 = 21, kInt4 = 23, kFloat4 = 700, kFloat8 = 701;

// The advisory lock of who writes: "lochan" in ASCII.
constexpr std::string_view kTakeTurn = "select pg_advisory_xact_lock(119225664954734)";

DbValue value_of(const std::optional<std::string>& text, std::uint32_t type) {
  if (!text) return nullptr;
  if (type == kInt8 || type == kInt4 || type == kInt2) return static_cast<std::int64_t>(std::stoll(*text));
  if (type == kFloat8 || type == kFloat4) return std::stod(*text);
  return *text;
}

std::vector<PostgresValue> texts_of(std::span<const DbValue> values) {
  std::vector<PostgresValue> texts;
  for (const DbValue& value : values) {
    const DbRow row({value});
    texts.push_back(row.is_null(0) ? PostgresValue{} : row.text(0));
    if (texts.back() && texts.back()->find('\0') != std::string::npos)
      throw Error(ErrorKind::Data, "PostgreSQL cannot keep a text with a zero byte");
  }
  return texts;
}

class ServerDatabase final : public Database {
 public:
  ServerDatabase(const std::string& url, const std::string& name, PostgresOptions options)
      : url_(url), name_(name), options_(options) {
    connected();
  }

  std::vector<DbRow> query(std::string_view sql, std::span<const DbValue> values) override {
    const std::lock_guard lock(mutex_);
    const PostgresRows answer = connected().query(sql, texts_of(values));
    std::vector<DbRow> rows;
    for (const auto& texts : answer.rows) {
      std::vector<DbValue> row;
      for (std::size_t i = 0; i < texts.size(); ++i) row.push_back(value_of(texts[i], answer.types[i]));
      rows.emplace_back(std::move(row));
    }
    return rows;
  }

  std::int64_t execute(std::string_view sql, std::span<const DbValue> values) override {
    const std::lock_guard lock(mutex_);
    return connected().execute(sql, texts_of(values));
  }

  void write(const std::function<void()>& work) override { write(work, ""); }

  void write_synced(const std::function<void()>& work) override { write(work, "; set local synchronous_commit = on"); }

 private:
  void write(const std::function<void()>& work, std::string_view setting) {
    const std::lock_guard lock(mutex_);
    if (is_writing_) return work();
    PostgresConnection& connection = connected();
    struct Writing {
      bool& is_writing;
      explicit Writing(bool& flag) : is_writing(flag) { is_writing = true; }
      ~Writing() { is_writing = false; }
    } const writing(is_writing_);
    connection.transaction(
        [&] {
          connection.execute(kTakeTurn);
          work();
        },
        fmt::format("begin{}", setting));
  }

  // Inside `write` a new connection would not be in its transaction.
  PostgresConnection& connected() {
    if (!connection_ || (!connection_->is_open() && !is_writing_)) {
      connection_.reset();
      connection_.emplace(url_, name_);
      connection_->execute(fmt::format("set lock_timeout = {}", options_.lock_timeout.count()));
    }
    return *connection_;
  }

  const std::string url_;
  const std::string name_;
  const PostgresOptions options_;
  std::recursive_mutex mutex_;  // recursive: work inside `write` calls query and execute
  std::optional<PostgresConnection> connection_;  // guarded by mutex_; none when connecting failed
  bool is_writing_ = false;                       // guarded by mutex_
};

}  // namespace

std::unique_ptr<Database> open_postgres(const std::string& url, const std::string& name, PostgresOptions options) {
  return std::make_unique<ServerDatabase>(url, name, options);
}

}  // namespace lochan
