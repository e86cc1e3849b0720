// What a column of MySQL becomes in the lake, and how its values are asked for and read. The table is docs/types.md.
#pragma once

#include <string>
#include <string_view>

#include "base/mysql_connection.h"
#include "engine/outside_table.h"

namespace lochan {

/// How the server's text of a value is read.
enum class MysqlForm { Bit, Int, BigInt, Decimal, Float, Double, Text, Bytes, Date, Timestamp, TimestampTz, Uuid };

struct MysqlColumn {
  std::string name;
  std::string type;      // in lower case, without its length: `varchar`, `bigint`
  std::string declared;  // as the server writes it: `bigint(20) unsigned`
  int digits = 0;        // of a decimal
  int scale = 0;
  bool is_unsigned = false;
  bool is_bytes = false;  // blob, binary
  bool not_null = false;
  int key_position = 0;  // 1 for the first column of the primary key; 0: not in it
  bool as_text = false;  // the user wants what the server writes

  MysqlForm form() const;
  /// The type in the lake.
  std::string lake_type() const;
  /// The value as it is to be selected: by its name, where what the server writes is the value.
  std::string selected() const;
};

/// Of an answer to a statement of the user's.
MysqlColumn mysql_column(const MysqlField& field);

/// Reads the server's text into a batch. Throws Error{Data} that names the column, for a value that the column's type
/// has and the lake's has not: the date 0000-00-00.
class MysqlValueReader {
 public:
  MysqlValueReader(const MysqlColumn& column, const std::string& table, const std::string& connection);

  void read(std::string_view text, RowBatch& batch, std::size_t at, std::size_t row) const;

 private:
  void read_decimal(std::string_view text, RowBatch& batch, std::size_t at, std::size_t row) const;
  [[noreturn]] void refuse(std::string_view value) const;
  [[noreturn]] void refuse_bytes() const;

  MysqlForm form_;
  int width_ = 0;  // of a decimal
  int scale_ = 0;
  MysqlColumn column_;
  std::string table_;
  std::string connection_;
};

}  // namespace lochan
