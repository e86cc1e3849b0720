// A column of a table: its name and its type as DuckDB writes it (`BIGINT`, `DECIMAL(10,2)`, `STRUCT(a INTEGER)`).
#pragma once

#include <string>

namespace lochan {

struct Column {
  std::string name;
  std::string type;
  bool nullable = true;

  friend bool operator==(const Column&, const Column&) = default;
};

}  // namespace lochan
