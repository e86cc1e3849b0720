#include "sink/alive_mark.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/error.h"
#include "base/hash.h"
#include "base/host_name.h"

namespace lochan {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kBegin = "lochan-";
constexpr std::string_view kEnd = ".lock";
constexpr std::size_t kIdSize = 36;  // of a UUID

fs::path file_of(const std::string& id) {
  return fs::temp_directory_path() / (std::string(kBegin) + id + std::string(kEnd));
}

// The id may be of somebody else's making: it must not lead anywhere.
bool is_plain(std::string_view id) {
  return !id.empty() && std::ranges::all_of(id, [](char letter) {
    return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'f') || letter == '-';
  });
}

bool is_mark(const std::string& name) {
  return name.size() == kBegin.size() + kIdSize + kEnd.size() && name.starts_with(kBegin) && name.ends_with(kEnd) &&
         is_plain(std::string_view(name).substr(kBegin.size(), kIdSize));
}

// Nobody locks the mark of a writer that died: the kernel let go of it. Another user's can't be opened, and stays.
void remove_those_of_the_dead() {
  std::error_code failed, ignored;
  for (auto at = fs::directory_iterator(fs::temp_directory_path(), failed); !failed && at != fs::directory_iterator();
       at.increment(failed)) {
    if (!is_mark(at->path().filename().string())) continue;
    try {
      if (const auto lock = FileLock::try_acquire(at->path())) fs::remove(at->path(), ignored);
    } catch (const Error&) {
    }
  }
}

}  // namespace

AliveMark::AliveMark() : id_(random_uuid()) {
  remove_those_of_the_dead();
  lock_ = std::make_unique<FileLock>(make(id_));
}

// Another writer may take it for a dead one's before it is locked, and remove it: then it is made again.
FileLock AliveMark::make(const std::string& id) {
  for (;;) {
    FileLock lock = FileLock::acquire(file_of(id));
    if (fs::exists(file_of(id))) return lock;
  }
}

AliveMark::~AliveMark() {
  std::error_code ignored;
  fs::remove(file_of(id_), ignored);
}

std::string AliveMark::host() {
  struct stat status{};
  ::stat(fs::temp_directory_path().c_str(), &status);
  return fmt::format("{} {}:{}", host_name(), status.st_dev, status.st_ino);
}

bool AliveMark::is_dead(const std::string& host, const std::string& id) {
  return is_plain(id) && host == AliveMark::host() && !FileLock::is_held(file_of(id));
}

}  // namespace lochan
