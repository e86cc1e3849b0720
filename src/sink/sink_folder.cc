// Files in a folder: what a commit makes is put together beside the old folder, links for files that stay, and
// exchanged with it by one call.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "sink/sink_place.h"

namespace lochan {
namespace fs = std::filesystem;
namespace {

constexpr const char* kManifest = "_lochan.json";
constexpr std::chrono::milliseconds kPoll{50};

void sync(const fs::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) throw_file_error("open", path, errno);
  const int failed = ::fsync(descriptor) == 0 ? 0 : errno;
  ::close(descriptor);
  if (failed != 0) throw_file_error("write", path, failed);
}

void make_folders(const fs::path& path) {
  std::error_code failed;
  fs::create_directories(path, failed);
  if (failed) throw_file_error("make", path, failed.value());
}

class SinkFolder final : public SinkPlace {
 public:
  // The lock is of the folder's name: one writer at a time, on this machine.
  SinkFolder(const fs::path& root, const std::string& name, const std::function<bool()>& is_cancelled)
      : folder_(root / name),
        hidden_(folder_.parent_path() / ("." + folder_.filename().string() + ".lochan")),
        staging_(hidden_ / "new") {
    make_folders(hidden_);
    while (!(lock_ = FileLock::try_acquire(hidden_ / "lock"))) {
      if (is_cancelled()) throw Error(ErrorKind::Unavailable, "interrupted");
      std::this_thread::sleep_for(kPoll);
    }
    finish_exchange();
    clear();
    std::error_code ignored;
    if (fs::exists(folder_, ignored) && !fs::is_directory(folder_, ignored))
      throw Error(ErrorKind::Data, fmt::format("`{}` is there, and is no folder", folder_.string()))
          .hint("move it away, or give the table another folder: `to: name`");
  }
  ~SinkFolder() override { clear(); }

  std::string shown() const override { return folder_.string(); }
  const std::string& id() const override { return id_; }

  std::optional<std::string> manifest() override {
    std::error_code ignored;
    return fs::exists(folder_ / kManifest, ignored) ? std::optional(read_file(folder_ / kManifest)) : std::nullopt;
  }

  std::map<std::string, std::uint64_t> files() override {
    std::map<std::string, std::uint64_t> found;
    std::error_code failed;
    for (fs::recursive_directory_iterator at(folder_, failed), end; !failed && at != end; at.increment(failed))
      if (at->is_regular_file()) found[at->path().lexically_relative(folder_).generic_string()] = at->file_size();
    found.erase(kManifest);
    return found;
  }

  const fs::path& staging() override {
    make_folders(staging_);
    return staging_;
  }

  void commit(const FileChange& change) override {
    for (const std::string& name : change.kept) link(name);
    for (const std::string& name : change.added) sync(staging() / name);
    write_file(staging() / kManifest, change.manifest, Durability::Synced);
    sync(staging_);
    exchange();
  }

 private:
  void clear() noexcept {
    std::error_code ignored;
    fs::remove_all(staging_, ignored);
    fs::remove_all(hidden_ / "old", ignored);
  }

  // A copy where the file system has no links.
  void link(const std::string& name) {
    const fs::path to = staging() / name;
    make_folders(to.parent_path());
    std::error_code failed;
    fs::create_hard_link(folder_ / name, to, failed);
    if (failed) fs::copy_file(folder_ / name, to, failed);
    if (failed) throw_file_error("copy", folder_ / name, failed.value());
  }

  void exchange() {
    std::error_code ignored;
    if (!fs::exists(fs::symlink_status(folder_, ignored))) {
      if (::rename(staging_.c_str(), folder_.c_str()) != 0) throw_file_error("make", folder_, errno);
    } else if (::renameat2(AT_FDCWD, staging_.c_str(), AT_FDCWD, folder_.c_str(), RENAME_EXCHANGE) != 0) {
      if (errno != EINVAL && errno != ENOSYS) throw_file_error("replace", folder_, errno);
      // A file system without it (NFS): for a moment there is no folder. What dies here is finished by the next.
      if (::rename(folder_.c_str(), (hidden_ / "old").c_str()) != 0 || ::rename(staging_.c_str(), folder_.c_str()) != 0)
        throw_file_error("replace", folder_, errno);
    }
    sync(folder_.parent_path());
  }

  // Died between the two renames: the old folder comes back.
  void finish_exchange() {
    std::error_code ignored;
    if (!fs::exists(folder_, ignored) && fs::exists(hidden_ / "old" / kManifest, ignored))
      fs::rename(hidden_ / "old", folder_, ignored);
  }

  const fs::path folder_, hidden_, staging_;
  const std::string id_ = random_uuid();
  std::optional<FileLock> lock_;
};

}  // namespace

std::unique_ptr<SinkPlace> make_sink_folder(const fs::path& root, const std::string& name,
                                            const std::function<bool()>& is_cancelled) {
  return std::make_unique<SinkFolder>(root, name, is_cancelled);
}

}  // namespace lochan
