// CSV files somewhere, as the system that the contract of sources writes into.
#pragma once

#include <map>

#include "base/json.h"
#include "tests/source/contract.h"

namespace lochan {

/// As DuckDB names it.
inline std::string type_name(ContractType type) {
  switch (type) {
    case ContractType::Whole:
      return "BIGINT";
    case ContractType::Exact:
      return "DECIMAL(18,2)";
    case ContractType::Real:
      return "DOUBLE";
    case ContractType::Text:
      return "VARCHAR";
    case ContractType::Time:
      return "TIMESTAMP";
  }
  return "";
}

class FilesSystem : public ContractSystem {
 public:
  void configure(SourceTable& read, const ContractTable& table) const override {
    read.from = table.name + "*.csv";
    nlohmann::ordered_json types;
    for (const ContractColumn& column : table.columns) types[column.name] = type_name(column.type);
    read.options = {{"columns", types.dump()}, {"header", "true"}, {"delimiter", ","}};
  }
  void make(const ContractTable& table) override { write(table, table.name + ".csv", {}); }
  void put(const SourceTable& read, const ContractTable& table, const std::vector<ContractRow>& rows) override {
    if (read.load == LoadMode::Incremental) return write(table, fmt::format("{}-{}.csv", table.name, ++files_), rows);
    for (const ContractRow& row : rows) rows_[table.has_key ? row.front().value() : fmt::format("{}", ++files_)] = row;
    write_all(table);
  }
  void remove(const SourceTable&, const ContractTable& table, const std::string& key) override {
    rows_.erase(key);
    write_all(table);
  }
  void add_column(const ContractTable&) override {}
  void make_text(const ContractTable&, const std::string&) override {}
  bool tells_empty_from_null() const override { return false; }

 protected:
  /// Whole, or not at all.
  virtual void write_file(const std::string& name, const std::string& text) = 0;

 private:
  void write_all(const ContractTable& table) {
    std::vector<ContractRow> rows;
    for (const auto& [key, row] : rows_) rows.push_back(row);
    write(table, table.name + ".csv", rows);
  }
  void write(const ContractTable& table, const std::string& name, const std::vector<ContractRow>& rows) {
    ContractRow header;
    for (const ContractColumn& column : table.columns) header.emplace_back(column.name);
    std::string text = line(header);
    for (ContractRow row : rows) {
      row.resize(table.columns.size());
      text += line(row);
    }
    write_file(name, text);
  }
  static std::string line(const ContractRow& row) {
    std::vector<std::string> cells;
    for (const auto& value : row) cells.push_back(value ? sql::identifier(*value) : "");
    return fmt::format("{}\n", fmt::join(cells, ","));
  }

  std::map<std::string, ContractRow> rows_;
  int files_ = 0;
};

}  // namespace lochan
