// Remembers which version of a table each sink has carried, so that a run with nothing new asks no target. A mark is only
// a hint: what a target holds is written there (sink/sink.h).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>

#include "base/clock.h"
#include "base/database.h"
#include "base/migration.h"
#include "project/project.h"

namespace lochan {

struct SinkMark {
  std::string target;   // digest of which table of which server it is
  std::string setting;  // digest of how it is carried
  std::string data_version;
  std::int64_t publication = 0;
};

/// What a mark must have to count.
std::string target_digest(const Connection& connection, const SinkConfig& sink, const SinkTable& table);
std::string setting_digest(const SinkTable& table);

class SinkMarks {
 public:
  static std::span<const Migration> migrations();
  explicit SinkMarks(Database& state) : state_(state) {}

  std::optional<SinkMark> find(const std::string& sink, const TableName& table) const;
  void save(const std::string& sink, const TableName& table, const SinkMark& mark, Instant at);
  /// The publications that this project's sinks compare with next, those written since `oldest`.
  std::set<std::int64_t> publications(const Project& project, Instant oldest) const;

 private:
  Database& state_;
};

}  // namespace lochan
