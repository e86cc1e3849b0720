// The lake in a folder.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "catalog/file_uri.h"
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

  std::string uri(std::string_view name) const override {
    return std::string(kScheme) + root_.string() + (name.empty() ? "" : "/") + std::string(name);
  }

  std::optional<std::string> name_of(std::string_view uri) const override {
    const std::string place = canonical_uri(std::string(uri));
    const std::string root = this->uri("") + "/";
    return place.starts_with(root) ? std::optional(place.substr(root.size())) : std::nullopt;
  }

  std::string read(std::string_view name) override { return read_file(path(name)); }

  std::optional<ObjectInfo> stat(std::string_view name) override {
    struct stat info{};
    if (::lstat(path(name).c_str(), &info) != 0 || S_ISDIR(info.st_mode)) return std::nullopt;
    return ObjectInfo{std::string(name), static_cast<std::uint64_t>(info.st_size), modified_at(info)};
  }

  void create(std::string_view name, std::string_view bytes) override {
    const fs::path file = path(name);
    if (write_new_file(file, bytes) || read_file(file) == bytes) return;
    throw Error(ErrorKind::Conflict, fmt::format("there is a file {} already", file.string()));
  }

  void write(std::string_view name, std::string_view bytes) override { write_file(path(name), bytes); }

  void download(std::string_view name, const fs::path& file) override { copy(path(name), file); }
  void upload(std::string_view name, const fs::path& file) override { copy(file, path(name)); }

  void remove(std::span<const std::string> names) override {
    for (const std::string& name : names) {
      const fs::path file = path(name);
      if (::unlink(file.c_str()) != 0 && errno != ENOENT) throw_file_error("remove", file, errno);
    }
  }

  void list(std::string_view prefix, const std::function<void(const ObjectInfo&)>& found) override {
    const auto slash = prefix.rfind('/');
    const fs::path folder = slash == std::string_view::npos ? root_ : path(prefix.substr(0, slash));
    list_folder(folder, prefix, found);
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

  void check() override {}

  std::map<std::string, std::string> table_config(std::string_view, Keys) const override { return {}; }

 private:
  // Beside it and renamed: a reader sees the whole file or none.
  static void copy(const fs::path& from, const fs::path& to) {
    std::error_code failed;
    if (!fs::exists(from, failed)) throw_file_error("read", from, ENOENT);
    const fs::path beside = to.string() + "." + random_uuid();
    fs::create_directories(to.parent_path(), failed);
    if (!failed) fs::copy_file(from, beside, failed);
    if (!failed) fs::rename(beside, to, failed);
    if (!failed) return;
    std::error_code ignored;
    fs::remove(beside, ignored);
    throw_file_error("write", to, failed.value());
  }

  static Instant modified_at(const struct stat& info) {
    return instant_from_micros(std::int64_t{info.st_mtim.tv_sec} * 1'000'000 + info.st_mtim.tv_nsec / 1000);
  }

  // Folder by folder: one that goes away meanwhile takes only what is in it from the listing. Links to folders are not
  // followed: a listing never leaves the root.
  void list_folder(const fs::path& folder, std::string_view prefix,
                   const std::function<void(const ObjectInfo&)>& found) const {
    std::error_code failed;
    for (fs::directory_iterator file(folder, failed), end; !failed && file != end; file.increment(failed)) {
      struct stat info{};
      if (::lstat(file->path().c_str(), &info) != 0) continue;
      if (S_ISDIR(info.st_mode)) {
        list_folder(file->path(), prefix, found);
        continue;
      }
      const ObjectInfo object{file->path().string().substr(root_.string().size() + 1),
                              static_cast<std::uint64_t>(info.st_size), modified_at(info)};
      if (object.name.starts_with(prefix)) found(object);
    }
    if (failed && failed != std::errc::no_such_file_or_directory) throw_file_error("list", folder, failed.value());
  }

  fs::path path(std::string_view name) const {
    check_object_name(name, root_.string());
    fs::path file = root_ / name;
    // A link on the way may lead out too; what isn't there yet can't.
    if (is_inside(file.parent_path())) return file;
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
