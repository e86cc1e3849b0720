#include "engine/sql_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "engine/bound_parameters.h"
#include "engine/lake_type.h"
#include "engine/syntax_tree.h"

namespace lochan {
namespace {

using testing::ElementsAre;

std::vector<std::string> tokens(std::string_view sql) {
  std::vector<std::string> found;
  for (auto token = next_token(sql, 0); token; token = next_token(sql, token->end()))
    found.emplace_back(token->of(sql));
  return found;
}

std::vector<std::string> statements(std::string_view sql) {
  std::vector<std::string> found;
  for (const StatementText& statement : split_statements(sql))
    found.emplace_back(sql.substr(statement.offset, statement.size));
  return found;
}

TEST(SqlTextTest, SkipsCommentsAndKeepsQuotesWhole) {
  EXPECT_THAT(tokens("a -- b\n/* c /* d */ e */ 'f''g' \"h\"\"i\" e'j\\'k' $$l;$$ $t$ $$ $t$ $m 12x ,\xC2\xA0n"),
              ElementsAre("a", "'f''g'", "\"h\"\"i\"", "e'j\\'k'", "$$l;$$", "$t$ $$ $t$", "$m", "12x", ",", "n"));
  EXPECT_THAT(tokens("'open"), ElementsAre("'open"));
  EXPECT_THAT(tokens("/* open"), ElementsAre());
}

TEST(SqlTextTest, SplitsAtSemicolonsThatEndStatements) {
  EXPECT_THAT(statements(";; select ';' -- ;\n; /* ; */ ; select \";\"; $$;$$ "),
              ElementsAre("select ';'", "select \";\"", "$$;$$"));
}

TEST(SqlTextTest, BlanksUnicodeSpacesWithoutMovingAnything) {
  EXPECT_EQ(with_plain_spaces("a\xC2\xA0'\xC2\xA0'\xE2\x80\x83\"\xE3\x80\x80\"\xEF\xBB\xBF"),
            "a  '\xC2\xA0'   \"\xE3\x80\x80\"   ");
}

TEST(SqlTextTest, CountsCharactersAsTheParserDoes) {
  EXPECT_EQ(byte_of_character("żółw )", 5), 8U);
  EXPECT_EQ(byte_of_character("abc", 9), 3U);
}

TEST(SqlTextTest, MakesMacrosTemporary) {
  EXPECT_EQ(as_temporary_macros("create macro a(x) as x; /* two */ CREATE OR REPLACE FUNCTION b() as 1;"
                                "create temp macro c() as 2"),
            "create temp macro a(x) as x;\nCREATE OR REPLACE temp FUNCTION b() as 1;\ncreate temp macro c() as 2;\n");
}

TEST(SqlTextTest, FindsTheWayBackFromABoundParameter) {
  const std::string sql = "select $since, '$x', $Region as r, bad";
  const BoundParameters bound(sql);
  EXPECT_EQ(bound.sql(), "select cast(null as timestamptz), '$x', cast(null as varchar) as r, bad");
  EXPECT_EQ(bound.original_offset(bound.sql().find("bad")), sql.find("bad"));
  EXPECT_EQ(bound.original_offset(bound.sql().find("timestamptz")), sql.find("$since"));
  EXPECT_EQ(bound.original_offset(bound.sql().find("'$x'")), sql.find("'$x'"));
  EXPECT_EQ(bound.original_offset(3), 3U);
}

// Whatever stands in a file, the readers come to an end within it.
TEST(SqlTextTest, TakesAnyBytes) {
  const std::string seed =
      "select $a, 'b''c', \"d\", e'f\\'', $$g$$ /* h */ -- i\n; STRUCT(a MAP(K, V)[3]) "
      "{\"type\":\"X_NODE\",\"key\":[1]}\xC2\xA0\xE3\x80\x80";
  std::mt19937 random(7);
  for (int round = 0; round < 20'000; ++round) {
    std::string text = seed;
    for (int change = 0; change < 6; ++change) {
      const std::size_t at = random() % text.size();
      if (random() % 2 == 0) {
        text[at] = seed[random() % seed.size()];
      } else {
        text.erase(at, 1 + random() % 4);
      }
      if (text.empty()) text = "'";
    }
    std::size_t end = 0;
    for (auto token = next_token(text, 0); token; token = next_token(text, token->end())) {
      ASSERT_GT(token->end(), end) << text;
      end = token->end();
      ASSERT_LE(end, text.size()) << text;
    }
    for (const StatementText& statement : split_statements(text))
      ASSERT_LE(statement.offset + statement.size, text.size());
    ASSERT_EQ(with_plain_spaces(text).size(), text.size());
    ASSERT_LE(name_size(text, random() % text.size()), text.size());
    BoundParameters(text).original_offset(random() % 100);
    lake_type(text);
    read_syntax_tree(text);
    without_positions(text);
  }
}

}  // namespace
}  // namespace lochan
