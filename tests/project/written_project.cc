#include "tests/project/written_project.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "base/hash.h"

namespace lochan {
namespace fs = std::filesystem;

WrittenProject::WrittenProject(std::initializer_list<WrittenFile> files)
    : folder_(fs::temp_directory_path() / ("lochan_project_" + random_uuid())) {
  write("lochan.yaml", "name: test\nconnections:\n  shop: sqlite:shop.db\n  drop: files:./drop\n");
  for (const WrittenFile& file : files) write(file.name, file.text);
}

WrittenProject::~WrittenProject() {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

void WrittenProject::write(const std::string& name, const std::string& text) const { write_file(folder_ / name, text); }

Project WrittenProject::read() {
  ReadProject result = read_project(folder_, secrets_);
  for (const Error& problem : result.problems) ADD_FAILURE() << problem.what();
  return std::move(result.project);
}

std::vector<std::string> WrittenProject::problems() {
  std::vector<std::string> texts;
  for (const Error& problem : read_project(folder_, secrets_).problems) {
    EXPECT_EQ(problem.kind(), ErrorKind::Project);
    texts.emplace_back(problem.what());
  }
  return texts;
}

}  // namespace lochan
