#include "base/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "base/error.h"

namespace lochan {
namespace fs = std::filesystem;
namespace {

// A descriptor that is closed at the end of its scope.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }
  int release() { return std::exchange(number_, -1); }

 private:
  int number_;
};

int open_for_lock(const fs::path& path) {
  std::error_code ignored;
  fs::create_directories(path.parent_path(), ignored);
  const int number = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (number < 0) throw_file_error("lock", path, errno);
  return number;
}

bool lock(int descriptor, int operation) {
  while (::flock(descriptor, operation) != 0) {
    if (errno == EWOULDBLOCK) return false;
    if (errno != EINTR) throw Error(ErrorKind::Internal, fmt::format("flock: {}", std::strerror(errno)));
  }
  return true;
}

void write_all(int descriptor, std::string_view bytes, const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw_file_error("write", path, errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

void throw_file_error(std::string_view action, const fs::path& path, int error_number) {
  const std::string message = fmt::format("cannot {} `{}`: {}", action, path.string(), std::strerror(error_number));
  switch (error_number) {
    case ENOENT: throw Error(ErrorKind::NotFound, message);
    case ENOSPC:
    case EDQUOT: throw Error(ErrorKind::Unavailable, message).hint("free some space, then run again: nothing was published");
    case EROFS:
    case EACCES:
    case EPERM: throw Error(ErrorKind::Data, message).hint("make the folder writable for this user");
    default: throw Error(ErrorKind::Unavailable, message);
  }
}

std::string read_file(const fs::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.number() < 0) throw_file_error("read", path, errno);
  std::string bytes;
  char buffer[65536];
  for (;;) {
    const ssize_t count = ::read(file.number(), buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_file_error("read", path, errno);
    if (count == 0) return bytes;
    bytes.append(buffer, static_cast<std::size_t>(count));
  }
}

namespace {

enum class Replace { Yes, No };

// False: there is one already, which stays.
bool move_into_place(const fs::path& from, const fs::path& to, Replace replace) {
  if (replace == Replace::No) {
    if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return true;
    if (errno == EEXIST) return false;
    if (errno != EINVAL && errno != ENOSYS) throw_file_error("write", to, errno);
    // A file system that can't: nobody else writes this name, or two would have drawn the same random one.
    if (::access(to.c_str(), F_OK) == 0) return false;
  }
  if (::rename(from.c_str(), to.c_str()) != 0) throw_file_error("write", to, errno);
  return true;
}

bool write_beside(const fs::path& path, std::string_view bytes, Durability durability, Replace replace) {
  static std::atomic<unsigned> counter{0};
  const fs::path temporary = path.string() + fmt::format(".tmp-{}-{}", ::getpid(), counter++);
  int number = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (number < 0 && errno == ENOENT) {
    std::error_code failed;
    fs::create_directories(path.parent_path(), failed);
    if (failed) throw_file_error("make", path.parent_path(), failed.value());
    number = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  }
  if (number < 0) throw_file_error("write", path, errno);
  const Descriptor file(number);
  try {
    write_all(file.number(), bytes, path);
    if (durability == Durability::Synced && ::fsync(file.number()) != 0) throw_file_error("sync", path, errno);
    if (move_into_place(temporary, path, replace)) return true;
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
  ::unlink(temporary.c_str());
  return false;
}

}  // namespace

void write_file(const fs::path& path, std::string_view bytes, Durability durability) {
  write_beside(path, bytes, durability, Replace::Yes);
}

bool write_new_file(const fs::path& path, std::string_view bytes) {
  return write_beside(path, bytes, Durability::Fast, Replace::No);
}

std::optional<FileLock> FileLock::try_acquire(const fs::path& path) {
  Descriptor file(open_for_lock(path));
  if (!lock(file.number(), LOCK_EX | LOCK_NB)) return std::nullopt;
  return FileLock(file.release());
}

FileLock FileLock::acquire(const fs::path& path) {
  Descriptor file(open_for_lock(path));
  lock(file.number(), LOCK_EX);
  return FileLock(file.release());
}

bool FileLock::is_held(const fs::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (file.number() < 0) return false;
  return !lock(file.number(), LOCK_EX | LOCK_NB);
}

FileLock::FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

FileLock::~FileLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace lochan
