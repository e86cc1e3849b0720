// What time travel, branches and readers can still reach, and letting the rest go.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "catalog/catalog.h"

namespace lochan {

/// What must stay of a place where tables' files lie. Several tables may have lain there, one after the other.
struct ReachableTable {
  std::string location;  // `file:///lake/raw/sale`
  std::string layer;
  bool is_immutable = false;             // no object may be removed, reachable or not
  std::set<std::string> metadata_files;  // *.metadata.json, tables' and views'
  std::set<std::string> manifest_lists;  // of every snapshot to keep: the manifests and files they name stay too
  std::set<std::string> statistics_files;
};

struct Expired {
  std::int64_t oldest_publication = 0;  // the oldest that is kept
  int publications = 0;
  int branches = 0;  // dropped: run branches that were kept for looking at long enough
};

/// May be used beside running runs: what one of them writes is newer than what it may remove (see `removable_before`).
class Retention {
 public:
  Retention(Catalog& catalog, RetentionPolicy policy);

  /// What `expire` would do, without doing it.
  Expired plan() const;
  /// Lets go of publications beyond the policy, of rows that only they need, and of old run branches. `keep` are
  /// publications that a reader is at. Files are the caller's.
  Expired expire(const std::set<std::int64_t>& keep = {});

  /// All that main, kept publications and branches that aren't dropped can reach. Take the list of the lake's files
  /// first: a file written after this was asked is not in it.
  std::vector<ReachableTable> reachable() const;

  /// A branch or a tag that is older than what the policy keeps, and what its past reaches.
  struct Pin {
    std::string by;  // `branch dev-anna`, `tag year-end-2026`
    std::int64_t publication = 0;
    Instant since;
    std::vector<ReachableTable> reaches;
  };
  std::vector<Pin> pins() const;
  /// What main and the publications within the policy reach: the rest of what a pin reaches is kept for it alone.
  std::vector<ReachableTable> reachable_by_policy() const;

  /// The project's tables that nobody published since retention began, and whose metadata still has older snapshots:
  /// publishing such a table as it is lets them go.
  std::vector<TableName> tables_with_old_snapshots() const;

  /// What a property of a table is in all that is kept: main's history, and branches.
  std::set<std::string> property_values(const TableName& table, const std::string& property) const;

  /// Files of a rollback or of an outside engine's commit that are being written now are not older than this. Ask it
  /// after the files were listed and before `reachable`.
  Instant writing_since() const;
  /// A file younger than this may belong to a commit or publish that is still under way. Ask it, and `open_since`,
  /// before `reachable` too. The oldest open branch and the grace for outside engines bound it.
  Instant removable_before() const;
  /// The same without the grace: what is older was written by nobody of ours who is still at work.
  Instant open_since() const;

 private:
  Catalog& catalog_;
  const RetentionPolicy policy_;
};

}  // namespace lochan
