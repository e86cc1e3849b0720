#include "source/mysql_column.h"

#include <fmt/format.h>
#include <mysql.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <optional>

#include "base/error.h"
#include "base/text.h"
#include "project/scalar.h"

namespace lochan {
namespace {

__extension__ using Wide = __int128;
__extension__ using UnsignedWide = unsigned __int128;

constexpr int kMaxDigits = 38;
constexpr int kMaxWholeBits = 63;

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& types, std::string_view type) {
  return std::ranges::find(types, type) != types.end();
}

template <typename T>
std::optional<T> number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// `2026-11-20`; nothing for what is no day, such as `0000-00-00`.
std::optional<std::int32_t> day_of(std::string_view text) {
  if (text.size() != 10) return std::nullopt;
  const auto year = number<int>(text.substr(0, 4));
  const auto month = number<unsigned>(text.substr(5, 2));
  const auto day = number<unsigned>(text.substr(8, 2));
  if (!year || !month || !day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{*year}, std::chrono::month{*month}, std::chrono::day{*day}};
  if (!date.ok()) return std::nullopt;
  return static_cast<std::int32_t>(std::chrono::sys_days(date).time_since_epoch().count());
}

// `2026-11-20 10:00:00.25`
std::optional<std::int64_t> microsecond_of(std::string_view text) {
  constexpr std::size_t kWhole = 19;
  if (text.size() < kWhole) return std::nullopt;
  const auto day = day_of(text.substr(0, 10));
  const auto hour = number<int>(text.substr(11, 2));
  const auto minute = number<int>(text.substr(14, 2));
  const auto second = number<int>(text.substr(17, 2));
  if (!day || !hour || !minute || !second) return std::nullopt;
  std::int64_t fraction = 0;
  if (text.size() > kWhole + 1) {
    std::string digits(text.substr(kWhole + 1));
    digits.resize(6, '0');
    const auto parsed = number<std::int64_t>(digits);
    if (!parsed) return std::nullopt;
    fraction = *parsed;
  }
  return ((std::int64_t{*day} * 24 + *hour) * 60 + *minute) * 60'000'000 + std::int64_t{*second} * 1'000'000 + fraction;
}

std::optional<Wide> uuid_of(std::string_view text) {
  UnsignedWide value = 0;
  int digits = 0;
  for (const char letter : text) {
    if (letter == '-') continue;
    const auto digit = letter >= '0' && letter <= '9'   ? letter - '0'
                       : letter >= 'a' && letter <= 'f' ? letter - 'a' + 10
                                                        : -1;
    if (digit < 0) return std::nullopt;
    value = value << 4U | static_cast<UnsignedWide>(digit);
    ++digits;
  }
  if (digits != 32) return std::nullopt;
  return static_cast<Wide>(value ^
                           (static_cast<UnsignedWide>(1) << 127U));  // as the engine keeps them, so that they sort
}

bool is_utf8(std::string_view text) {
  if (std::ranges::all_of(text, [](char letter) { return static_cast<signed char>(letter) >= 0; })) return true;
  // A project's files have no NUL; texts of a database may.
  while (const auto at = find_not_utf8(text)) {
    if (text[*at] != '\0') return false;
    text.remove_prefix(*at + 1);
  }
  return true;
}

std::string type_of(const MysqlField& field) {
  switch (static_cast<enum_field_types>(field.type)) {
    case MYSQL_TYPE_TINY:
    case MYSQL_TYPE_SHORT:
    case MYSQL_TYPE_INT24:
      return "smallint";
    case MYSQL_TYPE_YEAR:
      return "year";
    case MYSQL_TYPE_LONG:
      return "int";
    case MYSQL_TYPE_LONGLONG:
      return "bigint";
    case MYSQL_TYPE_FLOAT:
      return "float";
    case MYSQL_TYPE_DOUBLE:
      return "double";
    case MYSQL_TYPE_DECIMAL:
    case MYSQL_TYPE_NEWDECIMAL:
      return "decimal";
    case MYSQL_TYPE_DATE:
    case MYSQL_TYPE_NEWDATE:
      return "date";
    case MYSQL_TYPE_DATETIME:
    case MYSQL_TYPE_DATETIME2:
      return "datetime";
    case MYSQL_TYPE_TIMESTAMP:
    case MYSQL_TYPE_TIMESTAMP2:
      return "timestamp";
    case MYSQL_TYPE_TIME:
    case MYSQL_TYPE_TIME2:
      return "time";
    case MYSQL_TYPE_BIT:
      return "bit";
    case MYSQL_TYPE_GEOMETRY:
      return "geometry";
    case MYSQL_TYPE_JSON:
      return "json";
    default:
      return field.is_binary ? "blob" : "text";
  }
}

constexpr std::array<std::string_view, 9> kGeometry = {
    "geometry",        "point",        "linestring",         "polygon",       "multipoint",
    "multilinestring", "multipolygon", "geometrycollection", "geomcollection"};

}  // namespace

MysqlForm MysqlColumn::form() const {
  static constexpr std::array<std::string_view, 5> kSmall = {"tinyint", "smallint", "mediumint", "year", "integer"};
  if (as_text) return MysqlForm::Text;
  if (is_one_of(kSmall, type)) return MysqlForm::Int;
  if (type == "int") return is_unsigned ? MysqlForm::BigInt : MysqlForm::Int;
  if (type == "bigint") return is_unsigned ? MysqlForm::Decimal : MysqlForm::BigInt;
  if (type == "bit") return MysqlForm::Bit;
  if (type == "decimal") return digits > kMaxDigits ? MysqlForm::Text : MysqlForm::Decimal;
  if (type == "float") return MysqlForm::Float;
  if (type == "double") return MysqlForm::Double;
  if (type == "date") return MysqlForm::Date;
  if (type == "datetime") return MysqlForm::Timestamp;
  if (type == "timestamp") return MysqlForm::TimestampTz;
  if (type == "uuid") return MysqlForm::Uuid;
  if (is_bytes || is_one_of(kGeometry, type)) return MysqlForm::Bytes;
  return MysqlForm::Text;
}

std::string MysqlColumn::lake_type() const {
  switch (form()) {
    case MysqlForm::Bit:
      return digits == 1 ? "BOOLEAN" : digits > kMaxWholeBits ? "DECIMAL(20,0)" : "BIGINT";
    case MysqlForm::Int:
      return "INTEGER";
    case MysqlForm::BigInt:
      return "BIGINT";
    case MysqlForm::Decimal:
      return type == "bigint" ? "DECIMAL(20,0)" : fmt::format("DECIMAL({},{})", digits, scale);
    case MysqlForm::Float:
      return "FLOAT";
    case MysqlForm::Double:
      return "DOUBLE";
    case MysqlForm::Text:
      return "VARCHAR";
    case MysqlForm::Bytes:
      return "BLOB";
    case MysqlForm::Date:
      return "DATE";
    case MysqlForm::Timestamp:
      return "TIMESTAMP";
    case MysqlForm::TimestampTz:
      return "TIMESTAMP WITH TIME ZONE";
    case MysqlForm::Uuid:
      return "UUID";
  }
  return "VARCHAR";
}

std::string MysqlColumn::selected() const {
  const std::string quoted = mysql::identifier(name);
  // The server writes six digits of a float, and of `double(10,2)` those two: times one they are doubles, written
  // exactly.
  if (type == "float" || (type == "double" && scale > 0)) return fmt::format("{} * 1e0", quoted);
  if (as_text && (is_bytes || type == "bit" || is_one_of(kGeometry, type))) return fmt::format("hex({})", quoted);
  return quoted;
}

MysqlColumn mysql_column(const MysqlField& field) {
  MysqlColumn column;
  column.name = field.name;
  column.type = column.declared = type_of(field);
  column.is_unsigned = field.is_unsigned;
  column.is_bytes = column.type == "blob";
  if (column.type == "decimal") {
    // The length counts the sign and the point.
    column.scale = static_cast<int>(field.decimals);
    column.digits = static_cast<int>(field.length) - (field.decimals > 0 ? 1 : 0) - (field.is_unsigned ? 0 : 1);
  } else if (column.type == "bit") {
    column.digits = static_cast<int>(field.length);
  }
  return column;
}

MysqlValueReader::MysqlValueReader(const MysqlColumn& column, const std::string& table, const std::string& connection)
    : form_(column.form()),
      width_(decimal_width(column.lake_type())),
      scale_(column.type == "decimal" ? column.scale : 0),
      column_(column),
      table_(table),
      connection_(connection) {}

void MysqlValueReader::refuse(std::string_view value) const {
  throw Error(ErrorKind::Data,
              fmt::format("connection `{}`: column `{}` of `{}` holds `{}`, which is no {}", connection_, column_.name,
                          table_, value.substr(0, 100), column_.lake_type()))
      .hint(fmt::format("correct the value at the source, or let the column come as the server writes it: `columns: {{ "
                        "{}: VARCHAR }}`",
                        column_.name));
}

void MysqlValueReader::refuse_bytes() const {
  throw Error(ErrorKind::Data, fmt::format("connection `{}`: column `{}` of `{}` holds bytes that are no UTF-8",
                                           connection_, column_.name, table_))
      .hint("correct the value at the source, or read the table through a view that casts the column to binary");
}

void MysqlValueReader::read_decimal(std::string_view text, RowBatch& batch, std::size_t at, std::size_t row) const {
  const bool is_negative = text.starts_with('-');
  UnsignedWide digits = 0;
  int after_point = -1;
  for (const char letter : text.substr(is_negative ? 1 : 0)) {
    if (letter == '.' && after_point < 0) {
      after_point = 0;
      continue;
    }
    if (letter < '0' || letter > '9') refuse(text);
    digits = digits * 10 + static_cast<UnsignedWide>(letter - '0');
    if (after_point >= 0) ++after_point;
  }
  for (int i = std::max(after_point, 0); i < scale_; ++i) digits *= 10;
  if (after_point > scale_) refuse(text);
  const Wide value = is_negative ? -static_cast<Wide>(digits) : static_cast<Wide>(digits);
  if (width_ <= 4) return batch.put(at, row, static_cast<std::int16_t>(value));
  if (width_ <= 9) return batch.put(at, row, static_cast<std::int32_t>(value));
  if (width_ <= 18) return batch.put(at, row, static_cast<std::int64_t>(value));
  batch.put(at, row, value);
}

void MysqlValueReader::read(std::string_view text, RowBatch& batch, std::size_t at, std::size_t row) const {
  const auto put = [&](const auto& value) {
    if (!value) refuse(text);
    batch.put(at, row, *value);
  };
  switch (form_) {
    case MysqlForm::Bit: {
      std::uint64_t bits = 0;
      for (const char byte : text) bits = bits << 8U | static_cast<unsigned char>(byte);
      if (column_.digits == 1) return batch.put(at, row, bits != 0);
      if (column_.digits > kMaxWholeBits) return batch.put(at, row, static_cast<Wide>(bits));
      return batch.put(at, row, static_cast<std::int64_t>(bits));
    }
    case MysqlForm::Int:
      return put(number<std::int32_t>(text));
    case MysqlForm::BigInt:
      return put(number<std::int64_t>(text));
    case MysqlForm::Decimal:
      return read_decimal(text, batch, at, row);
    case MysqlForm::Float: {
      const auto value = number<double>(text);
      return put(value ? std::optional(static_cast<float>(*value)) : std::nullopt);
    }
    case MysqlForm::Double:
      return put(number<double>(text));
    case MysqlForm::Text:
      if (!is_utf8(text)) refuse_bytes();
      return batch.put_text(at, row, text);
    case MysqlForm::Bytes:
      return batch.put_text(at, row, text);
    case MysqlForm::Date:
      return put(day_of(text));
    case MysqlForm::Timestamp:
    case MysqlForm::TimestampTz:
      return put(microsecond_of(text));
    case MysqlForm::Uuid:
      return put(uuid_of(text));
  }
}

}  // namespace lochan
