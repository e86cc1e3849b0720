// Names of types, as people write them: `int` and `text` are DuckDB's INTEGER and VARCHAR.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace lochan {

/// The name that DuckDB itself writes for this one, whatever its letters; nothing for what is no type's name.
std::string_view own_type_name(std::string_view name);
/// The names that DuckDB itself writes.
std::span<const std::string> type_names();

}  // namespace lochan
