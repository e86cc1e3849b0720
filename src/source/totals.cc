#include "source/totals.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"

namespace lochan {
namespace {

constexpr std::array<std::string_view, 3> kOfNumbers = {"sum", "min", "max"};
constexpr std::span<const std::string_view> kOfTimes = std::span(kOfNumbers).subspan(1);

bool is_time(const std::string& type) { return type == "DATE" || type.starts_with("TIMESTAMP"); }

bool is_number(const std::string& type) {
  constexpr std::array<std::string_view, 7> kNumbers = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE"};
  return type.starts_with("DECIMAL") || std::ranges::find(kNumbers, type) != kNumbers.end();
}

std::int64_t whole(const std::string& text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::optional<std::string> text_of(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_string() ? std::optional(found->get<std::string>()) : std::nullopt;
}

}  // namespace

bool is_reconciled(const SourceTable& table) {
  return std::ranges::find(table.checks, kReconciliationCheck, &CheckConfig::kind) != table.checks.end();
}

std::vector<Column> reconciled_columns(const SourceTable& table, std::span<const Column> columns) {
  std::vector<Column> named;
  for (const CheckConfig& check : table.checks) {
    if (check.kind != kReconciliationCheck) continue;
    for (const LocatedText& name : check.columns) {
      const auto found = std::ranges::find(columns, *name, &Column::name);
      if (found == columns.end()) {
        std::vector<std::string> names;
        for (const Column& column : columns) names.push_back(column.name);
        throw Error(ErrorKind::Data, fmt::format("no column `{}` in `{}` to be compared", *name, table.from))
            .at(name.position)
            .hint(text::did_you_mean(*name, names, fmt::format("there are {}", fmt::join(names, ", "))));
      }
      if (!is_number(found->type) && !is_time(found->type))
        throw Error(ErrorKind::Data, fmt::format("`{}` of `{}` is {}, which `reconciliation` can't compare", *name, table.name, found->type))
            .at(name.position)
            .hint("name columns that are numbers or times; rows are counted without any");
      if (std::ranges::find(named, found->name, &Column::name) == named.end()) named.push_back(*found);
    }
  }
  return named;
}

std::span<const std::string_view> total_functions(const std::string& type) {
  return is_time(type) ? kOfTimes : std::span<const std::string_view>(kOfNumbers);
}

SourceTotals read_totals(std::span<const Column> columns, std::span<const std::optional<std::string>> row) {
  SourceTotals totals;
  totals.rows = whole(row[0].value_or("0"));
  std::size_t at = 1;
  for (const Column& column : columns) {
    ColumnTotals& total = totals.columns.emplace_back();
    total.column = column.name;
    total.type = column.type;
    if (!is_time(column.type)) total.sum = row[at++];
    total.min = row[at++];
    total.max = row[at++];
  }
  return totals;
}

std::string totals_property(const std::map<std::string, SourceTotals>& totals) {
  Json json = Json::object();
  for (const auto& [connection, table] : totals) {
    Json columns = Json::array();
    for (const ColumnTotals& total : table.columns) {
      Json column{{"column", total.column}, {"type", total.type}};
      if (total.sum) column["sum"] = *total.sum;
      if (total.min) column["min"] = *total.min;
      if (total.max) column["max"] = *total.max;
      columns.push_back(std::move(column));
    }
    json[connection] = {{"rows", table.rows}, {"columns", std::move(columns)}};
  }
  return json.dump();
}

std::map<std::string, SourceTotals> parse_totals(const std::string& property) {
  std::map<std::string, SourceTotals> totals;
  const Json json = Json::parse(property, nullptr, false);
  if (!json.is_object()) return totals;
  for (const auto& [connection, written] : json.items()) {
    SourceTotals& table = totals[connection];
    table.rows = written.value("rows", std::int64_t{0});
    for (const Json& column : written.at("columns"))
      table.columns.push_back({column.value("column", ""), column.value("type", ""), text_of(column, "sum"),
                               text_of(column, "min"), text_of(column, "max")});
  }
  return totals;
}

}  // namespace lochan
