// What shows others that a writer lives: a locked file in the machine's folder for temporary files. A target keeps the
// name of the writer and of its host; on that host, a file that nobody locks is one of a writer that died.
#pragma once

#include <memory>
#include <string>

#include "base/file.h"

namespace lochan {

class AliveMark {
 public:
  /// Removes the files of those that died.
  AliveMark();
  ~AliveMark();
  AliveMark(const AliveMark&) = delete;
  AliveMark& operator=(const AliveMark&) = delete;

  const std::string& id() const { return id_; }

  /// Whoever has the same sees the same files of locks: two containers of one name don't.
  static std::string host();
  /// Surely dead: a writer of another host never is.
  static bool is_dead(const std::string& host, const std::string& id);

 private:
  static FileLock make(const std::string& id);

  const std::string id_;
  std::unique_ptr<FileLock> lock_;
};

}  // namespace lochan
