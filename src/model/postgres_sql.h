// A model's SQL as it goes to PostgreSQL: one statement, its named parameters put in as values.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "project/project.h"

namespace lochan {

/// What `$since` and `$run_at` stand for while a table is built.
struct PostgresTimes {
  std::optional<std::string> since;  // as PostgreSQL writes a time; nothing: `null`
  std::string run_at;
};

/// Throws Error{Project} with its place for a second statement, for a name that stands for nothing, and for `$since`
/// and
/// `$run_at` in what PostgreSQL keeps as a query (views). Each part keeps its line.
std::string postgres_sql(const Project& project, const Model& model, const PostgresTimes& times = {});

/// Of SQL and settings that change what the table holds; comments and white space don't.
std::string postgres_fingerprint(const Project& project, const Model& model);

/// Where in the model's file a place of its SQL is, `letter` counted from 1.
Position position_in(const Model& model, std::string_view sql, int letter);

}  // namespace lochan
