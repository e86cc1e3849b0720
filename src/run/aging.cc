#include "run/aging.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <set>

#include "base/json.h"
#include "base/sql.h"
#include "plan/interval_model.h"
#include "source/load.h"
#include "source/totals.h"

namespace lochan {
namespace {

constexpr std::chrono::hours kMargin{48};  // of times: whatever zone or unit the source reckons in

bool is_time(const std::string& type) { return type == "DATE" || type.starts_with("TIMESTAMP"); }

bool is_number(const std::string& type) {
  return type == "BIGINT" || type == "INTEGER" || type == "DOUBLE" || type == "FLOAT" || type.starts_with("DECIMAL");
}

const Column* find_column(const Entry& entry, const std::string& name) {
  const auto found = std::ranges::find(entry.columns, name, &Column::name);
  return found == entry.columns.end() ? nullptr : &*found;
}

// The highest value that was read from a connection, by the shape that cursors over a column have.
std::string highest(const Cursor& cursor, const std::string& column) {
  const Json state = Json::parse(cursor.text, nullptr, false);
  if (!state.is_object() || state.value("column", "") != column) return "";
  const auto max = state.find("max");
  return max != state.end() && max->is_string() ? max->get<std::string>() : "";
}

// True of rows that no load reads again. Null, and a value that can't be told, stay.
std::string below_cursor(const Aging& aging, const Entry& entry) {
  const Column* column = find_column(entry, aging.cursor);
  const auto property = entry.properties.find("lochan.cursor");
  if (column == nullptr || property == entry.properties.end()) return "false";
  if (!is_time(column->type) && !is_number(column->type)) return "false";
  std::string cases;
  for (const auto& [connection, cursor] : parse_cursors(property->second)) {
    const std::string max = highest(cursor, aging.cursor);
    if (max.empty()) continue;
    const auto back = std::chrono::duration_cast<std::chrono::seconds>(aging.margin + kMargin).count();
    const std::string bound = fmt::format("try_cast({} as {})", sql::literal(max), column->type);
    cases += fmt::format(" when {} then {} < {}{}", sql::literal(connection), sql::identifier(aging.cursor), bound,
                         is_time(column->type) ? fmt::format(" - to_seconds({})", back) : "");
  }
  return cases.empty() ? "false" : fmt::format("coalesce(case _source{} else false end, false)", cases);
}

// Of those a load knows which file it reads again.
bool is_of_files(const Project& project, const SourceConfig& source) {
  return std::ranges::all_of(source.from, [&](const LocatedText& name) { return project.connections.at(*name).kind == "files"; });
}

}  // namespace

std::optional<Aging> aging_of(const Project& project, const TableName& table) {
  if (const auto model = project.models.find(table); model != project.models.end()) {
    const LayerConfig& layer = project.layers.at(table.layer);
    if (layer.archive_after && model->second.materialized != Materialization::Append) return std::nullopt;
    return Aging{};
  }
  for (const auto& [name, source] : project.sources) {
    for (const SourceTable& loaded : source.tables) {
      if (loaded.table() != table) continue;
      const bool compares_all = is_reconciled(loaded) || loaded.load == LoadMode::Full;
      if (compares_all && loaded.key.empty()) return std::nullopt;
      if (!loaded.cursor && loaded.key.empty() && !is_of_files(project, source)) return std::nullopt;
      Aging aging{.is_raw = true, .key = {}, .cursor = "", .margin = loaded.lookback};
      for (const LocatedText& column : loaded.key) aging.key.push_back(*column);
      if (!compares_all && loaded.cursor && loaded.deletes == SourceDeletes::Ignore) aging.cursor = **loaded.cursor;
      return aging;
    }
  }
  return std::nullopt;
}

std::map<TableName, std::string> read_whole(const Project& project, const Analysis& analysis) {
  std::map<TableName, std::string> found;
  const std::function<void(const TableName&, const std::string&)> add = [&](const TableName& table, const std::string& by) {
    const auto model = analysis.models.find(table);
    if (model == analysis.models.end() || model->second.model->materialized != Materialization::View) {
      found.emplace(table, by);
      return;
    }
    for (const TableName& input : model->second.reads) add(input, by);
  };
  for (const auto& [table, model] : analysis.models) {
    if (model.model->materialized == Materialization::View || has_intervals(*model.model)) continue;
    const auto& parameters = model.query.parameters;
    if (model.model->materialized != Materialization::Table && std::ranges::find(parameters, "since") != parameters.end()) continue;
    for (const TableName& input : model.reads) add(input, fmt::format("`{}` is built of all of it", to_string(table)));
  }
  for (const auto& [name, sink] : project.sinks)
    for (const SinkTable& carried : sink.tables) add(carried.table, fmt::format("`sink:{}` carries all of it", name));
  return found;
}

std::string stays_condition(const Aging& aging, const Entry& entry) {
  if (!aging.keeps_some()) return "false";
  std::vector<std::string> parts;
  if (!aging.key.empty()) {
    const bool has_key = std::ranges::all_of(aging.key, [&](const std::string& key) { return find_column(entry, key) != nullptr; });
    if (!has_key) return "true";
    parts.push_back(fmt::format("row_number() over (partition by _source, {} order by _loaded_at desc) = 1", sql::identifiers(aging.key)));
  }
  if (!aging.cursor.empty()) parts.push_back(fmt::format("not {}", below_cursor(aging, entry)));
  return fmt::format("{}", fmt::join(parts, " and "));
}

ArchivedReach reach_of(const Entry& entry) {
  ArchivedReach reach;
  const auto found = entry.properties.find(kReachProperty);
  if (found == entry.properties.end()) return reach;
  const Json json = Json::parse(found->second, nullptr, false);
  if (!json.is_object()) return reach;
  if (const std::string at = json.value("loaded_at", ""); !at.empty()) reach.loaded_at = parse_instant(at);
  const Json cursors = json.value("cursors", Json::object());
  for (const auto& [connection, value] : cursors.items())
    reach.cursors[connection] = value.get<std::string>();
  return reach;
}

std::string reach_property(const ArchivedReach& reach) {
  Json json = Json::object();
  if (reach.loaded_at) json["loaded_at"] = to_string(*reach.loaded_at);
  if (!reach.cursors.empty()) json["cursors"] = reach.cursors;
  return json.dump();
}

}  // namespace lochan
