// A project's folder for one test: files written, read, and removed at the end.
#pragma once

#include <filesystem>
#include <initializer_list>
#include <string>
#include <vector>

#include "project/read_project.h"

namespace lochan {

struct WrittenFile {
  std::string name;
  std::string text;
};

class WrittenProject {
 public:
  /// Files by name; where `lochan.yaml` is not among them, a small one with the connections `shop` and `drop` is added.
  WrittenProject(std::initializer_list<WrittenFile> files);
  ~WrittenProject();
  WrittenProject(const WrittenProject&) = delete;
  WrittenProject& operator=(const WrittenProject&) = delete;

  const std::filesystem::path& folder() const { return folder_; }
  void write(const std::string& name, const std::string& text) const;
  /// The project, which must be without problems.
  Project read();
  /// Every problem as a person reads it.
  std::vector<std::string> problems();
  Secrets& secrets() { return secrets_; }

 private:
  std::filesystem::path folder_;
  Secrets secrets_;
};

}  // namespace lochan
