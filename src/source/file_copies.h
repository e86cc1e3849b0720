// What is copied of files to be read, for one attempt: fetched, made into text, or taken apart. Rows say by `filename`
// which copy they come from, and this says which file that was.
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/temporary_folder.h"

namespace lochan {

/// May be shared between threads.
class FileCopies {
 public:
  /// A path for one more copy of that file, with this ending.
  std::filesystem::path next(const std::string& of, std::string_view ending);
  /// SQL: the name of the file that `column`, the path of it or of a copy, stands for. Files themselves lie in
  /// `folder`.
  std::string name_of(std::string_view column, const std::string& folder) const;
  /// "": it is none of the copies.
  std::string original(const std::filesystem::path& copy) const;

 private:
  mutable std::mutex mutex_;
  mutable TemporaryFolder folder_;  // guarded by mutex_
  std::vector<std::string> names_;  // guarded by mutex_; of the copies, which are numbered from 1 on
};

}  // namespace lochan
