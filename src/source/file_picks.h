// Which files of a place a table reads now: those that match, are whole, and are new or changed.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "project/project.h"
#include "source/file_place.h"
#include "source/source.h"

namespace lochan {

/// The patterns that must be listed for a table.
std::vector<std::string> patterns_of(const SourceTable& table);

/// Of all files those of the table that may be read, and those that are not whole yet, each with why.
struct ReadyFiles {
  std::vector<FoundFile> files;
  std::vector<std::string> waiting;
};
ReadyFiles ready_files(const SourceTable& table, std::span<const FoundFile> all, FilePlace& place, Instant now);

/// What tells a file's contents from others', for cursors and marks.
std::string mark_of(const FoundFile& file);

/// What one load of a table reads, and what it has read once it is published.
struct FilePick {
  std::vector<FoundFile> files;      // to be read
  std::vector<std::string> again;    // of those, the ones that had been read before, with other contents
  std::vector<std::string> renamed;  // "a.csv → b.csv": read before under another name
  bool is_nothing_new = false;
  Cursor reached;

  /// A file that could not be had as it was listed: it is read another time.
  void leave_out(const FoundFile& file, const Cursor& before);
};
FilePick pick_files(const SourceTable& table, std::span<const FoundFile> ready, const Cursor& before);

}  // namespace lochan
