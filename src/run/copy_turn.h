// The right to write copies into a place: one process has it at a time, over all hosts of a state.
#pragma once

#include <optional>
#include <string>

#include "base/file.h"
#include "run/lake.h"
#include "run/leases.h"

namespace lochan {

class CopyTurn {
 public:
  /// Throws Error{Conflict} when another process has it.
  CopyTurn(Lake& lake, const std::string& place);
  ~CopyTurn();
  CopyTurn(const CopyTurn&) = delete;
  CopyTurn& operator=(const CopyTurn&) = delete;

 private:
  Lake& lake_;
  std::optional<FileLock> lock_;    // of a file's state: all processes are on this host
  std::optional<HeldLease> lease_;  // of a shared one
};

}  // namespace lochan
