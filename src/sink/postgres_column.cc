#include "sink/postgres_column.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>
#include <regex>
#include <utility>

#include "base/sql.h"
#include "engine/lake_type.h"

namespace lochan {
namespace {

using Pair = std::pair<std::string_view, std::string_view>;

constexpr std::array<Pair, 12> kTypes{{{"BOOLEAN", "boolean"},
                                       {"INTEGER", "integer"},
                                       {"BIGINT", "bigint"},
                                       {"FLOAT", "real"},
                                       {"DOUBLE", "double precision"},
                                       {"DATE", "date"},
                                       {"TIME", "time without time zone"},
                                       {"TIMESTAMP", "timestamp without time zone"},
                                       {"TIMESTAMP WITH TIME ZONE", "timestamp with time zone"},
                                       {"VARCHAR", "text"},
                                       {"BLOB", "bytea"},
                                       {"UUID", "uuid"}}};

// "" for a nested type.
std::string plain_type(std::string_view type) {
  const auto found = std::ranges::find(kTypes, type, &Pair::first);
  return found == kTypes.end() ? "" : std::string(found->second);
}

struct Numeric {
  int digits = 0;
  int scale = 0;
};

std::optional<Numeric> parse_numeric(std::string_view type, const char* format) {
  Numeric numeric;
  if (std::sscanf(std::string(type).c_str(), format, &numeric.digits, &numeric.scale) != 2) return std::nullopt;
  return numeric;
}

}  // namespace

TargetColumn postgres_column(const Column& column) {
  const std::string lake = lake_type(column.type);
  TargetColumn result{column.name, plain_type(lake), sql::identifier(column.name), lake == "VARCHAR"};
  if (lake != column.type) result.select = fmt::format("cast({} as {})", result.select, lake);
  if (!result.type.empty()) return result;
  if (!lake.ends_with("]")) {
    if (const auto numeric = parse_numeric(lake, "DECIMAL(%d,%d)")) {
      result.type = fmt::format("numeric({},{})", numeric->digits, numeric->scale);
      return result;
    }
  } else if (const std::string item = plain_type(lake.substr(0, lake.size() - 2)); !item.empty()) {
    // The engine writes texts of a list as varchar.
    result.type = (item == "text" ? "character varying" : item) + "[]";
    return result;
  }
  result.type = "jsonb";
  // The engine's JSON would round decimals: they go as text. Binary jsonb begins with its version.
  const std::string exact = std::regex_replace(lake, std::regex(R"(DECIMAL\(\d+,\d+\))"), "VARCHAR");
  if (exact != lake) result.select = fmt::format("cast({} as {})", result.select, exact);
  result.select = fmt::format("chr(1) || to_json({})::varchar", result.select);
  return result;
}

bool is_wider(std::string_view type, std::string_view than) {
  if (type == "text") return true;
  if (type == "bigint") return than == "integer";
  if (type == "double precision") return than == "real";
  if (type == "timestamp without time zone") return than == "date";
  const auto wide = parse_numeric(type, "numeric(%d,%d)");
  if (!wide) return false;
  if (than == "integer") return wide->digits - wide->scale >= 10;
  if (than == "bigint") return wide->digits - wide->scale >= 19;
  const auto narrow = parse_numeric(than, "numeric(%d,%d)");
  return narrow && wide->scale >= narrow->scale && wide->digits - wide->scale >= narrow->digits - narrow->scale;
}

}  // namespace lochan
