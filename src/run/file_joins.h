// Which files of a table are worth writing anew: many small ones of a partition, and those with many deleted rows.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "catalog/lake_file.h"
#include "project/project.h"

namespace lochan {

/// Data files of one partition that become one file, by their places in the list of the table's files.
struct FileJoin {
  std::vector<std::size_t> files;
  std::vector<std::size_t> deletes;  // delete files that are for them alone: they go with them
  std::uint64_t size_bytes = 0;      // of all these: what is read
  int saved = 0;                     // files that a reader no longer opens

  /// What is read, and at most as much again that is written.
  std::uint64_t cost_bytes() const { return 2 * size_bytes; }
  /// Files saved for each byte that it costs; a small table is rewarding too.
  double reward() const;
};

/// The most rewarding first. A small file joins others that together hold at least a quarter of what it holds, so a row
/// is written anew as often as the logarithm of the table's size, however often a little is added to it.
std::vector<FileJoin> plan_joins(std::span<const LakeFile> files, const MaintainConfig& config);

}  // namespace lochan
