#include "source/file_list.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>

#include "base/error.h"

namespace lochan {
namespace fs = std::filesystem;
namespace {

bool is_unfinished(const fs::path& path) {
  const std::string name = path.filename().string();
  return name.starts_with(".") || name.ends_with(".tmp") || name.ends_with(".part");
}

}  // namespace

std::vector<FoundFile> list_files(const fs::path& folder, const std::string& pattern) {
  std::error_code failed;
  if (!fs::is_directory(folder, failed))
    throw Error(ErrorKind::Unavailable, fmt::format("the folder `{}` is not there", folder.string()))
        .hint("make it, or correct the connection's path in lochan.yaml");
  const int flags = pattern.find("**") == std::string::npos ? FNM_PATHNAME : 0;
  std::vector<FoundFile> files;
  for (auto at = fs::recursive_directory_iterator(folder, fs::directory_options::skip_permission_denied, failed);
       !failed && at != fs::recursive_directory_iterator(); at.increment(failed)) {
    const fs::directory_entry& entry = *at;
    if (!entry.is_regular_file(failed) || is_unfinished(entry.path())) continue;
    const std::string name = fs::relative(entry.path(), folder, failed).generic_string();
    if (::fnmatch(pattern.c_str(), name.c_str(), flags) != 0) continue;
    const auto modified = entry.last_write_time(failed).time_since_epoch();
    files.push_back({name, entry.file_size(failed), std::chrono::duration_cast<std::chrono::nanoseconds>(modified).count()});
  }
  if (failed) throw Error(ErrorKind::Unavailable, fmt::format("cannot list `{}`: {}", folder.string(), failed.message()));
  std::ranges::sort(files, {}, &FoundFile::name);
  return files;
}

}  // namespace lochan
