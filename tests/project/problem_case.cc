#include "tests/project/problem_case.h"

namespace lochan {

ProblemCase in_project(std::string name, const std::string& yaml, std::string problem) {
  return {std::move(name), {{"lochan.yaml", yaml}}, {std::move(problem)}};
}

ProblemCase in_source(std::string name, const std::string& tables, std::string problem) {
  return {
      std::move(name), {{"sources/shop.yaml", "source: shop\nfrom: shop\ntables:\n" + tables}}, {std::move(problem)}};
}

ProblemCase in_model(std::string name, const std::string& front_matter, std::string problem) {
  return {std::move(name),
          {{"models/mart/sale.sql", "/* ---\n" + front_matter + "--- */\nselect 1\n"}},
          {std::move(problem)}};
}

void PrintTo(const ProblemCase& problem_case, std::ostream* stream) { *stream << problem_case.name; }

std::string name_of(const testing::TestParamInfo<ProblemCase>& info) { return info.param.name; }

TEST_P(ProjectProblems, AreSaid) {
  WrittenProject written{};
  for (const WrittenFile& file : GetParam().files) written.write(file.name, file.text);
  EXPECT_THAT(written.problems(), testing::ElementsAreArray(GetParam().problems));
}

}  // namespace lochan
