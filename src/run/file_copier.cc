#include "run/file_copier.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>

#include "base/error.h"
#include "base/hash.h"

namespace lochan {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kAtOnce = 8;              // a bucket answers many at a time, each after a while
constexpr std::uint64_t kInMemory = 16u << 20;  // of each

// Of one file on this machine, which goes when it is done with.
class Spooled {
 public:
  explicit Spooled(const fs::path& folder) : path_(folder / random_uuid()) {}
  ~Spooled() {
    std::error_code ignored;
    fs::remove(path_, ignored);
  }
  Spooled(const Spooled&) = delete;
  Spooled& operator=(const Spooled&) = delete;
  const fs::path& path() const { return path_; }
  BackupFile look() const { return {fs::file_size(path_), sha256_of_file(path_)}; }

 private:
  const fs::path path_;
};

void require(const BackupFile& found, const FileCopy& wanted) {
  if (wanted.sha256.empty()) return;
  if (const std::string what = difference(found, {wanted.size_bytes, wanted.sha256}); !what.empty())
    throw Error(ErrorKind::Data, what);
}

}  // namespace

std::string difference(const BackupFile& found, const BackupFile& wanted) {
  if (found.size_bytes != wanted.size_bytes)
    return fmt::format("it has {} bytes, and should have {}", found.size_bytes, wanted.size_bytes);
  return found.sha256 == wanted.sha256 ? "" : "its bytes are not those that were copied (SHA-256)";
}

void FileCopier::for_each(const std::vector<FileCopy>& files, const std::function<BackupFile(const FileCopy&)>& work,
                          const std::function<void(const FileCopy&, const BackupFile&)>& done) const {
  for (std::size_t begin = 0; begin < files.size(); begin += kAtOnce) {
    if (stop_.stop_requested()) throw Error(ErrorKind::Unavailable, "interrupted");
    const std::size_t end = std::min(files.size(), begin + kAtOnce);
    std::vector<std::future<BackupFile>> working;  // their destructors wait
    for (std::size_t i = begin; i < end; ++i)
      working.push_back(std::async(std::launch::async, [&, i] { return work(files[i]); }));
    for (std::size_t i = begin; i < end; ++i) done(files[i], working[i - begin].get());
  }
}

BackupFile FileCopier::copy(ObjectStore& from, ObjectStore& to, const FileCopy& file) const {
  if (file.size_bytes <= kInMemory) {
    const std::string bytes = from.read(file.from);
    const BackupFile found{bytes.size(), sha256(bytes)};
    require(found, file);
    to.write(file.to, bytes);
    return found;
  }
  const Spooled spooled(spool_);
  from.download(file.from, spooled.path());
  const BackupFile found = spooled.look();
  require(found, file);
  to.upload(file.to, spooled.path());
  return found;
}

BackupFile FileCopier::look(ObjectStore& store, const std::string& name, std::uint64_t size_bytes) const {
  if (size_bytes <= kInMemory) {
    const std::string bytes = store.read(name);
    return {bytes.size(), sha256(bytes)};
  }
  const Spooled spooled(spool_);
  store.download(name, spooled.path());
  return spooled.look();
}

}  // namespace lochan
