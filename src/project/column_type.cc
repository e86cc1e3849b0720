#include "project/column_type.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/text.h"

namespace lochan {
namespace {

// As DuckDB's documentation has them.
using Name = std::pair<std::string_view, std::string_view>;
constexpr std::array<Name, 78> kNames{{
    {"bigint", "BIGINT"},
    {"int8", "BIGINT"},
    {"int64", "BIGINT"},
    {"long", "BIGINT"},
    {"oid", "BIGINT"},
    {"bignum", "BIGNUM"},
    {"varint", "BIGNUM"},
    {"bit", "BIT"},
    {"bitstring", "BIT"},
    {"blob", "BLOB"},
    {"bytea", "BLOB"},
    {"binary", "BLOB"},
    {"varbinary", "BLOB"},
    {"boolean", "BOOLEAN"},
    {"bool", "BOOLEAN"},
    {"logical", "BOOLEAN"},
    {"date", "DATE"},
    {"decimal", "DECIMAL"},
    {"numeric", "DECIMAL"},
    {"dec", "DECIMAL"},
    {"double", "DOUBLE"},
    {"float8", "DOUBLE"},
    {"enum", "ENUM"},
    {"float", "FLOAT"},
    {"float4", "FLOAT"},
    {"real", "FLOAT"},
    {"geometry", "GEOMETRY"},
    {"hugeint", "HUGEINT"},
    {"int128", "HUGEINT"},
    {"integer", "INTEGER"},
    {"int", "INTEGER"},
    {"int4", "INTEGER"},
    {"int32", "INTEGER"},
    {"integral", "INTEGER"},
    {"signed", "INTEGER"},
    {"interval", "INTERVAL"},
    {"json", "JSON"},
    {"map", "MAP"},
    {"null", "NULL"},
    {"smallint", "SMALLINT"},
    {"int2", "SMALLINT"},
    {"int16", "SMALLINT"},
    {"short", "SMALLINT"},
    {"struct", "STRUCT"},
    {"row", "STRUCT"},
    {"time", "TIME"},
    {"time_ns", "TIME_NS"},
    {"timetz", "TIMETZ"},
    {"timestamp", "TIMESTAMP"},
    {"datetime", "TIMESTAMP"},
    {"timestamp_us", "TIMESTAMP"},
    {"timestamp_s", "TIMESTAMP_S"},
    {"timestamp_ms", "TIMESTAMP_MS"},
    {"timestamp_ns", "TIMESTAMP_NS"},
    {"timestamptz", "TIMESTAMPTZ"},
    {"tinyint", "TINYINT"},
    {"int1", "TINYINT"},
    {"ubigint", "UBIGINT"},
    {"uint64", "UBIGINT"},
    {"uhugeint", "UHUGEINT"},
    {"uint128", "UHUGEINT"},
    {"uinteger", "UINTEGER"},
    {"uint32", "UINTEGER"},
    {"union", "UNION"},
    {"usmallint", "USMALLINT"},
    {"uint16", "USMALLINT"},
    {"utinyint", "UTINYINT"},
    {"uint8", "UTINYINT"},
    {"uuid", "UUID"},
    {"guid", "UUID"},
    {"varchar", "VARCHAR"},
    {"bpchar", "VARCHAR"},
    {"char", "VARCHAR"},
    {"character", "VARCHAR"},
    {"nvarchar", "VARCHAR"},
    {"string", "VARCHAR"},
    {"text", "VARCHAR"},
    {"variant", "VARIANT"},
}};

}  // namespace

std::string_view own_type_name(std::string_view name) {
  const std::string lower = text::lower(name);
  const auto found = std::ranges::find(kNames, std::string_view(lower), &Name::first);
  return found == kNames.end() ? "" : found->second;
}

std::span<const std::string> type_names() {
  static const std::vector<std::string> kOwn = [] {
    std::vector<std::string> names;
    for (const auto& [name, own] : kNames) names.emplace_back(own);
    const auto repeated = std::ranges::unique(names);
    names.erase(repeated.begin(), repeated.end());
    return names;
  }();
  return kOwn;
}

}  // namespace lochan
