// Models in databases as the plan sees them: each database is asked what they read and whether they are stale.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plan/analysis.h"

namespace lochan {

/// Adds them to the analysis, which knows the lake's tables. What is wrong with one is its `problem`, and none of the
/// project's: what it reads may be on its way there.
void analyse_databases(const Project& project, Analysis& analysis);

/// What sources will find in tables that aren't there before models of the project have made them. A database is asked once,
/// however many such tables it has.
class ColumnsToCome {
 public:
  explicit ColumnsToCome(const Project& project);
  ~ColumnsToCome();
  /// Nothing when no model makes the table. Throws what is wrong with the one that does.
  std::optional<std::vector<Column>> of(const Connection& connection, const SourceTable& table);

 private:
  struct Surveyed;
  const Project& project_;
  std::map<std::string, std::unique_ptr<Surveyed>> databases_;  // by the name of their connection
};

}  // namespace lochan
