// Remembers what commands that write no tables were last run with. Of others their tables' properties say it.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "base/clock.h"
#include "base/database.h"
#include "base/migration.h"
#include "plan/plan.h"

namespace lochan {

class CommandMarks {
 public:
  static std::span<const Migration> migrations();
  explicit CommandMarks(Database& state) : state_(state) {}

  std::optional<CommandMark> find(const std::string& command) const;
  void save(const std::string& command, const CommandMark& mark, Instant at);

 private:
  Database& state_;
};

}  // namespace lochan
