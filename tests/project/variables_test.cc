#include "project/variables.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/project/written_project.h"

namespace lochan {
namespace {

using testing::ElementsAre;
using testing::Pair;

class VariablesTest : public testing::Test {
 protected:
  std::optional<std::string> expand(std::string_view text) {
    const Variables variables(
        [this](const std::string& name) -> std::optional<std::string> {
          const auto found = environment_.find(name);
          return found == environment_.end() ? std::nullopt : std::optional(found->second);
        },
        dot_env_, folder_.folder(), secrets_);
    return variables.expand(text, {"lochan.yaml", 3, 5}, problems_);
  }

  std::map<std::string, std::string> environment_;
  std::map<std::string, std::string> dot_env_;
  WrittenProject folder_{};
  Secrets secrets_;
  Problems problems_;
};

TEST_F(VariablesTest, AreLookedUpInTheEnvironmentThenInDotEnv) {
  environment_ = {{"A", "from environment"}};
  dot_env_ = {{"A", "from file"}, {"B", "from file too"}};
  EXPECT_EQ(expand("<${A}, ${B}>"), "<from environment, from file too>");
}

TEST_F(VariablesTest, AreSecretsButWhereTheKeySaysOtherwise) {
  environment_ = {{"CRON", "*/5 * * * *"}, {"WORD", "hidden-word"}};
  const Variables variables([this](const std::string& name) { return std::optional(environment_.at(name)); }, {},
                            folder_.folder(), secrets_);
  EXPECT_EQ(variables.expand("${CRON}", {"lochan.yaml", 3, 5}, problems_, false), "*/5 * * * *");
  EXPECT_EQ(variables.expand("${WORD}", {"lochan.yaml", 3, 5}, problems_), "hidden-word");
  EXPECT_EQ(secrets_.mask("*/5 * * * * hidden-word"), "*/5 * * * * ***");
}

TEST_F(VariablesTest, HaveDefaultsForWhatIsUnsetOrEmpty) {
  environment_ = {{"EMPTY", ""}, {"SET", "set"}};
  EXPECT_EQ(expand("${UNSET:-a} ${EMPTY:-b} ${SET:-c} [${EMPTY}] ${UNSET:-}"), "a b set [] ");
}

TEST_F(VariablesTest, MayStandInADefault) {
  environment_ = {{"B", "inner"}};
  EXPECT_EQ(expand("${A:-<${B}>}!"), "<inner>!");
  EXPECT_EQ(expand("${A:-${C:-last}}"), "last");
}

TEST_F(VariablesTest, AreEscapedByASecondDollar) {
  EXPECT_EQ(expand("$${A} $ $5 {A}"), "${A} $ $5 {A}");
  EXPECT_EQ(problems_.size(), 0u);
}

TEST_F(VariablesTest, ReadFilesWithoutTheirLastEndOfLine) {
  folder_.write("secrets/token", "first\nsecond\r\n");
  EXPECT_EQ(expand("${file:secrets/token}"), "first\nsecond");
  EXPECT_EQ(secrets_.mask("first\nsecond"), "***");
}

TEST_F(VariablesTest, AreSecretsAndDefaultsAreNot) {
  environment_ = {{"PASSWORD", "hunter2"}};
  EXPECT_EQ(expand("postgresql://me:${PASSWORD}@${HOST:-localhost}/db"), "postgresql://me:hunter2@localhost/db");
  EXPECT_EQ(secrets_.mask("postgresql://me:hunter2@localhost/db"), "postgresql://me:***@localhost/db");
}

TEST_F(VariablesTest, AreAllSaidWhenMissing) {
  EXPECT_EQ(expand("${A} and ${B}"), std::nullopt);
  const auto problems = problems_.take_sorted();
  ASSERT_EQ(problems.size(), 2u);
  EXPECT_STREQ(problems[1].what(),
               "lochan.yaml:3:5: variable `B` is not set\n  hint: set it in the environment or put `B=…` in `.env`");
}

TEST_F(VariablesTest, DoNotNestWithoutEnd) {
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "${A:-";
  EXPECT_EQ(expand(deep), std::nullopt);
  EXPECT_EQ(problems_.size(), 1u);
}

TEST(DotEnv, ReadsWhatShellsWrite) {
  Problems problems;
  const auto values = read_dot_env(
      "\xEF\xBB\xBF# comment\n"
      "PLAIN=a value   # with a comment\n"
      "export EXPORTED=b#c\r\n"
      "\n"
      "SINGLE='as $it \\n is # '  \n"
      "DOUBLE=\"line 1\\nline \\\"2\\\"\" # comment\n"
      "OVER_LINES=\"one\n"
      "two\"\n"
      "EMPTY=\n"
      "URL=postgresql://me:pw@host/db?x=y\n"
      "LAST = spaced",
      ".env", problems);
  EXPECT_EQ(problems.size(), 0u);
  EXPECT_THAT(values, ElementsAre(Pair("DOUBLE", "line 1\nline \"2\""), Pair("EMPTY", ""), Pair("EXPORTED", "b#c"),
                                  Pair("LAST", "spaced"), Pair("OVER_LINES", "one\ntwo"), Pair("PLAIN", "a value"),
                                  Pair("SINGLE", "as $it \\n is # "), Pair("URL", "postgresql://me:pw@host/db?x=y")));
}

TEST(DotEnv, IsReadWithTheProject) {
  WrittenProject written{{"lochan.yaml", "name: a\nconnections:\n  shop: ${LOCHAN_TEST_SHOP}\n"},
                         {".env", "LOCHAN_TEST_SHOP=sqlite:/srv/shop.db\n"}};
  EXPECT_EQ(written.read().connections.at("shop").location, "/srv/shop.db");
  EXPECT_EQ(written.secrets().mask("at sqlite:/srv/shop.db"), "at ***");
}

}  // namespace
}  // namespace lochan
