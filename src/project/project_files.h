// The files of a project's folder, found by where they lie. One that lies where it would silently not be read is a
// problem.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "project/problems.h"

namespace lochan {

struct ProjectFile {
  std::string name;  // relative to the project's folder, with `/`: what positions and people call it
  std::string stem;  // without folder and ending
};

/// Whether a folder inside of a folder of files is what should be there.
enum class Folders { Refused, Wanted };

class ProjectFiles {
 public:
  ProjectFiles(std::filesystem::path folder, Problems& problems) : folder_(std::move(folder)), problems_(problems) {}

  bool exists(std::string_view name) const;
  /// Files of one folder that end so, by name; a file of a near ending is a problem.
  std::vector<ProjectFile> list(const std::string& folder, std::string_view ending, Folders folders = Folders::Refused);
  /// The folders of a folder, by name.
  std::vector<std::string> list_folders(const std::string& folder);
  /// Nothing, and a problem, when the file can't be read, is no UTF-8 text, or is too large to be meant.
  std::optional<std::string> read(const std::string& name);

  /// What was read, by name, and the folders that were looked into, whether they are there or not.
  const std::map<std::string, std::string>& texts() const { return texts_; }
  const std::set<std::string>& folders() const { return folders_; }

 private:
  std::vector<std::filesystem::directory_entry> entries(const std::string& folder);

  std::filesystem::path folder_;
  Problems& problems_;
  std::map<std::string, std::string> texts_;
  std::set<std::string> folders_;
};

}  // namespace lochan
