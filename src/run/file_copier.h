// Copies of a lake's files from one store to another, several at a time, each with its checksum. Large ones go through
// a folder on this machine, a piece at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "catalog/object_store.h"
#include "run/backup.h"

namespace lochan {

/// A file that is to be copied, or looked at.
struct FileCopy {
  std::string from;  // its name in the one store
  std::string to;    // and in the other
  std::uint64_t size_bytes = 0;
  std::string sha256{};  // as it must be; "": as it is
};

/// May be shared between threads.
class FileCopier {
 public:
  /// `spool`: a folder for what is too large for memory; made when it is needed.
  FileCopier(std::filesystem::path spool, std::stop_token stop) : spool_(std::move(spool)), stop_(std::move(stop)) {}

  /// Calls `work` for each, several at a time, and `done` with its answer, one at a time and in order. What `work`
  /// throws is thrown when those under way have ended. Throws Error{Unavailable} when asked to stop.
  void for_each(const std::vector<FileCopy>& files, const std::function<BackupFile(const FileCopy&)>& work,
                const std::function<void(const FileCopy&, const BackupFile&)>& done) const;

  /// Throws Error{Data} when it isn't what it must be: nothing is written then.
  BackupFile copy(ObjectStore& from, ObjectStore& to, const FileCopy& file) const;
  /// As it lies in a store, by the name it has there; Error{NotFound} when it doesn't.
  BackupFile look(ObjectStore& store, const std::string& name, std::uint64_t size_bytes) const;

 private:
  const std::filesystem::path spool_;
  const std::stop_token stop_;
};

/// What stands in the way of using what was found for what must be; "" when nothing does.
std::string difference(const BackupFile& found, const BackupFile& wanted);

}  // namespace lochan
