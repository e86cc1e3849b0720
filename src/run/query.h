// Reading the lake: SQL with `layer.name` names, answered as of a publication or from a branch.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "run/lake.h"

namespace lochan {

/// A session bound to a ref, in which views and `layer.name` names of a query are put in place.
class LakeReader {
 public:
  /// `ref`: "" is main as it is now (bound as at-N, so that one statement sees one publication), a branch's name, or
  /// "at-17". `system.runs` and its like are the state's rows as they are now, whatever the ref.
  LakeReader(Lake& lake, std::string ref);
  /// In an engine of others, which must outlive it.
  LakeReader(Lake& lake, std::string ref, Engine& engine);
  ~LakeReader();

  Session& session() { return *session_; }
  /// What it is bound to: a branch, or at-N.
  const std::string& ref() const;
  /// `sql` with its names put in place. Throws Error{Usage} with the nearest name for unknown tables.
  std::string resolve(const std::string& sql);
  /// What of the tables that were resolved is archived, a line for each: the rows don't show.
  std::vector<std::string> archive_notes() const;
  /// What a single name stands for.
  std::string resolve_name(const TableName& table);

 private:
  void open(Lake& lake, const std::string& ref, Engine* engine);
  class Impl;
  std::unique_ptr<Impl> impl_;
  std::unique_ptr<Session> session_;
};

}  // namespace lochan
