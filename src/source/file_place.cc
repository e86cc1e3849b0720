#include "source/file_place.h"

#include <fnmatch.h>

#include <algorithm>

#include "project/files_config.h"

namespace lochan {

bool matches(const std::string& name, const std::string& pattern) {
  const std::string own = name.substr(name.rfind('/') + 1);
  if (own.empty() || own.starts_with(".") || own.ends_with(".tmp") || own.ends_with(".part")) return false;
  return ::fnmatch(pattern.c_str(), name.c_str(), pattern.find("**") == std::string::npos ? FNM_PATHNAME : 0) == 0;
}

bool matches_any(const std::string& name, std::span<const std::string> patterns) {
  return std::ranges::any_of(patterns, [&](const std::string& pattern) { return matches(name, pattern); });
}

std::unique_ptr<FilePlace> make_file_place(const Connection& connection, const PlaceContext& context) {
  switch (files_place(connection)) {
    case FilesPlace::Folder:
      return make_folder_place(connection);
    case FilesPlace::Bucket:
      return make_bucket_place(connection, context);
    case FilesPlace::Web:
      return make_web_place(connection, context);
  }
  return nullptr;
}

}  // namespace lochan
