// Views that read a table or view which is to be dropped and made anew: taken away with it and put back as they were,
// in one transaction.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/postgres_connection.h"
#include "base/postgres_name.h"

namespace lochan {

/// Statements that grant again what was granted on a relation to others than its owner.
std::vector<std::string> grants_of(PostgresConnection& connection, const std::string& id, const PostgresName& name);

class DependentViews {
 public:
  /// Of the relation with this pg_class.oid. Throws when one of them belongs to somebody else.
  DependentViews(PostgresConnection& connection, const std::string& id);

  bool empty() const { return views_.empty(); }
  void drop();
  /// Makes them again. `may_stay_away` is asked for one that can't be made of what there is now: false throws.
  void restore(const std::function<bool(const PostgresName&)>& may_stay_away);
  /// The views that were made again.
  const std::vector<PostgresName>& restored() const { return restored_; }

 private:
  struct View {
    PostgresName name;
    char kind = 'v';
    std::vector<std::string> statements;  // that make it, with its indexes, grants and comment
  };

  PostgresConnection& connection_;
  std::vector<View> views_;  // those that others read first
  std::vector<PostgresName> restored_;
};

}  // namespace lochan
