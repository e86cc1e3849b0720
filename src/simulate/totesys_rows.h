// Rows on their way into the tables of totesys: many in one statement, each table after those that it refers to.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/database.h"
#include "simulate/totesys_schema.h"

namespace lochan {

class TotesysWriter {
 public:
  explicit TotesysWriter(Database& database) : database_(database) {}

  /// `values` are those of the table's columns in their order; both times are `at`. Written at the latest by `flush`.
  void add(TotesysTable table, std::vector<DbValue> values, const std::string& at);
  void flush();

 private:
  void write(TotesysTable table);

  Database& database_;
  std::array<std::vector<DbValue>, kTotesysTables> waiting_;
};

}  // namespace lochan
