#include "source/postgres_snapshot.h"

#include <endian.h>
#include <fmt/format.h>

#include <charconv>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "base/sql.h"

namespace lochan {
namespace {

// For the transaction only: between a server and us may stand a pool that hands sessions on.
constexpr std::string_view kBegin =
    "begin transaction isolation level repeatable read, read only; {}"
    "set local timezone = 'UTC'; set local datestyle = 'ISO'; set local intervalstyle = 'postgres'; set local extra_float_digits = 1; "
    "set local bytea_output = 'hex'; set local lock_timeout = '60s'; set local idle_in_transaction_session_timeout = 0";

// A copy in binary: https://www.postgresql.org/docs/15/sql-copy.html, "Binary Format". The server sends each row in a message
// of its own, the head with the first.
class CopyReader final : public PartReader {
 public:
  CopyReader(std::shared_ptr<PostgresSnapshot> snapshot, const PostgresRead& read, std::size_t part)
      : snapshot_(std::move(snapshot)), connection_(snapshot_->take()) {
    for (const PostgresColumn& column : read.columns) columns_.emplace_back(column, read.table, snapshot_->is_utf8());
    connection_->begin_read(fmt::format("copy ({}) to stdout (format binary)", read.selects.at(part)));
  }
  ~CopyReader() override {
    if (!connection_) return;
    // Not read to its end: the server must not go on, and what it sent already is of no use.
    connection_->cancel();
  }

  std::size_t read(RowBatch& batch) override {
    std::size_t rows = 0;
    while (connection_ && rows < batch.capacity()) {
      std::optional<std::string_view> message = connection_->read_copy();
      if (!message) {
        snapshot_->give_back(std::move(connection_));
        break;
      }
      if (!has_begun_) skip_head(*message);
      if (read_row(*message, batch, rows)) ++rows;
    }
    return rows;
  }

 private:
  template <typename T>
  static T take(std::string_view& bytes) {
    std::make_unsigned_t<T> value = 0;
    if (bytes.size() < sizeof(T)) throw Error(ErrorKind::Internal, "a row of a copy is too short");
    std::memcpy(&value, bytes.data(), sizeof(T));
    bytes.remove_prefix(sizeof(T));
    if constexpr (sizeof(T) == 2) return static_cast<T>(be16toh(value));
    return static_cast<T>(be32toh(value));
  }

  void skip_head(std::string_view& message) {
    constexpr std::size_t kSignatureAndFlags = 15;
    if (message.size() < kSignatureAndFlags) throw Error(ErrorKind::Internal, "a copy has no head");
    message.remove_prefix(kSignatureAndFlags);
    const auto extension = static_cast<std::size_t>(take<std::int32_t>(message));
    message.remove_prefix(std::min(extension, message.size()));
    has_begun_ = true;
  }

  // False for the mark of the end.
  bool read_row(std::string_view message, RowBatch& batch, std::size_t row) const {
    if (message.empty()) return false;
    const int width = take<std::int16_t>(message);
    if (width == -1) return false;
    if (static_cast<std::size_t>(width) != columns_.size()) throw Error(ErrorKind::Internal, "a row of a copy is of another width");
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const auto size = take<std::int32_t>(message);
      if (size < 0) {
        batch.put_null(i, row);
        continue;
      }
      const std::string_view bytes = message.substr(0, static_cast<std::size_t>(size));
      columns_[i].read(bytes, batch, i, row);
      message.remove_prefix(bytes.size());
    }
    return true;
  }

  // Shared: statements of the engine may end after their source is closed.
  std::shared_ptr<PostgresSnapshot> snapshot_;
  std::unique_ptr<PostgresConnection> connection_;
  std::vector<PostgresValueReader> columns_;
  bool has_begun_ = false;
};

class PostgresOutsideTable final : public OutsideTable {
 public:
  PostgresOutsideTable(std::shared_ptr<PostgresSnapshot> snapshot, PostgresRead read)
      : snapshot_(std::move(snapshot)), read_(std::move(read)) {
    for (const PostgresColumn& column : read_.columns) columns_.push_back({column.name, column.lake_type(), !column.not_null});
  }
  std::span<const Column> columns() const override { return columns_; }
  std::size_t parts() const override { return read_.selects.size(); }
  std::int64_t expected_rows() const override { return read_.expected_rows; }
  std::unique_ptr<PartReader> open(std::size_t part) override { return std::make_unique<CopyReader>(snapshot_, read_, part); }

 private:
  std::shared_ptr<PostgresSnapshot> snapshot_;
  const PostgresRead read_;
  std::vector<Column> columns_;
};

}  // namespace

PostgresSnapshot::PostgresSnapshot(std::string url, std::string name, std::function<bool()> is_stopped,
                                   std::unique_ptr<PostgresConnection> idle)
    : url_(std::move(url)),
      name_(std::move(name)),
      is_stopped_(std::move(is_stopped)),
      holder_(idle ? std::move(idle) : connect()) {
  holder_->stop_when(is_stopped_);
  holder_->execute(fmt::format(fmt::runtime(kBegin), ""));
  const PostgresRows answer =
      holder_->query("select pg_export_snapshot(), current_setting('server_version_num'), current_setting('server_encoding')");
  exported_ = answer.rows.at(0).at(0).value_or("");
  const std::string version = answer.rows[0].at(1).value_or("");
  std::from_chars(version.data(), version.data() + version.size(), version_);
  is_utf8_ = answer.rows[0].at(2) != "SQL_ASCII";
}

std::unique_ptr<PostgresConnection> PostgresSnapshot::connect() const {
  auto connection = std::make_unique<PostgresConnection>(url_, name_);
  connection->stop_when(is_stopped_);
  return connection;
}

std::unique_ptr<PostgresConnection> PostgresSnapshot::take() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      auto connection = std::move(idle_.back());
      idle_.pop_back();
      return connection;
    }
  }
  auto connection = connect();
  try {
    connection->execute(fmt::format(fmt::runtime(kBegin), fmt::format("set transaction snapshot {}; ", sql::literal(exported_))));
  } catch (const Error& error) {
    // The holder's session has ended, by its server or its administrator.
    throw Error(ErrorKind::Unavailable, fmt::format("connection `{}`: its snapshot can't be shared: {}", name_, error.message()))
        .hint("a replica may lag behind another, and a pool must keep transactions whole: name one server in the URL");
  }
  return connection;
}

void PostgresSnapshot::give_back(std::unique_ptr<PostgresConnection> connection) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(connection));
}

std::shared_ptr<OutsideTable> make_outside_table(std::shared_ptr<PostgresSnapshot> snapshot, PostgresRead read) {
  return std::make_shared<PostgresOutsideTable>(std::move(snapshot), std::move(read));
}

}  // namespace lochan
