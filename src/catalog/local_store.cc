// The lake in a folder.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "catalog/object_store.h"

namespace lochan {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kScheme = "file://";

class LocalStore final : public ObjectStore {
 public:
  explicit LocalStore(const fs::path& root) {
    std::error_code failed;
    fs::create_directories(root, failed);
    if (failed) throw_file_error("make", root, failed.value());
    root_ = fs::canonical(root, failed);
    if (failed) throw_file_error("open", root, failed.value());
  }

  std::string root_uri() const override { return std::string(kScheme) + root_.string(); }

  std::string read(std::string_view name) override { return read_file(path(name)); }

  void write(std::string_view name, std::string_view bytes) override { write_file(path(name), bytes); }

  void remove(std::string_view name) override {
    const fs::path file = path(name);
    if (::unlink(file.c_str()) != 0 && errno != ENOENT) throw_file_error("remove", file, errno);
  }

  void list(std::string_view prefix, const std::function<void(const ObjectInfo&)>& found) override {
    const auto slash = prefix.rfind('/');
    const fs::path folder = slash == std::string_view::npos ? root_ : path(prefix.substr(0, slash));
    std::error_code failed;
    // Links to folders are not followed: a listing never leaves the root.
    for (fs::recursive_directory_iterator file(folder, failed), end; !failed && file != end; file.increment(failed)) {
      struct stat info{};
      if (::lstat(file->path().c_str(), &info) != 0 || S_ISDIR(info.st_mode)) continue;
      ObjectInfo object{file->path().string().substr(root_.string().size() + 1),
                        static_cast<std::uint64_t>(info.st_size), modified_at(info)};
      if (object.name.starts_with(prefix)) found(object);
    }
    if (failed && failed != std::errc::no_such_file_or_directory) throw_file_error("list", folder, failed.value());
  }

  void sync() override {
    const int folder = ::open(root_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) throw_file_error("sync", root_, errno);
    const int error_number = ::syncfs(folder) == 0 ? 0 : errno;
    ::close(folder);
    if (error_number != 0) throw_file_error("sync", root_, error_number);
  }

  void make_folder(std::string_view name) override {
    const fs::path folder = path(name);
    std::error_code failed;
    fs::create_directories(folder, failed);
    if (failed) throw_file_error("make", folder, failed.value());
  }

  std::map<std::string, std::string> table_config() const override { return {}; }

 private:
  static Instant modified_at(const struct stat& info) {
    return instant_from_micros(std::int64_t{info.st_mtim.tv_sec} * 1'000'000 + info.st_mtim.tv_nsec / 1000);
  }

  fs::path path(std::string_view name) const {
    const auto parts = text::split(name, '/');
    const bool is_plain = std::ranges::none_of(parts, [](std::string_view part) {
      return part.empty() || part == "." || part == ".." || part.find('\0') != std::string_view::npos;
    });
    fs::path file = root_ / name;
    // A link on the way may lead out too; what isn't there yet can't.
    if (is_plain && is_inside(file.parent_path())) return file;
    throw Error(ErrorKind::Data, fmt::format("`{}` is no name in the lake `{}`", name, root_.string()));
  }

  bool is_inside(const fs::path& folder) const {
    std::error_code failed;
    const std::string real = fs::weakly_canonical(folder, failed).string();
    const std::string& root = root_.native();
    return !failed && real.starts_with(root) && (real.size() == root.size() || real[root.size()] == '/');
  }

  fs::path root_;
};

}  // namespace

std::unique_ptr<ObjectStore> make_local_store(const fs::path& root) { return std::make_unique<LocalStore>(root); }

}  // namespace lochan
