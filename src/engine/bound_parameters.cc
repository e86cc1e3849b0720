#include "engine/bound_parameters.h"

#include "base/text.h"
#include "engine/sql_text.h"

namespace lochan {

BoundParameters::BoundParameters(std::string_view sql) {
  std::size_t from = 0;
  for (const SqlToken& token : parameter_tokens(sql)) {
    const std::string name = text::lower(token.of(sql).substr(1));
    const bool is_time = name == "since" || name == "until" || name == "run_at";
    const std::string_view value = is_time ? "cast(null as timestamptz)" : "cast(null as varchar)";
    sql_ += sql.substr(from, token.offset - from);
    places_.push_back({token.offset, sql_.size(), value.size(), token.size});
    sql_ += value;
    from = token.end();
  }
  sql_ += sql.substr(from);
}

std::size_t BoundParameters::original_offset(std::size_t offset) const {
  std::size_t added = 0;
  for (const Place& place : places_) {
    if (offset < place.offset) break;
    if (offset < place.offset + place.size) return place.original;
    added = place.offset + place.size - place.original - place.was_size;
  }
  return offset - added;
}

}  // namespace lochan
