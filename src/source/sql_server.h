// A second ability of some sources: their server reads SQL itself.
#pragma once

#include <string>

#include "engine/engine.h"

namespace lochan {

class SqlServer {
 public:
  virtual ~SqlServer() = default;
  /// A select of the session's that gives what the server answers to `query`, one statement in the server's own SQL that
  /// reads. The source is open, and stays so while the rows are read.
  virtual std::string ask(Session& session, const std::string& query) = 0;
};

}  // namespace lochan
