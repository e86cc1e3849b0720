// A live system of one kind that the tests of contract.h write into, as its owners would.
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/sql.h"
#include "project/project.h"

namespace lochan {

/// BIGINT, DECIMAL(18,2), DOUBLE, VARCHAR and TIMESTAMP in the lake.
enum class ContractType { Whole, Exact, Real, Text, Time };

struct ContractColumn {
  std::string name;
  ContractType type;
};

/// The first column is the key where there is one.
struct ContractTable {
  std::string name;
  std::vector<ContractColumn> columns;
  bool has_key = true;
};

using ContractRow = std::vector<std::optional<std::string>>;

/// Gone with the object.
class ContractSystem {
 public:
  virtual ~ContractSystem() = default;
  virtual Connection connection() const = 0;
  /// What a project writes to read the table: `from` and options. By default the table's name is enough.
  virtual void configure(SourceTable& read, const ContractTable& table) const { read.from = table.name; }

  virtual void make(const ContractTable& table) = 0;
  /// New rows; with a key they take the place of those with the same one.
  virtual void put(const SourceTable& read, const ContractTable& table, const std::vector<ContractRow>& rows) = 0;
  virtual void remove(const SourceTable& read, const ContractTable& table, const std::string& key) = 0;
  /// `table` has the column already, as the last one.
  virtual void add_column(const ContractTable& table) = 0;
  /// The column's type became text.
  virtual void make_text(const ContractTable& table, const std::string& column) = 0;

  virtual void go_away() = 0;
  virtual void come_back() = 0;

  /// Whether the above are safe while others write.
  virtual bool may_go_away_while_written() const { return true; }

  virtual bool tells_empty_from_null() const { return true; }
  virtual bool holds_nul() const { return false; }
  /// The type of an exact number that holds more digits than a double does, with nine of them after the point: "" for
  /// none.
  virtual std::string lake_type_of_wide() const { return ""; }
};

/// A system that takes SQL. Each kind says what differs in its own.
class SqlSystem : public ContractSystem {
 public:
  class Writer {
   public:
    virtual ~Writer() = default;
    virtual void execute(const std::string& sql) = 0;
  };
  /// May be called from any thread; the writer belongs to that one.
  virtual std::unique_ptr<Writer> connect() const = 0;
  virtual std::string type(ContractType type) const = 0;
  virtual std::string name(const std::string& text) const { return sql::identifier(text); }
  virtual std::string literal(const std::string& text) const { return sql::literal(text); }
  virtual std::string begin() const { return "begin"; }

  void execute(const std::string& sql) { writer().execute(sql); }

  void make(const ContractTable& table) override {
    std::vector<std::string> columns;
    for (const ContractColumn& column : table.columns) columns.push_back(name(column.name) + " " + type(column.type));
    if (table.has_key) columns.front() += " primary key";
    execute(fmt::format("create table {} ({})", name(table.name), fmt::join(columns, ", ")));
  }
  void put(const SourceTable& read, const ContractTable& table, const std::vector<ContractRow>& rows) override {
    execute(begin());
    for (const ContractRow& row : rows) {
      if (table.has_key) remove(read, table, row.front().value());
      std::vector<std::string> names, values;
      for (std::size_t i = 0; i < row.size(); ++i) {
        names.push_back(name(table.columns.at(i).name));
        values.push_back(row[i] ? literal(*row[i]) : "null");
      }
      execute(fmt::format("insert into {} ({}) values ({})", name(table.name), fmt::join(names, ", "),
                          fmt::join(values, ", ")));
    }
    execute("commit");
  }
  void remove(const SourceTable&, const ContractTable& table, const std::string& key) override {
    execute(
        fmt::format("delete from {} where {} = {}", name(table.name), name(table.columns.front().name), literal(key)));
  }
  void add_column(const ContractTable& table) override {
    const ContractColumn& column = table.columns.back();
    execute(fmt::format("alter table {} add column {} {}", name(table.name), name(column.name), type(column.type)));
  }
  void make_text(const ContractTable& table, const std::string& column) override {
    execute(fmt::format("alter table {} drop column {}", name(table.name), name(column)));
    execute(fmt::format("alter table {} add column {} {}", name(table.name), name(column), type(ContractType::Text)));
  }
  void drop(const ContractTable& table) { execute(fmt::format("drop table {}", name(table.name))); }

 private:
  Writer& writer() {
    if (!writer_) writer_ = connect();
    return *writer_;
  }
  std::unique_ptr<Writer> writer_;
};

}  // namespace lochan
