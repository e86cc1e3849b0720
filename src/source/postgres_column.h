// What a column of PostgreSQL becomes in the lake, and how its values are asked for and read. The table is docs/types.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/outside_table.h"

namespace lochan {

/// How a value of a copy in binary is read. Text is what the server writes, for all types that the lake lacks.
enum class PostgresForm {
  Bool,
  Int2,
  Int4,
  Int8,
  Oid,
  Float4,
  Float8,
  Numeric,
  Text,
  Bytes,
  Date,
  Time,
  Timestamp,
  TimestampTz,
  Uuid
};

struct PostgresColumn {
  std::string name;
  std::string declared;     // as the server writes it: `numeric(10,2)`
  std::uint32_t type = 0;   // the oid; of a domain: what it is made of
  std::int32_t modifier = -1;
  bool not_null = false;
  int key_position = 0;     // 1 for the first column of the primary key; 0: not in it
  bool as_text = false;     // the user wants what the server writes

  PostgresForm form() const;
  /// The type in the lake.
  std::string lake_type() const;
  /// The value as it is to be selected: cast by the server where its own binary form isn't read.
  std::string selected() const;
};

/// Reads one value of a copy in binary into a batch. Throws Error{Data} that names the column, for a value that the column's
/// type has and the lake's has not: NaN of a numeric, an infinite date.
class PostgresValueReader {
 public:
  PostgresValueReader(const PostgresColumn& column, const std::string& table, bool is_utf8);

  void read(std::string_view bytes, RowBatch& batch, std::size_t at, std::size_t row) const;

 private:
  void read_numeric(std::string_view bytes, RowBatch& batch, std::size_t at, std::size_t row) const;
  [[noreturn]] void refuse(const std::string& value) const;

  PostgresForm form_;
  int width_ = 0;  // of a decimal
  int scale_ = 0;
  bool is_utf8_;
  std::string name_;
  std::string declared_;
  std::string lake_type_;
  std::string table_;
};

}  // namespace lochan
