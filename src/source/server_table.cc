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

Error unknown_table(const std::string& connection, const SourceTable& wanted, const std::vector<std::string>& names) {
  const std::string others = names.empty() ? "there is no table in it that the user may see"
                                           : fmt::format("there are {}", fmt::join(names, ", "));
  return Error(ErrorKind::NotFound, fmt::format("connection `{}`: no table `{}`", connection, wanted.from))
      .at(wanted.position)
      .hint(text::did_you_mean(wanted.from, names, others));
}

Error unknown_column(const std::string& connection, const std::string& table, const std::string& name,
                     const std::vector<std::string>& names, const Position& position, std::string_view use) {
  return Error(ErrorKind::Data,
               fmt::format("connection `{}`: no column `{}` in `{}` for {}", connection, name, table, use))
      .at(position)
      .hint(text::did_you_mean(name, names, fmt::format("there are {}", fmt::join(names, ", "))));
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
