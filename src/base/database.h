// A handle to a relational database that holds our rows: SQLite and PostgreSQL.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace lochan {

/// null, an integer, a double or text.
using DbValue = std::variant<std::nullptr_t, std::int64_t, double, std::string>;

/// One row of an answer; columns count from 0 in the order of the SELECT.
class DbRow {
 public:
  explicit DbRow(std::vector<DbValue> values) : values_(std::move(values)) {}

  std::size_t size() const { return values_.size(); }
  const DbValue& operator[](std::size_t column) const { return values_[column]; }
  bool is_null(std::size_t column) const { return std::holds_alternative<std::nullptr_t>(values_[column]); }
  /// 0 for null.
  std::int64_t integer(std::size_t column) const;
  /// Empty for null; numbers are written out.
  std::string text(std::size_t column) const;

 private:
  std::vector<DbValue> values_;
};

/// Placeholders are $1, $2, …; SQL keeps to what SQLite and PostgreSQL both read.
/// May be shared between threads: each call, and each `write` as a whole, has the handle to itself.
class Database {
 public:
  virtual ~Database() = default;

  virtual std::vector<DbRow> query(std::string_view sql, std::span<const DbValue> values) = 0;
  /// Returns the number of rows changed.
  virtual std::int64_t execute(std::string_view sql, std::span<const DbValue> values) = 0;
  /// Runs `work` in one writing transaction that takes its lock at once; commits when it returns, rolls back when it
  /// throws. A `write` inside `work` joins the outer one. The commit outlives the process; a power cut may take the newest
  /// ones, never a part of one.
  virtual void write(const std::function<void()>& work) = 0;
  /// As `write`, and the commit, with all before it, outlives a power cut.
  virtual void write_synced(const std::function<void()>& work) = 0;

  /// As `execute`, without its answer: inside a `write` it may reach the server with a later statement or the commit, which
  /// then throws in its place. That spares a round trip each.
  virtual void execute_later(std::string_view sql, std::span<const DbValue> values) { execute(sql, values); }

  std::vector<DbRow> query(std::string_view sql, std::initializer_list<DbValue> values = {}) {
    return query(sql, std::span<const DbValue>(values.begin(), values.size()));
  }
  std::int64_t execute(std::string_view sql, std::initializer_list<DbValue> values = {}) {
    return execute(sql, std::span<const DbValue>(values.begin(), values.size()));
  }
  void execute_later(std::string_view sql, std::initializer_list<DbValue> values) {
    execute_later(sql, std::span<const DbValue>(values.begin(), values.size()));
  }
};

}  // namespace lochan
