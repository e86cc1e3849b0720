// Sinks: their connections can be written to, their tables exist, and the keys of a table go together.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/text.h"
#include "project/verify_project.h"

namespace lochan {
namespace {

constexpr std::array<std::string_view, 1> kWritable = {"postgres"};
constexpr std::size_t kLongestName = 63;  // of PostgreSQL, in bytes

void verify_connection(const Project& project, const SinkConfig& sink, Problems& problems) {
  const auto found = project.connections.find(*sink.to);
  if (found == project.connections.end()) {
    std::vector<std::string> names;
    for (const auto& [name, connection] : project.connections) names.push_back(name);
    problems.add(sink.to.position, fmt::format("no connection `{}` in lochan.yaml", *sink.to),
                 text::did_you_mean(*sink.to, names, fmt::format("add it there: `connections: {{ {}: … }}`", *sink.to)));
    return;
  }
  const std::string& kind = found->second.kind;
  if (!kind.empty() && std::ranges::find(kWritable, kind) == kWritable.end())
    problems.add(sink.to.position, fmt::format("`{}` is of kind `{}`, which no sink can write to", *sink.to, kind),
                 "name a connection such as `postgresql://user@host/database`");
}

std::string_view word(SinkWrite write) {
  switch (write) {
    case SinkWrite::Replace:
      return "replace";
    case SinkWrite::Append:
      return "append";
    case SinkWrite::Upsert:
      return "upsert";
    case SinkWrite::Scd2:
      return "scd2";
  }
  return "replace";
}

void verify_name(const SinkTable& table, Problems& problems) {
  const std::vector<std::string> parts = text::split(table.to, '.');
  const bool has_parts = parts.size() <= 2 && std::ranges::none_of(parts, &std::string::empty);
  if (!has_parts)
    return problems.add(table.position, fmt::format("`to` of `{}` is `{}`", to_string(table.table), table.to),
                        "wanted `name` or `schema.name`");
  for (const std::string& part : parts) {
    if (part.size() > kLongestName)
      problems.add(table.position, fmt::format("`{}` is longer than a name may be there: {} bytes", part, kLongestName),
                   "give it a shorter one: `to: name`");
    if (part == "lochan_mark")
      problems.add(table.position, "`lochan_mark` is the platform's own table there", "give it another name: `to: name`");
  }
}

void verify_table(const Project& project, const SinkTable& table, Problems& problems) {
  verify_name(table, problems);
  if (!is_known_table(project, {table.table, table.position}, problems)) return;
  if (table.key.empty() && (table.write == SinkWrite::Upsert || table.write == SinkWrite::Scd2))
    problems.add(table.position,
                 fmt::format("`write: {}` of `{}` needs a `key`", word(table.write), to_string(table.table)),
                 "name the column or columns that name a row, such as `key: id`");
  std::set<std::string> seen;
  for (const LocatedText& key : table.key)
    if (!seen.insert(*key).second)
      problems.add(key.position, fmt::format("`{}` is in the key twice", *key), "keep one of them");
}

void verify_columns(const SinkTable& table, const Model& model, Problems& problems) {
  if (table.write == SinkWrite::Scd2 && model.materialized != Materialization::Scd2)
    problems.add(table.position,
                 fmt::format("`write: scd2` is for models of kind `scd2`, and `{}` is of kind `{}`",
                             to_string(table.table), to_string(model.materialized)),
                 "write `upsert` or `replace`");
}

}  // namespace

void verify_sinks(const Project& project, Problems& problems) {
  std::map<std::string, Position> targets;
  for (const auto& [name, sink] : project.sinks) {
    verify_connection(project, sink, problems);
    for (const SinkTable& table : sink.tables) {
      verify_table(project, table, problems);
      if (const auto model = project.models.find(table.table); model != project.models.end())
        verify_columns(table, model->second, problems);
      else if (table.write == SinkWrite::Scd2 && is_known_table(project, {table.table, table.position}, problems))
        problems.add(table.position, fmt::format("`write: scd2` is for models of kind `scd2`, and `{}` is a raw table",
                                                 to_string(table.table)), "write `append` or `replace`");
      const std::string full = table.to.find('.') == std::string::npos ? sink.schema + "." + table.to : table.to;
      const auto [first, is_new] = targets.try_emplace(*sink.to + "/" + full, table.position);
      if (!is_new)
        problems.add(table.position, fmt::format("two tables go to `{}` of `{}`", table.to, *sink.to),
                     fmt::format("the other one is {}; give one another name: `to: name`", to_string(first->second)));
    }
  }
}

}  // namespace lochan
