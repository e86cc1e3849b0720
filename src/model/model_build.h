// Building a model's table on the run's branch: one file of this folder for each materialization.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "engine/engine.h"
#include "engine/rejected_rows.h"
#include "project/project.h"
#include "project/time_range.h"

namespace lochan {

/// What becomes of rows that are refused before the table is written.
struct Quarantine {
  std::vector<RowRule> rules;
  bool has_log = false;  // `<table>__rejected` is on the branch
  std::string at;        // an instant
  std::int64_t run = 0;
  std::string refused_keys{};  // a select of the keys that were refused: they are not gone; "": none
};

struct ModelBuildRequest {
  const Model& model;
  std::string select;             // references put in place by the session's lake tables and views' SQL
  Parameters parameters;          // since, until, run_at and the project's variables, as far as the SQL names them
  std::optional<Entry> current;   // the table on the branch, before the attempt
  bool rebuild = false;           // fingerprint changed, --full-refresh or never built: as if nothing were there
  std::vector<Column> columns{};  // what the select gives, as far as it is known
  bool is_immutable = false;      // its layer is: files that are there stay
  bool full_refresh = false;      // a person asked for the rebuild: what only the table remembers may go
  bool names_since = false;       // its SQL names `$since`,
  bool reads_on = false;          // and that isn't null: it gives only what is new
  std::vector<TimeRange> ranges{};  // incremental by time: what to build, each of them at once; `since` and `until` are theirs
  Quarantine quarantine{};
};

struct ModelBuilt {
  std::int64_t rows_written = 0;
  std::int64_t rows_removed = 0;
  bool changed = true;           // false: the table is what it was
  bool rewritten = false;        // its files had become too many: it was written anew
  std::string touched{};         // scd2: the session's temporary table of the keys it worked on; "": all
  std::int64_t rows_rejected = 0;
  bool log_changed = false;  // of its rejected rows
};

/// Not one transaction: after an error the table may be gone from the branch. Views write nothing here. Throws
/// Error{Data} with the model's position.
ModelBuilt build_model(Session& session, const ModelBuildRequest& request);

}  // namespace lochan
