// Who may write what through a token (see table_commit.h).
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "catalog/table_commit.h"

namespace lochan {

BoundRef TableWriter::bind_for_writing(std::span<const TableName> tables) const {
  BoundRef ref = catalog_.bind(scope_.ref);
  if (!scope_.may_write) throw Forbidden("this token only reads");
  if (ref.kind == BoundRef::Kind::At) throw Forbidden(fmt::format("`{}` is the past: it can't be changed", scope_.ref));
  if (ref.branch && ref.branch->state != BranchState::Open)
    throw Error(ErrorKind::Conflict, fmt::format("the branch `{}` is not open any more", scope_.ref));
  for (const TableName& table : tables) check_may_write(ref, table);
  return ref;
}

void TableWriter::check_may_write(const BoundRef& ref, const TableName& table) const {
  const bool is_listed = std::ranges::find(scope_.tables, table) != scope_.tables.end();
  const bool is_project = catalog_.is_project_table(table);
  if (is_project && (!ref.branch || !is_listed))
    throw Forbidden(fmt::format("`{}` is made by the project, which is its only writer", to_string(table)));
  if (!scope_.tables.empty() && !is_listed)
    throw Forbidden(fmt::format("this token may not write `{}`", to_string(table)));
  if (ref.branch && ref.branch->kind == BranchKind::Run) return;
  const auto claimed = catalog_.state.query("select run from claim where target = $1 and layer = $2 and name = $3",
                                            {scope_.ref, table.layer, table.name});
  if (!claimed.empty())
    throw Error(ErrorKind::Conflict, fmt::format("run {} is writing `{}`", claimed[0].integer(0), to_string(table)));
}

std::string rewriting_update(const Json& updates) {
  if (!updates.is_array()) return "";
  std::set<std::int64_t> added;
  for (const Json& update : updates) {
    if (!update.is_object()) continue;
    const std::string action = update.value("action", "");
    if (action == "add-snapshot" && update.contains("snapshot")) {
      const Json summary = update["snapshot"].value("summary", Json::object());
      const std::string operation = summary.value("operation", "");
      if (operation != "append") return fmt::format("a snapshot that is `{}`", operation);
      for (const char* key : {"deleted-data-files", "deleted-records", "added-delete-files", "removed-delete-files"})
        if (summary.contains(key) && summary[key] != "0") return fmt::format("a snapshot with `{}`", key);
      added.insert(update["snapshot"].value("snapshot-id", std::int64_t{-1}));
    }
    if (action == "remove-snapshots" || action == "remove-snapshot-ref") return fmt::format("`{}`", action);
    if (action == "set-snapshot-ref" && update.value("ref-name", "") == "main" &&
        !added.contains(update.value("snapshot-id", std::int64_t{-1})))
      return "an older snapshot made current";
  }
  return "";
}

}  // namespace lochan
