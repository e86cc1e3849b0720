// A plan with all that it was made from: what `plan` shows and what `run` executes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "plan/plan.h"
#include "run/lake.h"
#include "run/run.h"

namespace lochan {

struct Planning {
  Analysis analysis;
  Graph graph;
  Plan plan;
  std::unique_ptr<Shadow> shadow;  // what the models were bound in
};

/// Throws ProjectProblems when the project's SQL is not sound.
Planning make_planning(Lake& lake, const RunRequest& request);

/// The tables of the lake that selectors choose, for commands that don't run anything.
std::set<TableName> choose_tables(Lake& lake, const Analysis& analysis, const Graph& graph, const std::string& ref,
                                  const std::vector<std::string>& select, const std::vector<std::string>& exclude);

/// Throws what is wrong with a request before anything of it is done: its selectors, its branch, the project's SQL.
void refuse_wrong_request(Lake& lake, const RunRequest& request);

/// What the cursors of a connection look like at a ref: a change mark counts only together with them.
std::string cursors_digest(const SourceConfig& source, const Connection& connection, const Analysis& analysis,
                           const std::function<std::optional<Entry>(const TableName&)>& find);

}  // namespace lochan
