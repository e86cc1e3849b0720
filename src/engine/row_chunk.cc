#include "engine/row_chunk.h"

#include "base/error.h"
#include "engine/duckdb_handle.h"

namespace lochan {
namespace {

ValueKind kind_of(duckdb_type type) {
  switch (type) {
    case DUCKDB_TYPE_BOOLEAN:
      return ValueKind::Boolean;
    case DUCKDB_TYPE_INTEGER:
      return ValueKind::Int32;
    case DUCKDB_TYPE_BIGINT:
      return ValueKind::Int64;
    case DUCKDB_TYPE_FLOAT:
      return ValueKind::Float;
    case DUCKDB_TYPE_DOUBLE:
      return ValueKind::Double;
    case DUCKDB_TYPE_DECIMAL:
      return ValueKind::Decimal;
    case DUCKDB_TYPE_DATE:
      return ValueKind::Date;
    case DUCKDB_TYPE_TIME:
      return ValueKind::Time;
    case DUCKDB_TYPE_TIMESTAMP:
    case DUCKDB_TYPE_TIMESTAMP_TZ:
      return ValueKind::Timestamp;
    case DUCKDB_TYPE_VARCHAR:
      return ValueKind::Text;
    case DUCKDB_TYPE_BLOB:
      return ValueKind::Blob;
    case DUCKDB_TYPE_UUID:
      return ValueKind::Uuid;
    case DUCKDB_TYPE_LIST:
      return ValueKind::List;
    case DUCKDB_TYPE_STRUCT:
      return ValueKind::Struct;
    case DUCKDB_TYPE_MAP:
      return ValueKind::Map;
    default:
      throw Error(ErrorKind::Internal, "a column is read as rows though its type is none of the lake's");
  }
}

int bytes_of(duckdb_type internal) {
  switch (internal) {
    case DUCKDB_TYPE_SMALLINT:
      return 2;
    case DUCKDB_TYPE_INTEGER:
      return 4;
    case DUCKDB_TYPE_BIGINT:
      return 8;
    default:
      return 16;
  }
}

}  // namespace

void ValueVector::point_to(void* vector) {
  auto* const from = static_cast<duckdb_vector>(vector);
  data_ = duckdb_vector_get_data(from);
  validity_ = duckdb_vector_get_validity(from);
  if (!is_known_) {
    const DuckType type(duckdb_vector_get_column_type(from));
    kind_ = kind_of(duckdb_get_type_id(type.get()));
    if (kind_ == ValueKind::Decimal) {
      scale_ = duckdb_decimal_scale(type.get());
      digits_bytes_ = bytes_of(duckdb_decimal_internal_type(type.get()));
    } else if (kind_ == ValueKind::Struct) {
      children_.resize(duckdb_struct_type_child_count(type.get()));
      for (idx_t at = 0; at < children_.size(); ++at)
        names_.push_back(take_text(duckdb_struct_type_child_name(type.get(), at)));
    } else if (kind_ == ValueKind::List || kind_ == ValueKind::Map) {
      children_.resize(1);
    }
    is_known_ = true;
  }
  if (kind_ == ValueKind::Struct)
    for (idx_t at = 0; at < children_.size(); ++at) children_[at].point_to(duckdb_struct_vector_get_child(from, at));
  else if (!children_.empty())
    children_[0].point_to(duckdb_list_vector_get_child(from));
}

std::string_view ValueVector::text(std::size_t row) const {
  const auto& text = static_cast<const duckdb_string_t*>(data_)[row];
  return {duckdb_string_t_data(const_cast<duckdb_string_t*>(&text)), duckdb_string_t_length(text)};
}

WideInteger ValueVector::digits(std::size_t row) const {
  switch (digits_bytes_) {
    case 2:
      return at<std::int16_t>(row);
    case 4:
      return at<std::int32_t>(row);
    case 8:
      return at<std::int64_t>(row);
    default: {
      const auto wide = at<duckdb_hugeint>(row);
      return static_cast<WideInteger>(wide.upper) << 64 | static_cast<WideInteger>(wide.lower);
    }
  }
}

// Kept with its highest bit turned, so that it sorts as a signed number.
std::pair<std::uint64_t, std::uint64_t> ValueVector::uuid(std::size_t row) const {
  const auto kept = at<duckdb_uhugeint>(row);
  return {kept.upper ^ (std::uint64_t{1} << 63), kept.lower};
}

std::pair<std::size_t, std::size_t> ValueVector::range(std::size_t row) const {
  const auto entry = at<duckdb_list_entry>(row);
  return {entry.offset, entry.length};
}

void RowChunk::point_to(void* chunk) {
  auto* const from = static_cast<duckdb_data_chunk>(chunk);
  size_ = duckdb_data_chunk_get_size(from);
  columns_.resize(duckdb_data_chunk_get_column_count(from));
  for (idx_t at = 0; at < columns_.size(); ++at) columns_[at].point_to(duckdb_data_chunk_get_vector(from, at));
}

}  // namespace lochan
