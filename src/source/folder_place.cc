// Files in a folder of this machine: read where they lie.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "base/error.h"
#include "source/file_place.h"

namespace lochan {
namespace fs = std::filesystem;
namespace {

class FolderPlace final : public FilePlace {
 public:
  explicit FolderPlace(const Connection& connection) : name_(connection.name), folder_(connection.location) {}

  std::vector<FoundFile> list(std::span<const std::string> patterns) override {
    std::error_code failed;
    if (!fs::is_directory(folder_, failed))
      throw Error(ErrorKind::Unavailable,
                  fmt::format("connection `{}`: the folder `{}` is not there", name_, folder_.string()))
          .hint("make it, or correct the connection's path in lochan.yaml");
    std::vector<FoundFile> files;
    for (auto at = fs::recursive_directory_iterator(folder_, fs::directory_options::skip_permission_denied, failed);
         !failed && at != fs::recursive_directory_iterator(); at.increment(failed)) {
      const fs::directory_entry& entry = *at;
      const std::string name = entry.path().lexically_relative(folder_).generic_string();
      if (!matches_any(name, patterns) || !entry.is_regular_file(failed)) continue;
      if (const auto file = look(name)) files.push_back(*file);
    }
    if (failed)
      throw Error(ErrorKind::Unavailable,
                  fmt::format("connection `{}`: cannot list `{}`: {}", name_, folder_.string(), failed.message()));
    std::ranges::sort(files, {}, &FoundFile::name);
    return files;
  }

  std::optional<fs::path> fetch(const FoundFile& file, const fs::path&) override { return folder_ / file.name; }

  bool is_unchanged(const FoundFile& file) override { return look(file.name) == file; }

  // A lease for reading is refused while anyone has the file open for writing (fcntl(2)); where leases can't be had, as
  // on a share or of another's file, nothing is known. Who opens it for writing meanwhile waits for us, and we are told
  // by a signal that is ignored by default, as SIGIO isn't.
  bool is_being_written(const FoundFile& file) override {
    const int opened = ::open((folder_ / file.name).c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (opened < 0) return false;
    const bool is_written =
        ::fcntl(opened, F_SETSIG, SIGURG) == 0 && ::fcntl(opened, F_SETLEASE, F_RDLCK) < 0 && errno == EAGAIN;
    ::close(opened);
    return is_written;
  }

  int fetches_at_once() const override { return 0; }

 private:
  std::optional<FoundFile> look(const std::string& name) const {
    std::error_code failed;
    const fs::directory_entry entry(folder_ / name, failed);
    if (failed) return std::nullopt;
    const auto size = entry.file_size(failed);
    if (failed) return std::nullopt;
    const auto modified = entry.last_write_time(failed);
    if (failed) return std::nullopt;
    const auto since_1970 = fs::file_time_type::clock::to_sys(modified).time_since_epoch();
    return FoundFile{name, size, std::chrono::duration_cast<std::chrono::nanoseconds>(since_1970).count(), {}};
  }

  const std::string name_;
  const fs::path folder_;
};

}  // namespace

std::unique_ptr<FilePlace> make_folder_place(const Connection& connection) {
  return std::make_unique<FolderPlace>(connection);
}

}  // namespace lochan
