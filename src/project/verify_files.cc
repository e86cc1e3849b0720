// Files: which keys of their connections and tables go together.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "project/files_config.h"
#include "project/verify_project.h"

namespace lochan {
namespace {

void verify_connection(const Connection& connection, Problems& problems) {
  if (!connection.files || connection.kind.empty() || connection.location.empty()) return;
  const FilesPlace place = files_place(connection);
  if (connection.kind != "files" || place != FilesPlace::Bucket)
    for (const auto& [key, position] : connection.files->written)
      problems.add(position, fmt::format("`{}` is for buckets, and `{}` is none", key, connection.name),
                   fmt::format("remove `{}`, or name a bucket: `url: s3://bucket/prefix`", key));
  const std::vector<LocatedText>& names = connection.files->names;
  if (!names.empty() && (connection.kind != "files" || place != FilesPlace::Web))
    problems.add(names.front().position, fmt::format("`names` is for files on a web server, and `{}` is none", connection.name),
                 "remove `names`, or write `url: files:https://host/folder`");
  for (const LocatedText& name : names)
    if (name->empty() || name->starts_with('/') || name->find("://") != std::string::npos || name->find("..") != std::string::npos)
      problems.add(name.position, fmt::format("`{}` is no name below the URL of `{}`", *name, connection.name),
                   "write it as `sales.csv` or `2026/sales.csv`");
}

/// A key of a table, and the formats it says something about.
struct OptionUse {
  std::string_view option;
  std::array<std::string_view, 3> formats;
};
constexpr std::array<OptionUse, 14> kUses = {{{"delimiter", {"csv"}},
                                              {"quote", {"csv"}},
                                              {"escape", {"csv"}},
                                              {"skip", {"csv"}},
                                              {"decimal", {"csv"}},
                                              {"date_format", {"csv"}},
                                              {"timestamp_format", {"csv"}},
                                              {"header", {"csv", "excel"}},
                                              {"nulls", {"csv", "excel"}},
                                              {"encoding", {"csv", "json"}},
                                              {"records", {"json", "xml"}},
                                              {"sheet", {"excel"}},
                                              {"range", {"excel"}},
                                              {"inline", {"bytes"}}}};

void verify_format(const SourceTable& table, Problems& problems) {
  const std::string format = file_format_word(table, table.from);
  if (format.empty()) return;  // each file's own name says it
  for (const OptionUse& use : kUses)
    if (table.options.contains(std::string(use.option)) && std::ranges::find(use.formats, format) == use.formats.end())
      problems.add(table.position, fmt::format("`{}` of `{}` is for {}, and its files are {}", use.option, table.name, use.formats[0], format),
                   fmt::format("remove `{}`, or give the `format` that they have", use.option));
  if (format == "bytes" && table.options.contains("columns"))
    problems.add(table.position, fmt::format("`{}` has the columns that every table of bytes has", table.name), "remove `columns`");
  if (format == "xml" && !table.options.contains("records"))
    problems.add(table.position, fmt::format("`{}` doesn't say which element of its XML is a record", table.name), "such as `records: order`");
}

void verify_table(const SourceTable& table, Problems& problems) {
  verify_format(table, problems);
  const auto option = [&](const char* name) {
    const auto found = table.options.find(name);
    return found == table.options.end() ? std::string() : found->second;
  };
  for (const char* one_letter : {"escape", "quote"})
    if (option(one_letter).size() > 1)
      problems.add(table.position, fmt::format("`{}` of `{}` is `{}`, wanted one letter", one_letter, table.name, option(one_letter)), "");
  if (option("decimal") == "," && option("delimiter") == ",")
    problems.add(table.position, fmt::format("`,` of `{}` can't stand before fractions and between values", table.name), "give another `delimiter`");
  if (const auto marker = table.options.find("marker"); marker != table.options.end())
    if (marker->second.empty() || marker->second == "." || marker->second.find('/') != std::string::npos)
      problems.add(table.position, fmt::format("`marker` of `{}` is `{}`, wanted an ending such as `.done`, or a name such as `_SUCCESS`", table.name,
                                               marker->second), "");
}

}  // namespace

void verify_files(const Project& project, Problems& problems) {
  for (const auto& [name, connection] : project.connections) verify_connection(connection, problems);
  for (const auto& [name, source] : project.sources) {
    const bool is_of_files = std::ranges::all_of(source.from, [&](const LocatedText& from) {
      const auto found = project.connections.find(*from);
      return found != project.connections.end() && found->second.kind == "files";
    });
    if (!is_of_files) continue;
    for (const SourceTable& table : source.tables) verify_table(table, problems);
  }
}

}  // namespace lochan
