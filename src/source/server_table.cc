#include "source/server_table.h"

#include <charconv>
#include <cstdint>

#include "base/json.h"

namespace lochan {

std::vector<std::string> columns_as_text(const SourceTable& table) {
  std::vector<std::string> names;
  const auto option = table.options.find("columns");
  if (option == table.options.end()) return names;
  const Json columns = Json::parse(option->second);  // `items` refers to it
  for (const auto& [name, type] : columns.items()) names.push_back(name);
  return names;
}

void note_reached(Extract& extract, const std::string& column, const std::string& declared,
                  const std::optional<std::string>& highest, const std::optional<std::string>& rows) {
  std::int64_t count = 0;
  if (rows) std::from_chars(rows->data(), rows->data() + rows->size(), count);
  extract.rows = count;
  extract.surely_nothing = !extract.is_whole && count == 0;
  Json state{{"column", column}, {"type", declared}};
  if (highest) state["max"] = *highest;
  extract.reached.text = state.dump();
}

}  // namespace lochan
