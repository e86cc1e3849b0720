#include "source/postgres_column.h"

#include <endian.h>
#include <fmt/format.h>

#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <optional>

#include "base/error.h"
#include "base/sql.h"
#include "project/scalar.h"

namespace lochan {
namespace {

// Types and digits as catalog/pg_type.dat numbers them.
struct Known {
  std::uint32_t type;
  PostgresForm form;
  std::string_view lake_type;
};
constexpr std::array kKnown = {Known{16, PostgresForm::Bool, "BOOLEAN"},
                               Known{17, PostgresForm::Bytes, "BLOB"},
                               Known{19, PostgresForm::Text, "VARCHAR"},    // name
                               Known{20, PostgresForm::Int8, "BIGINT"},
                               Known{21, PostgresForm::Int2, "INTEGER"},
                               Known{23, PostgresForm::Int4, "INTEGER"},
                               Known{25, PostgresForm::Text, "VARCHAR"},    // text
                               Known{26, PostgresForm::Oid, "BIGINT"},
                               Known{700, PostgresForm::Float4, "FLOAT"},
                               Known{701, PostgresForm::Float8, "DOUBLE"},
                               Known{1042, PostgresForm::Text, "VARCHAR"},  // char(n), with its blanks
                               Known{1043, PostgresForm::Text, "VARCHAR"},  // varchar(n)
                               Known{1082, PostgresForm::Date, "DATE"},
                               Known{1083, PostgresForm::Time, "TIME"},
                               Known{1114, PostgresForm::Timestamp, "TIMESTAMP"},
                               Known{1184, PostgresForm::TimestampTz, "TIMESTAMP WITH TIME ZONE"},
                               Known{2950, PostgresForm::Uuid, "UUID"}};
constexpr std::uint32_t kNumeric = 1700;

const Known* find_known(const PostgresColumn& column) {
  if (column.as_text) return nullptr;
  for (const Known& known : kKnown)
    if (known.type == column.type) return &known;
  return nullptr;
}

struct Digits {
  int width;
  int scale;
};

// Of a numeric that a decimal of the lake holds whole. Since PostgreSQL 15 a scale may be negative or above the precision.
std::optional<Digits> decimal_digits(const PostgresColumn& column) {
  if (column.type != kNumeric || column.modifier < 4 || column.as_text) return std::nullopt;
  const std::uint32_t packed = static_cast<std::uint32_t>(column.modifier) - 4;
  const int precision = static_cast<int>(packed >> 16);
  const int scale = (static_cast<int>(packed & 0x7ff) ^ 1024) - 1024;
  const Digits digits{scale < 0 ? precision - scale : std::max(precision, scale), std::max(scale, 0)};
  return digits.width <= 38 ? std::optional(digits) : std::nullopt;
}

template <typename T>
T big_endian(std::string_view bytes, std::size_t at = 0) {
  std::make_unsigned_t<T> value = 0;
  if (bytes.size() < at + sizeof(T)) throw Error(ErrorKind::Internal, "a value of a copy is too short");
  std::memcpy(&value, bytes.data() + at, sizeof(T));
  if constexpr (sizeof(T) == 8) return static_cast<T>(be64toh(value));
  if constexpr (sizeof(T) == 4) return static_cast<T>(be32toh(value));
  return static_cast<T>(be16toh(static_cast<std::uint16_t>(value)));
}

constexpr std::int64_t kDaysTo2000 = 10957;
constexpr std::int64_t kMicrosecondsTo2000 = kDaysTo2000 * 86'400'000'000;
constexpr std::int64_t kEnd = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kBegin = std::numeric_limits<std::int64_t>::min();

__extension__ using Wide = __int128;
__extension__ using UnsignedWide = unsigned __int128;

// The number without its point: whole groups from the highest down, then the digits that the scale takes of the last.
template <typename Number>
Number unscaled(std::string_view bytes, int count, int weight, int scale) {
  const auto group = [&](int position) {
    const int index = weight - position;
    return index >= 0 && index < count ? big_endian<std::int16_t>(bytes, 8 + static_cast<std::size_t>(index) * 2) : std::int16_t{0};
  };
  const int last_whole = -(scale / 4);
  Number value = 0;
  for (int position = weight; position >= last_whole; --position) value = value * 10000 + group(position);
  constexpr std::array kPowers = {1, 10, 100, 1000};
  const auto rest = static_cast<std::size_t>(scale % 4);
  if (rest == 0) return value;
  return value * kPowers[rest] + group(last_whole - 1) / kPowers[4 - rest];
}

}  // namespace

PostgresForm PostgresColumn::form() const {
  if (const Known* known = find_known(*this)) return known->form;
  return decimal_digits(*this) ? PostgresForm::Numeric : PostgresForm::Text;
}

std::string PostgresColumn::lake_type() const {
  if (const Known* known = find_known(*this)) return std::string(known->lake_type);
  if (const auto digits = decimal_digits(*this)) return fmt::format("DECIMAL({},{})", digits->width, digits->scale);
  return "VARCHAR";
}

std::string PostgresColumn::selected() const {
  const bool is_own = find_known(*this) != nullptr || decimal_digits(*this);
  return is_own ? sql::identifier(name) : sql::identifier(name) + "::text";
}

PostgresValueReader::PostgresValueReader(const PostgresColumn& column, const std::string& table, bool is_utf8)
    : form_(column.form()), is_utf8_(is_utf8), name_(column.name), declared_(column.declared), lake_type_(column.lake_type()), table_(table) {
  if (const auto digits = decimal_digits(column)) {
    width_ = digits->width;
    scale_ = digits->scale;
  }
}

void PostgresValueReader::refuse(const std::string& value) const {
  throw Error(ErrorKind::Data, fmt::format("column `{}` of `{}`, {}, holds `{}`, which {} of the lake can't", name_, table_, declared_, value,
                                           lake_type_))
      .hint(fmt::format("write `columns: {{ {}: VARCHAR }}` under the table in `sources/`: then all its values come as text", name_));
}

// https://www.postgresql.org/docs/15/: utils/adt/numeric.c, numeric_send: digits of base 10000, the first of weight `weight`.
void PostgresValueReader::read_numeric(std::string_view bytes, RowBatch& batch, std::size_t at, std::size_t row) const {
  const int count = big_endian<std::int16_t>(bytes);
  const int weight = big_endian<std::int16_t>(bytes, 2);
  const auto sign = static_cast<std::uint16_t>(big_endian<std::int16_t>(bytes, 4));
  if (sign == 0xC000) refuse("NaN");
  if (sign == 0xD000 || sign == 0xF000) refuse(sign == 0xD000 ? "Infinity" : "-Infinity");
  const bool is_negative = sign == 0x4000;
  if (width_ > 18) {
    const Wide value = unscaled<Wide>(bytes, count, weight, scale_);
    return batch.put(at, row, is_negative ? -value : value);
  }
  const auto magnitude = unscaled<std::int64_t>(bytes, count, weight, scale_);
  const std::int64_t value = is_negative ? -magnitude : magnitude;
  if (width_ <= 4) return batch.put(at, row, static_cast<std::int16_t>(value));
  if (width_ <= 9) return batch.put(at, row, static_cast<std::int32_t>(value));
  batch.put(at, row, value);
}

void PostgresValueReader::read(std::string_view bytes, RowBatch& batch, std::size_t at, std::size_t row) const {
  switch (form_) {
    case PostgresForm::Bool:
      return batch.put(at, row, bytes.at(0) != 0);
    case PostgresForm::Int2:
      return batch.put(at, row, static_cast<std::int32_t>(big_endian<std::int16_t>(bytes)));
    case PostgresForm::Int4:
      return batch.put(at, row, big_endian<std::int32_t>(bytes));
    case PostgresForm::Int8:
      return batch.put(at, row, big_endian<std::int64_t>(bytes));
    case PostgresForm::Oid:
      return batch.put(at, row, static_cast<std::int64_t>(static_cast<std::uint32_t>(big_endian<std::int32_t>(bytes))));
    case PostgresForm::Float4:
      return batch.put(at, row, std::bit_cast<float>(big_endian<std::int32_t>(bytes)));
    case PostgresForm::Float8:
      return batch.put(at, row, std::bit_cast<double>(big_endian<std::int64_t>(bytes)));
    case PostgresForm::Numeric:
      return read_numeric(bytes, batch, at, row);
    case PostgresForm::Text:
      if (!is_utf8_ && find_not_utf8(bytes)) refuse("bytes that are no UTF-8");
      return batch.put_text(at, row, bytes);
    case PostgresForm::Bytes:
      return batch.put_text(at, row, bytes);
    case PostgresForm::Date: {
      const std::int64_t day = big_endian<std::int32_t>(bytes);
      if (day == std::numeric_limits<std::int32_t>::max()) refuse("infinity");
      if (day == std::numeric_limits<std::int32_t>::min()) refuse("-infinity");
      return batch.put(at, row, static_cast<std::int32_t>(day + kDaysTo2000));
    }
    case PostgresForm::Time:
      return batch.put(at, row, big_endian<std::int64_t>(bytes));
    case PostgresForm::Timestamp:
    case PostgresForm::TimestampTz: {
      const std::int64_t moment = big_endian<std::int64_t>(bytes);
      if (moment == kEnd) refuse("infinity");
      if (moment == kBegin) refuse("-infinity");
      if (moment > kEnd - 1 - kMicrosecondsTo2000) refuse("a time after the year 294246");
      return batch.put(at, row, moment + kMicrosecondsTo2000);
    }
    case PostgresForm::Uuid: {
      // The engine keeps its first bit turned, so that its own order is that of signed numbers.
      const auto high = static_cast<std::uint64_t>(big_endian<std::int64_t>(bytes)) ^ (std::uint64_t{1} << 63);
      const auto low = static_cast<std::uint64_t>(big_endian<std::int64_t>(bytes, 8));
      return batch.put(at, row, static_cast<Wide>(static_cast<UnsignedWide>(high) << 64 | low));
    }
  }
}

}  // namespace lochan
