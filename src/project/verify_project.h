// What the files of a project must agree on: names that are taken twice or are nowhere, and keys that exclude each
// other. What needs SQL to be bound (columns, tables in SQL, cycles) is found by the plan.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/secret.h"
#include "project/problems.h"
#include "project/project.h"

namespace lochan {

/// Raw tables, models and what commands write, in order, each once.
std::vector<TableName> all_tables(const Project& project);

/// Whether there is a raw table, a model or a command's output of this name; if not, a problem names the nearest.
bool is_known_table(const Project& project, const Located<TableName>& table, Problems& problems);

void verify_sources(const Project& project, Problems& problems);
/// HTTP APIs: their connections, and what is asked for tables.
void verify_http(const Project& project, Problems& problems);
/// What their sign-ins hold is masked from now on; each gets what keeps to its rate limit.
void prepare_http(Project& project, Secrets& secrets);
void verify_sinks(const Project& project, Problems& problems);
/// Models `in:` a database: what is made there, and that nothing else has its name.
void verify_database_models(const Project& project, Problems& problems);
void verify_commands(const Project& project, Problems& problems);
/// Keys of incremental models by time.
void verify_intervals(const Project& project, Problems& problems);
/// Schedules: when they are due, and what they name.
void verify_schedules(const Project& project, Problems& problems);
void verify_alerts(const Project& project, Problems& problems);
/// What the URLs of alerts hold is masked from now on.
void hide_alert_secrets(const Project& project, Secrets& secrets);
/// What layers keep, and for how long.
void verify_lifecycle(const Project& project, Problems& problems);
/// Fills in what places on S3 leave to the project's `lake` and to the environment, and checks them. `look_up` reads the
/// environment, then `.env`.
void complete_lakes(Project& project, const std::function<std::optional<std::string>(const std::string&)>& look_up,
                    Secrets& secrets, Problems& problems);
/// The same for connections to buckets.
void complete_buckets(Project& project, const std::function<std::optional<std::string>(const std::string&)>& look_up,
                      Secrets& secrets, Problems& problems);
/// Files: which keys of their connections and tables go together.
void verify_files(const Project& project, Problems& problems);
void verify_tables(const Project& project, Problems& problems);

}  // namespace lochan
