#include "sink/alive_mark.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/error.h"
#include "base/hash.h"
#include "base/host_name.h"

namespace lochan {
namespace {

std::filesystem::path file_of(const std::string& id) {
  return std::filesystem::temp_directory_path() / ("lochan-" + id + ".lock");
}

}  // namespace

AliveMark::AliveMark() : id_(random_uuid()) {
  auto lock = FileLock::try_acquire(file_of(id_));
  if (!lock) throw Error(ErrorKind::Internal, "a new lock is held already");
  lock_ = std::make_unique<FileLock>(std::move(*lock));
}

AliveMark::~AliveMark() {
  std::error_code ignored;
  std::filesystem::remove(file_of(id_), ignored);
}

std::string AliveMark::host() {
  struct stat status{};
  ::stat(std::filesystem::temp_directory_path().c_str(), &status);
  return fmt::format("{} {}:{}", host_name(), status.st_dev, status.st_ino);
}

bool AliveMark::is_dead(const std::string& host, const std::string& id) {
  // The id is of somebody else's making: it must not lead anywhere.
  const bool is_plain = !id.empty() && std::ranges::all_of(id, [](char letter) {
    return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'f') || letter == '-';
  });
  return is_plain && host == AliveMark::host() && !FileLock::is_held(file_of(id));
}

}  // namespace lochan
