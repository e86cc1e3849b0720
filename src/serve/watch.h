// Hears of changed files: those of the project, and the state's, into which other processes write.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>

namespace lochan {

/// Used by one thread.
class Watch {
 public:
  Watch(std::filesystem::path folder, std::filesystem::path state);
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  /// Whether the system tells of changes; else somebody must look from time to time.
  bool hears() const { return descriptor_ >= 0; }
  /// Readable when something has changed; -1 when it doesn't hear.
  int descriptor() const { return descriptor_; }
  /// Listens in these folders of the project, those of them that are there, and in its own.
  void follow(const std::set<std::string>& folders);

  struct Seen {
    bool project = false;  // a file may have been changed, added or removed
    bool state = false;    // something was written
  };
  /// What has changed since the last call. Never waits.
  Seen take();

 private:
  const std::filesystem::path folder_;
  const std::filesystem::path state_;
  int descriptor_ = -1;       // inotify
  int state_folder_ = -1;     // watch descriptors: of the state's folder
  std::set<int> folders_;     // and of the project's
};

}  // namespace lochan
