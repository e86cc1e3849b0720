#include "engine/shadow.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/engine.h"

namespace lochan {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

// Each reference as it stands in the text: "layer.name|text|alias".
std::vector<std::string> references(Shadow& shadow, const std::string& sql) {
  std::vector<std::string> found;
  for (const TableReference& reference : shadow.parse(sql, "m.sql").references)
    found.push_back(to_string(reference.table) + "|" + sql.substr(reference.offset, reference.size) +
                    (reference.has_alias ? "|alias" : ""));
  return found;
}

class ShadowTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::vector<Column> sale{
        {"id", "BIGINT"}, {"customer_id", "BIGINT"}, {"price", "DECIMAL(10,2)"}, {"sold_at", "TIMESTAMP"}};
    const std::vector<Column> customer{{"id", "BIGINT"}, {"name", "VARCHAR"}};
    shadow_.declare_table({"raw", "sale"}, sale);
    shadow_.declare_table({"raw", "customer"}, customer);
  }

  template <typename Work>
  std::string error(Work&& work) {
    try {
      work();
    } catch (const Error& caught) {
      EXPECT_EQ(caught.kind(), ErrorKind::Project);
      return caught.what();
    }
    return "nothing was thrown";
  }
  std::string parse_error(const std::string& sql) {
    return error([&] { shadow_.parse(sql, "m.sql"); });
  }
  std::string bind_error(const std::string& sql) {
    return error([&] { shadow_.bind(sql, "m.sql"); });
  }

  Shadow shadow_;
};

TEST_F(ShadowTest, FindsEachTableWhereItStands) {
  struct Case {
    std::string sql;
    std::vector<std::string> expected;
  };
  const std::vector<Case> cases = {
      {"select 1", {}},
      {"values (1), (2)", {}},
      {"select * from raw.sale", {"raw.sale|raw.sale"}},
      {"from raw.sale", {"raw.sale|raw.sale"}},
      {"table raw.sale", {"raw.sale|raw.sale"}},
      {"select * from raw.sale;  -- the end", {"raw.sale|raw.sale"}},
      {"select * from raw.sale s, raw.customer as c", {"raw.sale|raw.sale|alias", "raw.customer|raw.customer|alias"}},
      {"select * from raw.sale sale", {"raw.sale|raw.sale|alias"}},
      {"select * from \"raw\".\"sa le\"", {"raw.sa le|\"raw\".\"sa le\""}},
      {"select * from \"a\"\"b\".c", {"a\"b.c|\"a\"\"b\".c"}},
      {"select * from raw /* of */ . -- the\n sale where true", {"raw.sale|raw /* of */ . -- the\n sale"}},
      {"/* żółć */ select 'ąę' as \"ó\" from raw.sale", {"raw.sale|raw.sale"}},
      {"select\xC2\xA0'\xC2\xA0' from\xE3\x80\x80raw.sale", {"raw.sale|raw.sale"}},
      {"select $$ from raw.x $$, $t$ raw.y $t$ from raw.sale", {"raw.sale|raw.sale"}},
      {"select 'from raw.x', \"from raw.y\" from raw.sale -- raw.z", {"raw.sale|raw.sale"}},
      {"select * from raw.a join raw.b using (id) left join raw.c on a.x = c.x cross join raw.d",
       {"raw.a|raw.a", "raw.b|raw.b", "raw.c|raw.c", "raw.d|raw.d"}},
      {"select * from raw.a positional join raw.b", {"raw.a|raw.a", "raw.b|raw.b"}},
      {"select * from raw.a asof join raw.b on a.t >= b.t", {"raw.a|raw.a", "raw.b|raw.b"}},
      {"select * from raw.a union all by name select * from raw.b except select * from raw.c",
       {"raw.a|raw.a", "raw.b|raw.b", "raw.c|raw.c"}},
      {"select (select max(x) from raw.b), exists (from raw.c) from raw.a where y in (select y from raw.d) "
       "order by (select 1 from raw.e)",
       {"raw.b|raw.b", "raw.c|raw.c", "raw.a|raw.a", "raw.d|raw.d", "raw.e|raw.e"}},
      {"select * from (select * from raw.a) t, lateral (select * from raw.b where b.id = t.id)",
       {"raw.a|raw.a", "raw.b|raw.b"}},
      {"select * from range(3) r(i), unnest([1]) u(x), raw.a", {"raw.a|raw.a"}},
      {"from raw.sale pivot (sum(price) for id in (1, 2))", {"raw.sale|raw.sale"}},
      {"pivot raw.sale on id in (1, 2) using sum(price)", {"raw.sale|raw.sale"}},
      {"unpivot raw.sale on price", {"raw.sale|raw.sale"}},
      {"select * from raw.sale tablesample 10%", {"raw.sale|raw.sale"}},
      {"select list_transform([1], x -> x + (select max(id) from raw.sale))", {"raw.sale|raw.sale"}},
      {"select count(*) over (order by id) from raw.sale qualify id > (select 1 from raw.b)",
       {"raw.sale|raw.sale", "raw.b|raw.b"}},
  };
  for (const Case& one : cases) EXPECT_EQ(references(shadow_, one.sql), one.expected) << one.sql;
}

TEST_F(ShadowTest, NeverTakesACteForATable) {
  struct Case {
    std::string sql;
    std::vector<std::string> expected;
  };
  const std::vector<Case> cases = {
      {"with sale as (select * from raw.sale) select * from sale", {"raw.sale|raw.sale"}},
      {"with a as (from raw.sale), b as (from a) select * from b join a using (id)", {"raw.sale|raw.sale"}},
      {"with recursive t as (select 1 as n union all select n + 1 from t where n < 3) from t", {}},
      {"with \"A b\" as (from raw.sale) from \"a B\"", {"raw.sale|raw.sale"}},
      {"with a as (with b as (from raw.x) from b) from a", {"raw.x|raw.x"}},
      {"with a as (select 1 as i) select * from (with b as (from a) from b) where i in (select i from a)", {}},
      {"with a as (select 1 as i) select * from a order by (select max(i) from a)", {}},
      {"with a as (select 1 as i) select * from a union all select * from a", {}},
      {"with raw as (select 1 as i) select * from raw, raw.sale", {"raw.sale|raw.sale"}},
  };
  for (const Case& one : cases) EXPECT_EQ(references(shadow_, one.sql), one.expected) << one.sql;
  EXPECT_THAT(parse_error("select * from (with b as (select 1) from b) x, b"), HasSubstr("no table `b`"));
}

TEST_F(ShadowTest, RefusesWhatIsNotOneSelect) {
  EXPECT_EQ(parse_error("select 1;\nselect 2"),
            "m.sql:2:1: there is more than one statement\n  hint: a query of a project is one SELECT");
  for (const char* sql :
       {"insert into raw.sale values (1)", "create table t as select 1", "drop table raw.sale", "describe raw.sale",
        "select * from (summarize raw.sale)", "explain select 1", "pivot raw.sale on id", "set threads = 1"})
    EXPECT_THAT(parse_error(sql), HasSubstr("this is no SELECT")) << sql;
  EXPECT_THAT(parse_error("-- only a comment"), HasSubstr("there is no SELECT"));
  EXPECT_THAT(parse_error("\n  /* x */ delete from raw.sale"), HasSubstr("m.sql:2:11: this is no SELECT"));
}

TEST_F(ShadowTest, SaysWhereTheSyntaxIsWrong) {
  EXPECT_EQ(parse_error("select 1,\nfrom raw.sale\nwhere and"), "m.sql:3:7: syntax error at or near `and`");
  EXPECT_EQ(parse_error("select '\xC2\xA0',\xC2\xA0 from raw.sale where )"), "m.sql:1:36: syntax error at or near `)`");
  EXPECT_EQ(parse_error("select (1"), "m.sql:1:10: syntax error at end of input");
}

TEST_F(ShadowTest, RefusesNamesThatAreNotLayerAndName) {
  EXPECT_EQ(parse_error("select *\nfrom sale"),
            "m.sql:2:6: no table `sale`: a table's name is `layer.name`\n  hint: did you mean `raw.sale`?");
  EXPECT_EQ(parse_error("select * from custmer"),
            "m.sql:1:15: no table `custmer`: a table's name is `layer.name`\n  hint: did you mean `raw.customer`?");
  EXPECT_EQ(parse_error("with latest as (from raw.sale) from lastest"),
            "m.sql:1:37: no table `lastest`: a table's name is `layer.name`\n  hint: did you mean `latest`?");
  EXPECT_THAT(parse_error("from 'sales.csv'"), HasSubstr("m.sql:1:6: no table `sales.csv`"));
  EXPECT_EQ(parse_error("select * from lake.raw.sale"),
            "m.sql:1:15: `lake.raw.sale` has three parts\n  hint: a table's name is `layer.name`");
  EXPECT_THAT(parse_error("select * from raw.sale at (version => 3)"),
              HasSubstr("`raw.sale` is read as of another time"));
  EXPECT_EQ(parse_error("select raw.sale.id from raw.sale"),
            "m.sql:1:8: the column `raw.sale.id` has its layer before it\n  hint: write `sale.id`");
  EXPECT_EQ(parse_error("select * from raw.sale, staging.sale"),
            "m.sql:1:25: two tables are called `sale` here\n  hint: give an alias: `staging.sale as staging_sale`");
}

TEST_F(ShadowTest, ListsParametersAndRefusesThoseWithoutAName) {
  EXPECT_THAT(shadow_.parse("select $b, $a, '$c', $$ $d $$ -- $e\n where $a > 1", "m.sql").parameters,
              ElementsAre("a", "b"));
  EXPECT_THAT(parse_error("select ?"), HasSubstr("a parameter has no name"));
}

TEST_F(ShadowTest, CanonicalTextForgetsWhiteSpaceAndComments) {
  const auto canonical = [&](const std::string& sql) { return shadow_.parse(sql, "m.sql").canonical; };
  const std::string one = canonical("select id, price * 2 as double from raw.sale where id > 3");
  EXPECT_EQ(one, canonical("SELECT  id,\n -- the price\n price*2 AS double /* x */\nFROM raw.sale WHERE (id > 3);"));
  EXPECT_NE(one, canonical("select id, price * 2 as double from raw.sale where id > 4"));
  EXPECT_NE(one, canonical("select id, price * 2 as twice from raw.sale where id > 3"));
  EXPECT_NE(canonical("select '\"query_location\":1,'"), canonical("select '\"query_location\":2,'"));
}

TEST_F(ShadowTest, BindsColumnsWithTheirTypes) {
  EXPECT_THAT(shadow_.bind("select id, sum(price) as total, count(*) as n, [sold_at] as times, null as nothing "
                           "from raw.sale group by all;",
                           "m.sql"),
              ElementsAre(Column{"id", "BIGINT"}, Column{"total", "DECIMAL(38,2)"}, Column{"n", "BIGINT"},
                          Column{"times", "TIMESTAMP[]"}, Column{"nothing", "INTEGER"}));
}

TEST_F(ShadowTest, BindsParametersByTheirNames) {
  EXPECT_THAT(
      shadow_.bind("select $run_at as built_at, $region as region from raw.sale where sold_at > $since", "m.sql"),
      ElementsAre(Column{"built_at", "TIMESTAMP WITH TIME ZONE"}, Column{"region", "VARCHAR"}));
  EXPECT_EQ(bind_error("select $since, $until as u,\n $run_at as r, custmer_id from raw.sale"),
            "m.sql:2:16: no column `custmer_id`\n  hint: did you mean `customer_id`?");
}

TEST_F(ShadowTest, SaysWhichColumnOrFunctionIsMissing) {
  EXPECT_EQ(bind_error("select id,\n  custmer_id\nfrom raw.sale"),
            "m.sql:2:3: no column `custmer_id`\n  hint: did you mean `customer_id`?");
  EXPECT_EQ(bind_error("select s.custmer_id from raw.sale s"),
            "m.sql:1:8: no column `custmer_id` in `s`\n  hint: did you mean `customer_id`?");
  EXPECT_EQ(bind_error("select uper(id) from raw.sale"),
            "m.sql:1:8: no function or macro `uper`\n  hint: did you mean `upper`?");
  EXPECT_THAT(bind_error("select * from raw.sales"), HasSubstr("m.sql:1:15: no table `sales`"));
  EXPECT_THAT(bind_error("select price from raw.sale where price > 'x'::interval"), HasSubstr("m.sql:1:"));
  EXPECT_EQ(bind_error("select id, price as ID from raw.sale"),
            "m.sql: two columns are called `ID`\n  hint: give one of them another name with `as`");
}

TEST_F(ShadowTest, ReadsNoFile) {
  EXPECT_EQ(bind_error("select * from read_csv('/etc/passwd')"),
            "m.sql:1:15: a query of a project reads tables of the lake, not files or other databases\n"
            "  hint: bring it into the lake by a source");
}

TEST_F(ShadowTest, DeclaresATableAgain) {
  const std::vector<Column> columns{{"key", "STRUCT(a INTEGER, \"b c\" VARCHAR)"}, {"order", "MAP(VARCHAR, INTEGER)"}};
  shadow_.declare_table({"raw", "sale"}, columns);
  EXPECT_EQ(shadow_.bind("from raw.sale", "m.sql"), columns);
  shadow_.declare_view({"raw", "sale"}, "select name from raw.customer");
  EXPECT_THAT(shadow_.bind("from raw.sale", "m.sql"), ElementsAre(Column{"name", "VARCHAR"}));
  shadow_.declare_table({"raw", "sale"}, columns);
  EXPECT_EQ(shadow_.bind("from raw.sale", "m.sql"), columns);
}

TEST_F(ShadowTest, BindsAParsedQueryInAnyCase) {
  const std::string sql = "select ID from RAW.Sale";
  shadow_.parse(sql, "m.sql");
  EXPECT_EQ(shadow_.bind(sql, "m.sql").size(), 1U);
}

TEST_F(ShadowTest, GoesOnAfterAnError) {
  bind_error("select nothing from raw.sale");
  bind_error("select 'x'::integer from raw.sale");
  EXPECT_EQ(shadow_.bind("select id from raw.sale", "m.sql").size(), 1U);
}

TEST_F(ShadowTest, KnowsTheMacrosAQueryUses) {
  shadow_.add_macros(
      "create macro net(gross) as gross / 1.23; -- tax\ncreate or replace macro rounded(x) as round(net(x), 2);",
      "macros/money.sql");
  shadow_.add_macros("create macro newest(t) as table select * from query_table(t);", "macros/table.sql");
  const ParsedQuery query = shadow_.parse("select Rounded(price) from raw.sale", "m.sql");
  EXPECT_THAT(shadow_.macros_used(query),
              UnorderedElementsAre(Pair("net", HasSubstr("1.23")), Pair("rounded", HasSubstr("net"))));
  EXPECT_THAT(shadow_.macros_used(shadow_.parse("select upper('x')", "m.sql")), IsEmpty());
  EXPECT_EQ(shadow_.bind("select rounded(price) as p from raw.sale", "m.sql").size(), 1U);
}

TEST_F(ShadowTest, RefusesMacrosThatAreNoneOrReadTables) {
  const auto macro_error = [&](const char* sql) { return error([&] { shadow_.add_macros(sql, "macros/a.sql"); }); };
  EXPECT_EQ(macro_error("create macro a(x) as x;\ndrop macro a;"),
            "macros/a.sql:2:1: a macro file has `create macro` statements only");
  EXPECT_EQ(macro_error("create macro b() as (\n  1 +);"), "macros/a.sql:2:6: syntax error at or near `)`");
  const char* total = "\ncreate macro total() as (select sum(price) from raw.sale);";
  EXPECT_THAT(macro_error(total), HasSubstr("macros/a.sql:2:49: the macro `total` reads a table"));
  shadow_.bind("select 1 as i from raw.sale", "m.sql");  // now the engine knows it
  EXPECT_THAT(macro_error(total), HasSubstr("macros/a.sql:2:1: the macro `total` reads a table"));
}

TEST_F(ShadowTest, RewritesReferencesSoThatTheQueryRuns) {
  Engine engine(EngineOptions{.threads = 1});
  const auto session = engine.open_session();
  session->execute(
      "attach ':memory:' as lake_1; create schema lake_1.raw; create schema lake_1.\"ma rt\";"
      "create table lake_1.raw.sale as select 1 as id, 2 as price; create table lake_1.\"ma rt\".\"s\"\"x\" as select "
      "7 as id");
  const auto resolve = [](const TableName& table) {
    return table.name == "seen" ? std::string("(select id + 10 as id from lake_1.raw.sale)")
                                : "lake_1." + quoted(table);
  };
  struct Case {
    std::string sql;
    std::string expected;
  };
  const std::vector<Case> cases = {
      {"select sale.id from raw.sale; -- end", "1"},
      {"select s.id from raw . sale as s -- end", "1"},
      {"select seen.id from mart.seen", "11"},
      {"select x.id + sale.price from mart.seen x, raw.sale", "13"},
      {"with sale as (select id * 5 as id from raw.sale) select sale.id from sale", "5"},
      {"select \"s\"\"x\".id from \"ma rt\".\"s\"\"x\" where 'raw.sale' <> $$ raw.sale $$", "7"},
      {"select (select max(id) from mart.seen) + id from raw.sale where id in (select id from raw.sale)", "12"},
  };
  for (const Case& one : cases) {
    const ParsedQuery query = shadow_.parse(one.sql, "m.sql");
    const std::string sql = rewrite(one.sql, query.references, resolve);
    EXPECT_EQ(session->query("select * from (" + sql + ")").rows.at(0).at(0), one.expected) << sql;
  }
}

}  // namespace
}  // namespace lochan
