// Remembers, for each connection, a cheap mark of the state it had when it was last read whole, so that a run with
// nothing new asks nothing. A mark is only a hint: it counts together with the cursors that main had then.
#pragma once

#include <optional>
#include <string>

#include "base/database.h"

namespace lochan {

class SourceMarks {
 public:
  explicit SourceMarks(Database& state) : state_(state) {}

  /// The mark, when it was saved with these cursors (a rollback gives main other ones).
  std::optional<std::string> find(const std::string& source, const std::string& connection,
                                  const std::string& cursors) const;
  void save(const std::string& source, const std::string& connection, const std::string& mark,
            const std::string& cursors);

 private:
  Database& state_;
};

}  // namespace lochan
