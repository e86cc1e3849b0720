// A table in tending's hands: claimed until a run wants it, on a branch of its own, with the files it is made of. Who
// claims the table ends what is being done to it, and nothing of that is published.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "catalog/lake_file.h"
#include "run/lake.h"
#include "run/started_run.h"
#include "run/worker.h"

namespace lochan {

class TendedTable {
 public:
  /// Claims nothing yet. All must outlive it; one at a time for each run. A stop ends what is being done to it, as if a run
  /// wanted it.
  TendedTable(Lake& lake, Engine& engine, StartedRun& run, TableName table, std::stop_token stop = {});
  ~TendedTable();
  TendedTable(const TendedTable&) = delete;
  TendedTable& operator=(const TendedTable&) = delete;

  /// False when a run is writing it, or it is gone. Then the table is main's of now, on a new branch.
  bool take(int number);
  /// Whether a run wanted it since.
  bool was_wanted() const;

  const Entry& entry() const { return entry_; }
  std::vector<LakeFile> files() const;
  void set_files(std::span<const LakeFile> files, std::string_view operation);
  /// `{}` in the statement is the table; returns the rows it changed.
  std::int64_t execute(std::string_view statement);
  Rows query(std::string_view statement);

  /// The publication; nothing when a run wanted the table, or somebody changed it, in between.
  std::optional<std::int64_t> publish(PublishTable table, const std::string& message);

 private:
  void watch(std::stop_token done) noexcept;
  std::string with_name(std::string_view statement);

  Lake& lake_;
  Engine& engine_;
  StartedRun& run_;
  const TableName table_;
  const std::stop_token stop_;
  Entry entry_;
  std::string branch_;
  std::string token_;
  std::optional<RunBinding> binding_;
  std::unique_ptr<Worker> worker_;
  std::jthread watcher_;
};

}  // namespace lochan
