#include "engine/cell.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace lochan {
namespace {

std::string_view view(const duckdb_string_t& text) {
  // The C function takes a pointer it doesn't write through.
  return {duckdb_string_t_data(const_cast<duckdb_string_t*>(&text)), duckdb_string_t_length(text)};
}

// The C functions take a plain array of handles.
std::vector<duckdb_value> handles(const std::vector<DuckValue>& values) {
  std::vector<duckdb_value> handles;
  for (const DuckValue& value : values) handles.push_back(value.get());
  handles.push_back(nullptr);  // so that an empty list has an address too
  return handles;
}

bool has_all(const std::vector<DuckValue>& values) {
  for (const DuckValue& value : values) {
    if (!value) return false;
  }
  return true;
}

std::vector<DuckValue> values_of(duckdb_vector vector, idx_t offset, idx_t size) {
  const CellReader reader(vector);
  std::vector<DuckValue> values;
  for (idx_t row = offset; row < offset + size; ++row) values.push_back(reader.value(row));
  return values;
}

}  // namespace

CellReader::CellReader(duckdb_vector vector)
    : vector_(vector),
      type_(duckdb_vector_get_column_type(vector)),
      id_(duckdb_get_type_id(type_.get())),
      data_(duckdb_vector_get_data(vector)),
      validity_(duckdb_vector_get_validity(vector)) {}

bool CellReader::is_null(idx_t row) const {
  return id_ == DUCKDB_TYPE_SQLNULL || (validity_ != nullptr && !duckdb_validity_row_is_valid(validity_, row));
}

std::optional<std::string> CellReader::text(idx_t row) const {
  if (is_null(row)) return std::nullopt;
  switch (id_) {
    case DUCKDB_TYPE_VARCHAR:
      return std::string(view(at<duckdb_string_t>(row)));
    case DUCKDB_TYPE_BOOLEAN:
      return at<bool>(row) ? "true" : "false";
    case DUCKDB_TYPE_SMALLINT:
      return std::to_string(at<int16_t>(row));
    case DUCKDB_TYPE_INTEGER:
      return std::to_string(at<int32_t>(row));
    case DUCKDB_TYPE_BIGINT:
      return std::to_string(at<int64_t>(row));
    default:
      break;
  }
  const DuckValue cell = value(row);
  if (!cell) return "(can't be shown: cast it to VARCHAR)";
  return take_text(duckdb_get_varchar(cell.get()));
}

DuckValue CellReader::value(idx_t row) const {
  if (is_null(row)) return DuckValue(duckdb_create_null_value());
  switch (id_) {
    case DUCKDB_TYPE_DECIMAL:
      return decimal_value(row);
    case DUCKDB_TYPE_ENUM:
      return enum_value(row);
    case DUCKDB_TYPE_LIST:
    case DUCKDB_TYPE_ARRAY:
    case DUCKDB_TYPE_STRUCT:
      return nested_value(row);
    case DUCKDB_TYPE_MAP:
      return map_value(row);
    case DUCKDB_TYPE_UNION:
      return union_value(row);
    default:
      return simple_value(row);
  }
}

DuckValue CellReader::simple_value(idx_t row) const {
  switch (id_) {
    case DUCKDB_TYPE_BOOLEAN:
      return DuckValue(duckdb_create_bool(at<bool>(row)));
    case DUCKDB_TYPE_TINYINT:
      return DuckValue(duckdb_create_int8(at<int8_t>(row)));
    case DUCKDB_TYPE_SMALLINT:
      return DuckValue(duckdb_create_int16(at<int16_t>(row)));
    case DUCKDB_TYPE_INTEGER:
      return DuckValue(duckdb_create_int32(at<int32_t>(row)));
    case DUCKDB_TYPE_BIGINT:
      return DuckValue(duckdb_create_int64(at<int64_t>(row)));
    case DUCKDB_TYPE_UTINYINT:
      return DuckValue(duckdb_create_uint8(at<uint8_t>(row)));
    case DUCKDB_TYPE_USMALLINT:
      return DuckValue(duckdb_create_uint16(at<uint16_t>(row)));
    case DUCKDB_TYPE_UINTEGER:
      return DuckValue(duckdb_create_uint32(at<uint32_t>(row)));
    case DUCKDB_TYPE_UBIGINT:
      return DuckValue(duckdb_create_uint64(at<uint64_t>(row)));
    case DUCKDB_TYPE_FLOAT:
      return DuckValue(duckdb_create_float(at<float>(row)));
    case DUCKDB_TYPE_DOUBLE:
      return DuckValue(duckdb_create_double(at<double>(row)));
    case DUCKDB_TYPE_HUGEINT:
      return DuckValue(duckdb_create_hugeint(at<duckdb_hugeint>(row)));
    case DUCKDB_TYPE_UHUGEINT:
      return DuckValue(duckdb_create_uhugeint(at<duckdb_uhugeint>(row)));
    case DUCKDB_TYPE_DATE:
      return DuckValue(duckdb_create_date(at<duckdb_date>(row)));
    case DUCKDB_TYPE_TIME:
      return DuckValue(duckdb_create_time(at<duckdb_time>(row)));
    case DUCKDB_TYPE_TIME_NS:
      return DuckValue(duckdb_create_time_ns(at<duckdb_time_ns>(row)));
    case DUCKDB_TYPE_TIME_TZ:
      return DuckValue(duckdb_create_time_tz_value(at<duckdb_time_tz>(row)));
    case DUCKDB_TYPE_TIMESTAMP:
      return DuckValue(duckdb_create_timestamp(at<duckdb_timestamp>(row)));
    case DUCKDB_TYPE_TIMESTAMP_TZ:
      return DuckValue(duckdb_create_timestamp_tz(at<duckdb_timestamp>(row)));
    case DUCKDB_TYPE_TIMESTAMP_S:
      return DuckValue(duckdb_create_timestamp_s(at<duckdb_timestamp_s>(row)));
    case DUCKDB_TYPE_TIMESTAMP_MS:
      return DuckValue(duckdb_create_timestamp_ms(at<duckdb_timestamp_ms>(row)));
    case DUCKDB_TYPE_TIMESTAMP_NS:
      return DuckValue(duckdb_create_timestamp_ns(at<duckdb_timestamp_ns>(row)));
    case DUCKDB_TYPE_INTERVAL:
      return DuckValue(duckdb_create_interval(at<duckdb_interval>(row)));
    case DUCKDB_TYPE_UUID: {
      // Kept with its highest bit turned, so that it sorts as a signed number.
      const auto kept = at<duckdb_uhugeint>(row);
      return DuckValue(duckdb_create_uuid({kept.lower, kept.upper ^ (std::uint64_t{1} << 63)}));
    }
    default:
      break;
  }
  if (id_ != DUCKDB_TYPE_VARCHAR && id_ != DUCKDB_TYPE_BLOB && id_ != DUCKDB_TYPE_BIT) return DuckValue();
  const std::string_view bytes = view(static_cast<const duckdb_string_t*>(data_)[row]);
  if (id_ == DUCKDB_TYPE_VARCHAR) return DuckValue(duckdb_create_varchar_length(bytes.data(), bytes.size()));
  auto* start = reinterpret_cast<std::uint8_t*>(const_cast<char*>(bytes.data()));
  if (id_ == DUCKDB_TYPE_BLOB) return DuckValue(duckdb_create_blob(start, bytes.size()));
  return DuckValue(duckdb_create_bit({start, bytes.size()}));
}

DuckValue CellReader::decimal_value(idx_t row) const {
  duckdb_decimal decimal{duckdb_decimal_width(type_.get()), duckdb_decimal_scale(type_.get()), {}};
  const auto widened = [](std::int64_t number) {
    return duckdb_hugeint{static_cast<std::uint64_t>(number), number < 0 ? -1 : 0};
  };
  switch (duckdb_decimal_internal_type(type_.get())) {
    case DUCKDB_TYPE_SMALLINT:
      decimal.value = widened(at<int16_t>(row));
      break;
    case DUCKDB_TYPE_INTEGER:
      decimal.value = widened(at<int32_t>(row));
      break;
    case DUCKDB_TYPE_BIGINT:
      decimal.value = widened(at<int64_t>(row));
      break;
    default:
      decimal.value = at<duckdb_hugeint>(row);
  }
  return DuckValue(duckdb_create_decimal(decimal));
}

DuckValue CellReader::enum_value(idx_t row) const {
  switch (duckdb_enum_internal_type(type_.get())) {
    case DUCKDB_TYPE_UTINYINT:
      return DuckValue(duckdb_create_enum_value(type_.get(), at<uint8_t>(row)));
    case DUCKDB_TYPE_USMALLINT:
      return DuckValue(duckdb_create_enum_value(type_.get(), at<uint16_t>(row)));
    default:
      return DuckValue(duckdb_create_enum_value(type_.get(), at<uint32_t>(row)));
  }
}

DuckValue CellReader::nested_value(idx_t row) const {
  if (id_ == DUCKDB_TYPE_STRUCT) {
    std::vector<DuckValue> members;
    for (idx_t at = 0; at < duckdb_struct_type_child_count(type_.get()); ++at)
      members.push_back(CellReader(duckdb_struct_vector_get_child(vector_, at)).value(row));
    if (!has_all(members)) return DuckValue();
    return DuckValue(duckdb_create_struct_value(type_.get(), handles(members).data()));
  }
  if (id_ == DUCKDB_TYPE_ARRAY) {
    const DuckType child(duckdb_array_type_child_type(type_.get()));
    const idx_t size = duckdb_array_type_array_size(type_.get());
    const std::vector<DuckValue> items = values_of(duckdb_array_vector_get_child(vector_), row * size, size);
    if (!has_all(items)) return DuckValue();
    return DuckValue(duckdb_create_array_value(child.get(), handles(items).data(), size));
  }
  const DuckType child(duckdb_list_type_child_type(type_.get()));
  const auto entry = at<duckdb_list_entry>(row);
  const std::vector<DuckValue> items = values_of(duckdb_list_vector_get_child(vector_), entry.offset, entry.length);
  if (!has_all(items)) return DuckValue();
  return DuckValue(duckdb_create_list_value(child.get(), handles(items).data(), entry.length));
}

DuckValue CellReader::map_value(idx_t row) const {
  const auto entry = at<duckdb_list_entry>(row);
  const duckdb_vector pairs = duckdb_list_vector_get_child(vector_);
  const auto keys = values_of(duckdb_struct_vector_get_child(pairs, 0), entry.offset, entry.length);
  const auto values = values_of(duckdb_struct_vector_get_child(pairs, 1), entry.offset, entry.length);
  if (!has_all(keys) || !has_all(values)) return DuckValue();
  return DuckValue(duckdb_create_map_value(type_.get(), handles(keys).data(), handles(values).data(), entry.length));
}

// A union is kept as a struct whose first member is the tag.
DuckValue CellReader::union_value(idx_t row) const {
  auto* tags = static_cast<const std::uint8_t*>(duckdb_vector_get_data(duckdb_struct_vector_get_child(vector_, 0)));
  const idx_t tag = tags[row];
  const DuckValue member = CellReader(duckdb_struct_vector_get_child(vector_, tag + 1)).value(row);
  if (!member) return DuckValue();
  return DuckValue(duckdb_create_union_value(type_.get(), tag, member.get()));
}

}  // namespace lochan
