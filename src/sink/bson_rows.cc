#include "sink/bson_rows.h"

#include <fmt/format.h>

#include <array>

#include "base/error.h"
#include "base/sql.h"
#include "engine/lake_type.h"

namespace lochan {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr int kExponentBias = 6176;  // of IEEE 754's decimal128
constexpr std::int64_t kMillisecond = 1000;

Wide power_of_ten(int exponent) {
  Wide power = 1;
  for (; exponent > 0; --exponent) power *= 10;
  return power;
}

// IEEE 754-2008, decimal128 in its binary encoding: sign, 14 bits of exponent, 113 bits of the digits.
bson_decimal128_t decimal_of(const ValueVector& values, std::size_t row, const std::string& name) {
  static const Wide kFirstTooLong = power_of_ten(34);
  const WideInteger digits = values.digits(row);
  const bool is_negative = digits < 0;
  const Wide size = is_negative ? Wide{0} - static_cast<Wide>(digits) : static_cast<Wide>(digits);
  if (size >= kFirstTooLong)
    throw Error(ErrorKind::Data,
                fmt::format("`{}` has a number of more than 34 digits, which MongoDB's decimals don't hold", name))
        .hint(fmt::format("cast it to VARCHAR in a model: `{}::varchar`", name));
  const auto exponent = static_cast<std::uint64_t>(kExponentBias - values.scale());
  bson_decimal128_t decimal;
  decimal.low = static_cast<std::uint64_t>(size);
  decimal.high = (is_negative ? std::uint64_t{1} << 63 : 0) | exponent << 49 | static_cast<std::uint64_t>(size >> 64);
  return decimal;
}

std::string time_text(std::int64_t micros) {
  const std::int64_t seconds = micros / 1'000'000, rest = micros % 1'000'000;
  const std::string text = fmt::format("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
  return rest == 0 ? text : fmt::format("{}.{:06}", text, rest);
}

// Down to the millisecond, before 1970 too.
std::int64_t to_millis(std::int64_t micros) { return micros / kMillisecond - (micros % kMillisecond < 0 ? 1 : 0); }

int length(std::string_view text) { return static_cast<int>(text.size()); }

[[noreturn]] void refuse_nul(const std::string& name) {
  throw Error(ErrorKind::Data, fmt::format("`{}` has a key with a NUL byte, which a field's name can't hold", name))
      .hint("take it out in a model");
}

void append_list(bson_t* document, const std::string& name, const ValueVector& values, std::size_t row) {
  const auto [first, count] = values.range(row);
  bson_t list;
  bson_append_array_begin(document, name.data(), length(name), &list);
  for (std::size_t at = 0; at < count; ++at) append_value(&list, std::to_string(at), values.items(), first + at);
  bson_append_array_end(document, &list);
}

void append_struct(bson_t* document, const std::string& name, const ValueVector& values, std::size_t row) {
  bson_t child;
  bson_append_document_begin(document, name.data(), length(name), &child);
  for (std::size_t at = 0; at < values.members().size(); ++at)
    append_value(&child, values.names()[at], values.members()[at], row);
  bson_append_document_end(document, &child);
}

// Keys that are texts are names of fields; others stay what they are, in a list of `key` and `value`.
void append_map(bson_t* document, const std::string& name, const ValueVector& values, std::size_t row) {
  const ValueVector& entries = values.items();
  const ValueVector& keys = entries.members()[0];
  if (keys.kind() != ValueKind::Text) return append_list(document, name, values, row);
  const auto [first, count] = values.range(row);
  bson_t child;
  bson_append_document_begin(document, name.data(), length(name), &child);
  for (std::size_t at = first; at < first + count; ++at) {
    const std::string_view key = keys.text(at);
    if (key.find('\0') != std::string_view::npos) refuse_nul(name);
    append_value(&child, std::string(key), entries.members()[1], at);
  }
  bson_append_document_end(document, &child);
}

void append_uuid(bson_t* document, const std::string& name, const ValueVector& values, std::size_t row) {
  const auto [high, low] = values.uuid(row);
  std::array<std::uint8_t, 16> bytes{};
  for (std::size_t at = 0; at < 8; ++at) {
    bytes[at] = static_cast<std::uint8_t>(high >> (56 - 8 * at));
    bytes[8 + at] = static_cast<std::uint8_t>(low >> (56 - 8 * at));
  }
  bson_append_binary(document, name.data(), length(name), BSON_SUBTYPE_UUID, bytes.data(), std::uint32_t{16});
}

}  // namespace

std::string select_for_bson(const Column& column) {
  const std::string lake = lake_type(column.type), name = sql::identifier(column.name);
  return lake == column.type ? name : fmt::format("cast({} as {}) as {}", name, lake, name);
}

void append_value(bson_t* document, const std::string& name, const ValueVector& values, std::size_t row) {
  const int size = length(name);
  if (values.is_null(row)) {
    bson_append_null(document, name.data(), size);
    return;
  }
  switch (values.kind()) {
    case ValueKind::Boolean:
      bson_append_bool(document, name.data(), size, values.at<bool>(row));
      return;
    case ValueKind::Int32:
      bson_append_int32(document, name.data(), size, values.at<std::int32_t>(row));
      return;
    case ValueKind::Int64:
      bson_append_int64(document, name.data(), size, values.at<std::int64_t>(row));
      return;
    case ValueKind::Float:
      bson_append_double(document, name.data(), size, static_cast<double>(values.at<float>(row)));
      return;
    case ValueKind::Double:
      bson_append_double(document, name.data(), size, values.at<double>(row));
      return;
    case ValueKind::Decimal: {
      const bson_decimal128_t decimal = decimal_of(values, row, name);
      bson_append_decimal128(document, name.data(), size, &decimal);
      return;
    }
    case ValueKind::Date:
      bson_append_date_time(document, name.data(), size, std::int64_t{values.at<std::int32_t>(row)} * 86'400'000);
      return;
    case ValueKind::Time: {
      const std::string text = time_text(values.at<std::int64_t>(row));
      bson_append_utf8(document, name.data(), size, text.data(), length(text));
      return;
    }
    case ValueKind::Timestamp:
      bson_append_date_time(document, name.data(), size, to_millis(values.at<std::int64_t>(row)));
      return;
    case ValueKind::Text: {
      const std::string_view text = values.text(row);
      bson_append_utf8(document, name.data(), size, text.data(), length(text));
      return;
    }
    case ValueKind::Blob: {
      const std::string_view bytes = values.text(row);
      bson_append_binary(document, name.data(), size, BSON_SUBTYPE_BINARY,
                         reinterpret_cast<const std::uint8_t*>(bytes.data()), static_cast<std::uint32_t>(bytes.size()));
      return;
    }
    case ValueKind::Uuid:
      return append_uuid(document, name, values, row);
    case ValueKind::List:
      return append_list(document, name, values, row);
    case ValueKind::Struct:
      return append_struct(document, name, values, row);
    case ValueKind::Map:
      return append_map(document, name, values, row);
  }
}

void BsonKey::append_id(bson_t* document, const RowChunk& rows, std::size_t row) const {
  for (std::size_t at = 0; at < columns_.size(); ++at)
    if (rows.column(columns_[at]).is_null(row))
      throw Error(ErrorKind::Data, fmt::format("`{}`, of the key, is null", names_[at]))
          .hint("leave such rows out in a model, or check the column by `not_null`");
  if (columns_.size() == 1) return append_value(document, "_id", rows.column(columns_[0]), row);
  bson_t id;
  bson_append_document_begin(document, "_id", 3, &id);
  for (std::size_t at = 0; at < columns_.size(); ++at) append_value(&id, names_[at], rows.column(columns_[at]), row);
  bson_append_document_end(document, &id);
}

}  // namespace lochan
