// dbt's selectors: `mart.sales`, `mart.*`, `+a`, `a+`, `2+a+1`, `tag:x`, `source:y`, `sink:w`, `layer:z`, `state:modified`,
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
};

struct SelectionContext {
  const Project& project;
  const Graph& graph;
  /// Tables whose code differs from what main was built by, or that were never built.
  std::function<std::set<TableName>()> modified;
  /// Those whose step ended so (`error`, `success`, `skipped`) in the last run.
  std::function<Selected(const std::string& result)> with_result;
};

/// All tables and sinks when `select` is empty. Throws Error{Usage} for a selector that matches nothing, with the nearest name.
Selected select(const SelectionContext& context, std::span<const std::string> select,
                std::span<const std::string> exclude);
/// Of those the tables.
std::set<TableName> select_tables(const SelectionContext& context, std::span<const std::string> select,
                                  std::span<const std::string> exclude);

}  // namespace lochan
