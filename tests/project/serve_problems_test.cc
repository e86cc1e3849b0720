// What is wrong with `serve`, as a person reads it.
#include "tests/project/problem_case.h"

namespace lochan {
namespace {

ProblemCase in_serve(std::string name, const std::string& keys, std::string problem) {
  return {std::move(name), {{"lochan.yaml", "name: a\nserve: { " + keys + " }\n"}}, {std::move(problem)}};
}

// clang-format off
const ProblemCase kCases[] = {
    in_serve("HighPort", "port: 65536",
       "lochan.yaml:2:16: `port` is 65536, wanted at most 65535"),
    in_serve("NoRuns", "runs: 0",
       "lochan.yaml:2:16: `runs` is the number 0, wanted a whole number, 1 or more"),
    in_serve("ShortToken", "token: secret",
       "lochan.yaml:2:17: `token` has 6 letters, wanted at least 8\n"
       "  hint: make one with `openssl rand -hex 32`"),
    in_serve("UnknownKey", "adress: '::1'",
       "lochan.yaml:2:10: unknown key `adress`\n"
       "  hint: did you mean `address`?"),
    in_serve("MissingVariable", "token: '${NOT_SET_ANYWHERE}'",
       "lochan.yaml:2:17: variable `NOT_SET_ANYWHERE` is not set\n"
       "  hint: set it in the environment or put `NOT_SET_ANYWHERE=…` in `.env`"),
};
// clang-format on

INSTANTIATE_TEST_SUITE_P(Serve, ProjectProblems, testing::ValuesIn(kCases), name_of);

TEST(ReadProject, ReadsServe) {
  WrittenProject written{{"lochan.yaml", "name: a\nserve: { address: '::', port: 0, token: 'long enough', runs: 9 }\n"}};
  const ServeConfig serve = written.read().serve;
  EXPECT_EQ(serve.address, "::");
  EXPECT_EQ(serve.port, 0);
  EXPECT_EQ(serve.runs, 9);
  ASSERT_TRUE(serve.token);
  EXPECT_EQ(serve.token->value, "long enough");
}

TEST(ReadProject, ServesWithoutATokenWhereItsVariableIsNotSet) {
  WrittenProject written{{"lochan.yaml", "name: a\nserve: { token: '${NOT_SET_ANYWHERE:-}' }\n"}};
  EXPECT_FALSE(written.read().serve.token);
}

// Of a copy of the files paths still begin at the project's folder.
TEST(ReadProject, ReadsACopyAsIfItLayInTheFolder) {
  WrittenProject written{{"lochan.yaml", "name: a\nlake: ./there\n"}, {".env", "A=from the file\n"}};
  const WrittenProject copy{{"lochan.yaml", "name: b\nlake: ./there\n"}, {"models/mart/one.sql", "select 1 as one"}};
  const ReadProject read = read_project(written.folder(), written.secrets(), {.copy = copy.folder()});
  EXPECT_TRUE(read.problems.empty());
  EXPECT_EQ(read.project.name, "b");
  EXPECT_EQ(read.project.lake.location, written.folder() / "there");
  EXPECT_EQ(read.project.folder, written.folder());
  EXPECT_EQ(read.project.models.size(), 1u);
  EXPECT_TRUE(read.dot_env.empty());
  EXPECT_EQ(read.texts.at("models/mart/one.sql"), "select 1 as one");
  EXPECT_TRUE(read.folders.contains("models/mart"));
}

}  // namespace
}  // namespace lochan
