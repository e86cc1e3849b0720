// dbt's selectors: `mart.sales`, `mart.*`, `+a`, `a+`, `2+a+1`, `tag:x`, `source:y`, `sink:w`, `command:v`, `layer:z`, `state:modified`,
// `result:error`; words of one --select are a union, a comma between two is an intersection; --exclude takes away.
#pragma once

#include <functional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "plan/graph.h"
#include "project/project.h"

namespace lochan {

struct Selected {
  std::set<TableName> tables;
  std::set<std::string> sinks;
  std::set<std::string> commands;  // with all that they write among the tables, and no table without its command
};

struct SelectionContext {
  const Project& project;
  const Graph& graph;
  /// Tables and commands whose code differs from what main was built by, or that were never built.
  std::function<Selected()> modified;
  /// Those whose step ended so (`error`, `success`, `skipped`) in the last run.
  std::function<Selected(const std::string& result)> with_result;
};

/// All tables, sinks and commands when `select` is empty. Throws Error{Usage} for a selector that matches nothing, with the nearest name.
Selected select(const SelectionContext& context, std::span<const std::string> select,
                std::span<const std::string> exclude);
/// Of those the tables.
std::set<TableName> select_tables(const SelectionContext& context, std::span<const std::string> select,
                                  std::span<const std::string> exclude);

}  // namespace lochan
