#include "project/project_files.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/file.h"
#include "base/text.h"
#include "project/scalar.h"

namespace lochan {
namespace fs = std::filesystem;
namespace {

constexpr std::uintmax_t kLargestFile = 16u << 20;

bool is_hidden(const fs::path& path) {
  const std::string name = path.filename().string();
  return name.starts_with('.') || name.starts_with('#') || name.ends_with('~');
}

/// A name that the user surely wanted to be read.
bool is_near_miss(const fs::path& path, std::string_view ending) {
  const std::string found = text::lower(path.extension().string());
  return found == ending || found == ".yaml" || found == ".yml";
}

}  // namespace

bool ProjectFiles::exists(std::string_view name) const {
  std::error_code error;
  return fs::exists(folder_ / name, error);
}

std::vector<fs::directory_entry> ProjectFiles::entries(const std::string& folder) {
  folders_.insert(folder);
  std::vector<fs::directory_entry> found;
  std::error_code error;
  if (!fs::exists(folder_ / folder, error)) return found;
  for (fs::directory_iterator at(folder_ / folder, error), end; !error && at != end; at.increment(error))
    if (!is_hidden(at->path())) found.push_back(*at);
  if (error) problems_.add({folder, 0, 0}, fmt::format("can't list the folder: {}", error.message()));
  std::ranges::sort(found);
  return found;
}

std::vector<ProjectFile> ProjectFiles::list(const std::string& folder, std::string_view ending, Folders folders) {
  std::vector<ProjectFile> files;
  for (const fs::directory_entry& entry : entries(folder)) {
    const fs::path name = fs::path(folder) / entry.path().filename();
    std::error_code error;
    if (entry.is_directory(error) && folders == Folders::Wanted) continue;
    if (entry.is_directory(error))
      problems_.add({name.generic_string(), 0, 0}, fmt::format("a folder inside of `{}` is not read", folder),
                    fmt::format("move its files to `{}`{}", folder,
                                folder.starts_with("models/") ? ": layers have one level" : ""));
    else if (name.extension() == ending)
      files.push_back({name.generic_string(), name.stem().string()});
    else if (is_near_miss(name, ending))
      problems_.add({name.generic_string(), 0, 0},
                    fmt::format("files in `{}` that do not end in `{}` are not read", folder, ending),
                    ending == ".sql" ? "settings stand in the front matter of `.sql` files"
                                     : fmt::format("name it `{}{}`", name.stem().string(), ending));
  }
  return files;
}

std::vector<std::string> ProjectFiles::list_folders(const std::string& folder) {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : entries(folder)) {
    std::error_code error;
    if (entry.is_directory(error)) names.push_back(entry.path().filename().string());
  }
  return names;
}

std::optional<std::string> ProjectFiles::read(const std::string& name) {
  std::error_code error;
  const fs::path path = folder_ / name;
  if (const auto size = fs::file_size(path, error); !error && size > kLargestFile) {
    problems_.add({name, 0, 0}, fmt::format("the file has {}", text::human_bytes(size)),
                  fmt::format("a project's file has at most {}", text::human_bytes(kLargestFile)));
    return std::nullopt;
  }
  try {
    std::string text = read_file(path);
    const auto broken = find_not_utf8(text);
    texts_[name] = text;
    if (!broken) return text;
    const auto [line, column] = text::line_column(text, *broken);
    problems_.add({name, line, column}, "the file is not UTF-8 text here", "save it as UTF-8");
  } catch (const Error& failure) {
    problems_.add({name, 0, 0}, failure.message(), failure.hint());
  }
  return std::nullopt;
}

}  // namespace lochan
