#include "project/key_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "project/file_keys.h"
#include "project/http_keys.h"

namespace lochan {
namespace {

std::string quoted_choices(const ValueType& type) {
  std::vector<std::string> quoted;
  for (const std::string_view choice : type.choices) quoted.push_back(fmt::format("`{}`", choice));
  return fmt::format("{}", fmt::join(quoted, ", "));
}

struct Wanted {
  std::string one;
  std::string many;
};

Wanted wanted_shape(const ValueType& type) {
  using Shape = ValueType::Shape;
  switch (type.shape) {
    case Shape::Text:
      return {"text", "texts"};
    case Shape::Word:
      return {"a word", "words"};
    case Shape::Table:
      return {"a table's name `layer.name`", "tables' names"};
    case Shape::Literal:
      return {"a value", "values"};
    case Shape::Integer:
      if (type.least) return {fmt::format("a whole number, {} or more", *type.least), "whole numbers"};
      return {"a whole number", "whole numbers"};
    case Shape::Flag:
      return {"`true` or `false`", "`true` or `false`"};
    case Shape::Duration:
      return {"a duration such as `30s`, `10m`, `2h` or `7d`", "durations"};
    case Shape::Size:
      return {"a size such as `512MB` or `4GB`", "sizes"};
    case Shape::Choice:
      return {fmt::format("one of {}", quoted_choices(type)), quoted_choices(type)};
    case Shape::Mapping:
      return {"a mapping", "mappings"};
  }
  return {};
}

}  // namespace

std::string describe_wanted(const ValueType& type) {
  using Count = ValueType::Count;
  const Wanted wanted = wanted_shape(type);
  std::string text;
  switch (type.count) {
    case Count::One:
      text = wanted.one;
      break;
    case Count::OneOrList:
      text = fmt::format("{} or a list of {}", wanted.one, wanted.many);
      break;
    case Count::List:
      text = fmt::format("a list of {}", wanted.many);
      break;
    case Count::Named:
      text = fmt::format("a mapping of names to {}", wanted.many);
      break;
  }
  const bool may_be_mapping = type.keys != nullptr && type.shape != ValueType::Shape::Mapping;
  if (!may_be_mapping) return text;
  return text + (type.count == Count::Named ? " or mappings" : ", or a mapping");
}

std::vector<const KeyTable*> all_key_tables() {
  std::vector<const KeyTable*> tables = {
      &project_keys().table(),
      &connection_keys().table(),
      &layer_keys().table(),
      &engine_keys().table(),
      &run_keys().table(),
      &retention_keys().table(),
      &lake_keys().table(),
      &vended_keys().table(),
      &maintain_keys().table(),
      &view_list_keys().table(),
      &schedule_keys().table(),
      &alert_keys().table(),
      &serve_keys().table(),
      &source_keys().table(),
      &source_table_keys().table(),
      &sink_keys().table(),
      &sink_table_keys().table(),
      &sink_index_keys().table(),
      &command_keys().table(),
      &command_output_keys().table(),
      &model_keys().table(),
      &model_input_keys().table(),
      &check_keys().table(),
      &not_null_keys().table(),
      &unique_keys().table(),
      &accepted_values_keys().table(),
      &range_keys().table(),
      &pattern_keys().table(),
      &freshness_keys().table(),
      &reconciliation_keys().table(),
      &relationships_keys().table(),
      &row_count_keys().table(),
      &expression_keys().table(),
      &check_file_keys().table(),
  };
  const auto add_after = [&](const KeyTable* table, const std::vector<const KeyTable*>& more) {
    tables.insert(std::ranges::find(tables, table) + 1, more.begin(), more.end());
  };
  add_after(&connection_keys().table(), http_connection_key_tables());
  add_after(&source_table_keys().table(), http_source_key_tables());
  return tables;
}

}  // namespace lochan
