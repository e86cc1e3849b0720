// A project with something wrong, and what is said about it: the rows of the tables in *_problems_test.cc.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

#include "tests/project/written_project.h"

namespace lochan {

struct ProblemCase {
  std::string name;
  std::vector<WrittenFile> files;  // beside the small lochan.yaml of WrittenProject
  std::vector<std::string> problems;
};

/// One problem in lochan.yaml.
ProblemCase in_project(std::string name, const std::string& yaml, std::string problem);
/// One problem in the tables of a source of the connection `shop`; they begin at line 4.
ProblemCase in_source(std::string name, const std::string& tables, std::string problem);
/// One problem in the front matter of `mart.sale`; it begins at line 2.
ProblemCase in_model(std::string name, const std::string& front_matter, std::string problem);

class ProjectProblems : public testing::TestWithParam<ProblemCase> {};

/// For failures and names of tests: nothing but its name.
void PrintTo(const ProblemCase& problem_case, std::ostream* stream);

std::string name_of(const testing::TestParamInfo<ProblemCase>& info);

}  // namespace lochan
