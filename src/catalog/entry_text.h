// The derived parts of an entry as text columns of the state database. A plan reads a thousand of them, so they are
// packed: each text as its length, a colon and its bytes.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "project/column.h"

namespace lochan {

std::string pack_columns(const std::vector<Column>& columns);
std::vector<Column> unpack_columns(std::string_view text);
std::string pack_properties(const std::map<std::string, std::string>& properties);
std::map<std::string, std::string> unpack_properties(std::string_view text);

}  // namespace lochan
