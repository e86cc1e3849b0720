// What connections offer to the sources of a project, for tables that the lake doesn't have yet.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "project/project.h"
#include "source/source.h"

namespace lochan {

class Offerings {
 public:
  /// Connected to once for each source, and told of all its tables for which `is_wanted` says yes. One that is away
  /// isn't tried again: what it threw is thrown again.
  template <typename IsWanted>
  Source& of(const SourceConfig& config, const Connection& connection, IsWanted&& is_wanted) {
    Offering& offering = offerings_[{config.name, connection.name}];
    if (!offering.source) {
      std::vector<const SourceTable*> tables;
      for (const SourceTable& table : config.tables)
        if (is_wanted(table)) tables.push_back(&table);
      open(offering, connection, tables);
    }
    return *offering.source;
  }

 private:
  struct Offering {
    std::unique_ptr<Source> source;
    std::optional<Error> failure;
  };
  static void open(Offering& offering, const Connection& connection, const std::vector<const SourceTable*>& tables);

  std::map<std::pair<std::string, std::string>, Offering> offerings_;  // by source and connection
};

}  // namespace lochan
