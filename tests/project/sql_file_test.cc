// SQL files: comments and front matter are blanked, templates become names, and offsets stay the file's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "project/front_matter.h"
#include "project/ref_names.h"
#include "project/sql_text.h"

namespace lochan {
namespace {

/// Each part as "code|comment|quoted: text".
std::vector<std::string> parts_of(std::string_view sql) {
  std::vector<std::string> parts;
  for (const SqlPart& part : split_sql(sql)) {
    const char* kind = part.kind == SqlPart::Kind::Code      ? "code: "
                       : part.kind == SqlPart::Kind::Comment ? "comment: "
                                                             : "quoted: ";
    parts.push_back(kind + std::string(sql.substr(part.begin, part.end - part.begin)));
  }
  return parts;
}

TEST(SplitSql, KnowsCommentsFromQuotes) {
  using testing::ElementsAre;
  EXPECT_THAT(parts_of("a -- b\nc"), ElementsAre("code: a ", "comment: -- b", "code: \nc"));
  EXPECT_THAT(parts_of("a/*b/*c*/d*/e"), ElementsAre("code: a", "comment: /*b/*c*/d*/", "code: e"));
  EXPECT_THAT(parts_of("'it''s -- x'y"), ElementsAre("quoted: 'it''s -- x'", "code: y"));
  EXPECT_THAT(parts_of("\"a\"\"/*\" b"), ElementsAre("quoted: \"a\"\"/*\"", "code:  b"));
  EXPECT_THAT(parts_of("e'\\'--' b"), ElementsAre("code: e", "quoted: '\\'--'", "code:  b"));
  EXPECT_THAT(parts_of("true'\\' b"), ElementsAre("code: true", "quoted: '\\'", "code:  b"));
  EXPECT_THAT(parts_of("$$ -- ' $$ b"), ElementsAre("quoted: $$ -- ' $$", "code:  b"));
  EXPECT_THAT(parts_of("$x$ $$ $x$ b"), ElementsAre("quoted: $x$ $$ $x$", "code:  b"));
  EXPECT_THAT(parts_of("$since > $1"), ElementsAre("code: $since > $1"));
  EXPECT_THAT(parts_of("'open"), ElementsAre("quoted: 'open"));
  EXPECT_THAT(parts_of("/* open"), ElementsAre("comment: /* open"));
}

std::string sql_of(std::string_view text) {
  Problems problems;
  const auto file = read_sql_file(text, "models/a/b.sql", problems);
  for (const Error& problem : problems.take_sorted()) ADD_FAILURE() << problem.what();
  return file.sql;
}

TEST(SqlFile, BlanksCommentsAndTheLastSemicolon) {
  EXPECT_EQ(sql_of("select 1 -- one\n, ';' /* two\nlines */ ; \n ;"), "select 1       \n, ';'       \n           \n  ");
  EXPECT_EQ(sql_of("select 1;\r\n-- end\r\n"), "select 1 \r\n      \r\n");
  EXPECT_EQ(sql_of("\xEF\xBB\xBFselect 1"), "   select 1");
}

TEST(SqlFile, ReadsFrontMatterInOneLineToo) {
  Problems problems;
  const auto file = read_sql_file("/*--- key: [a, b] ---*/ select 1", "m.sql", problems);
  ASSERT_TRUE(file.front_matter.has_value());
  ASSERT_EQ(file.front_matter->entries.size(), 1u);
  EXPECT_EQ(file.front_matter->entries[0].position, (Position{"m.sql", 1, 7}));
  EXPECT_EQ(file.front_matter->entries[0].value.items[1].position, (Position{"m.sql", 1, 16}));
  EXPECT_EQ(file.begin, (Position{"m.sql", 1, 25}));
}

TEST(SqlFile, TakesNoOtherCommentForFrontMatter) {
  for (const std::string_view text :
       {"/* plain */ select 1", "/*-----*/ select 1", "-- /* ---\nselect 1", "select 1 /* ---\nkey: [\n--- */"}) {
    Problems problems;
    const auto file = read_sql_file(text, "m.sql", problems);
    ASSERT_TRUE(file.front_matter.has_value()) << text;
    EXPECT_EQ(file.front_matter->kind, YamlValue::Kind::Null) << text;
    EXPECT_EQ(problems.size(), 0u) << text;
  }
}

const std::vector<TableName> kTables = {{"mart", "a_very_long_name_of_a_table"},
                                        {"long_name_of_a_layer", "n"},
                                        {"raw", "sale"},
                                        {"raw", "item"},
                                        {"staging", "sale"},
                                        {"staging", "x"}};

std::string put(std::string sql) {
  Problems problems;
  std::string result = put_names(std::move(sql), "m.sql", kTables, problems);
  for (const Error& problem : problems.take_sorted()) ADD_FAILURE() << problem.what();
  return result;
}

TEST(PutNames, PadsWithBlanks) {
  EXPECT_EQ(put("from {{ ref('x') }} where"), "from staging.x      where");
  EXPECT_EQ(put("{{ref(\"x\")}}, {{- source('shop', 'sale') -}} s"), "staging.x   , raw.sale                       s");
  EXPECT_EQ(put("{{ ref('raw', 'sale') }}|{{ ref( 'staging','sale' ) }}|"),
            "raw.sale                |staging.sale                 |");
}

TEST(PutNames, KeepsOffsetsWhereTheNameFitsAndLinesAlways) {
  const std::string fits = "from {{\n ref('x')\n}}\nwhere";
  EXPECT_EQ(put(fits), "from staging.x    \n\n\nwhere");
  EXPECT_EQ(put(fits).size(), fits.size());
  EXPECT_EQ(put("{{ref('a_very_long_name_of_a_table')}} w"), "mart.a_very_long_name_of_a_table       w");
  EXPECT_EQ(put("{{\nref('n')\n}}\nw"), "long_name_of_a_layer.n\n\n\nw");
}

TEST(PutNames, LeavesQuotedTextAlone) {
  EXPECT_EQ(put("select '{{ ref(1) }}', {'a': {'b': 1}}"), "select '{{ ref(1) }}', {'a': {'b': 1}}");
}

}  // namespace
}  // namespace lochan
