#include "base/temporary_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <system_error>

#include "base/error.h"

namespace lochan {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kPrefix = "lochan-files-";
constexpr std::string_view kLock = ".lock";
constexpr int kTries = 10;

int take_lock(const fs::path& folder) {
  const int lock = ::open((folder / kLock).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock >= 0 && ::flock(lock, LOCK_EX | LOCK_NB) == 0) return lock;
  if (lock >= 0) ::close(lock);
  return -1;
}

// Whoever holds no lock any more is dead: the kernel let go of it. An empty one was left in the middle of its making or
// removing; whoever is just making it makes another.
void remove_those_of_dead_processes(const fs::path& where) {
  std::error_code failed;
  for (auto at = fs::directory_iterator(where, failed); !failed && at != fs::directory_iterator();
       at.increment(failed)) {
    const fs::path folder = at->path();
    std::error_code ignored;
    if (!folder.filename().string().starts_with(kPrefix)) continue;
    if (!fs::exists(folder / kLock, ignored)) {
      ::rmdir(folder.c_str());
      continue;
    }
    const int lock = take_lock(folder);
    if (lock < 0) continue;
    fs::remove_all(folder, ignored);
    ::close(lock);
  }
}

}  // namespace

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
  if (lock_ >= 0) ::close(lock_);
}

const fs::path& TemporaryFolder::path() {
  if (!path_.empty()) return path_;
  const fs::path where = fs::temp_directory_path();
  remove_those_of_dead_processes(where);
  // Another process may take it for a dead one's before it is locked: then the next is ours.
  for (int tries = 0; lock_ < 0; ++tries) {
    std::string pattern = (where / (std::string(kPrefix) + "XXXXXX")).string();
    if (tries == kTries || ::mkdtemp(pattern.data()) == nullptr)
      throw Error(ErrorKind::Unavailable,
                  fmt::format("no folder `{}` can be made: {}", pattern, std::generic_category().message(errno)))
          .hint("files are copied and taken apart there: make room, or set TMPDIR");
    lock_ = take_lock(pattern);
    if (lock_ >= 0 && !fs::exists(fs::path(pattern) / kLock)) {
      ::close(lock_);
      lock_ = -1;
    }
    path_ = pattern;
  }
  return path_;
}

// A stream keeps no reason: it is the system's last, or what the disk says.
void throw_not_written(const fs::path& file) {
  std::error_code failed;
  const int reason = errno;
  const fs::space_info space = fs::space(file.parent_path(), failed);
  constexpr std::uintmax_t kHardlyAny = 64 << 10;
  const bool is_full = reason == ENOSPC || reason == EDQUOT || (!failed && space.available < kHardlyAny);
  throw Error(ErrorKind::Unavailable,
              fmt::format("cannot write `{}`: {}", file.string(),
                          is_full ? "No space left on device" : std::generic_category().message(reason)))
      .hint("make room there, or set TMPDIR");
}

}  // namespace lochan
