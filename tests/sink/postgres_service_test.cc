// What the sink to PostgreSQL does there beyond what every sink does: types, names, views, rights, what is declared.
#include <fmt/ranges.h>

#include <thread>

#include "tests/sink/to_postgres.h"

namespace lochan {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class PostgresSinkTest : public CarriesToPostgres, public testing::Test {
 protected:
  std::vector<std::string> indexes() {
    return there("select indexdef from pg_indexes where schemaname = 'dwh' and tablename = 'sale' order by 1");
  }
  void key(const std::string& column) {
    table_.write = SinkWrite::Upsert;
    table_.key = {{column, {}}};
  }
};

TEST_F(PostgresSinkTest, EveryTypeArrivesAsItself) {
  struct Case {
    std::string value;
    std::string type;
    std::string text;
  };
  const std::vector<Case> cases = {
      {"true", "boolean", "t"},
      {"(-2147483648)::integer", "integer", "-2147483648"},
      {"9223372036854775807::bigint", "bigint", "9223372036854775807"},
      {"'nan'::float", "real", "NaN"},
      {"0.1::double", "double precision", "0.1"},
      {"'-inf'::double", "double precision", "-Infinity"},
      {"-0.01::decimal(5,2)", "numeric(5,2)", "-0.01"},
      {"'99999999999999999999999999999999999999'::decimal(38,0)", "numeric(38,0)", "99999999999999999999999999999999999999"},
      {"'-0.00000000000000000000000000000000000001'::decimal(38,38)", "numeric(38,38)",
       "-0.00000000000000000000000000000000000001"},
      {"170141183460469231731687303715884105727::hugeint % 1000", "numeric(38,0)", "727"},
      {"date '0001-01-01'", "date", "0001-01-01"},
      {"date '1600-02-29'", "date", "1600-02-29"},
      {"time '23:59:59.999999'", "time without time zone", "23:59:59.999999"},
      {"timestamp '1969-12-31 23:59:59.999999'", "timestamp without time zone", "1969-12-31 23:59:59.999999"},
      {"timestamptz '2026-03-29 01:30:00+00'", "timestamp with time zone", "2026-03-29 01:30:00+00"},
      {"''", "text", ""},
      {"'zażółć 🥭 \\ \" '''", "text", "zażółć 🥭 \\ \" '"},
      {"'\\x00\\xFF'::blob", "bytea", "\\x00ff"},
      {"'00000000-0000-0000-0000-0000000000ff'::uuid", "uuid", "00000000-0000-0000-0000-0000000000ff"},
      {"[1, null, 3]", "integer[]", "{1,NULL,3}"},
      {"['a', null, 'b,c']", "character varying[]", "{a,NULL,\"b,c\"}"},
      {"[]::date[]", "date[]", "{}"},
      {"[timestamptz '2026-01-01 00:00:00+00']", "timestamp with time zone[]", "{\"2026-01-01 00:00:00+00\"}"},
      {"[99999999999999999999.50::decimal(38,2)]", "jsonb", R"(["99999999999999999999.50"])"},
      {"[[1], [2, 3]]", "jsonb", "[[1], [2, 3]]"},
      {"{'a': 1, 'b': {'c': 'x\"y'}}", "jsonb", R"({"a": 1, "b": {"c": "x\"y"}})"},
      {"map {'k': 1.5::double}", "jsonb", R"({"k": 1.5})"},
      {"{'amount': 0.10::decimal(38,2), 'at': date '2026-01-01'}", "jsonb", R"({"at": "2026-01-01", "amount": "0.10"})"},
  };
  std::vector<std::string> columns, nulls;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    columns.push_back(fmt::format("{} as c{:02}", cases[i].value, i));
    nulls.push_back(fmt::format("null as c{:02}", i));
  }
  publish(fmt::format("select 1 as id, {} union all by name select 2 as id", fmt::join(columns, ", ")));
  carry();
  for (std::size_t i = 0; i < cases.size(); ++i) {
    EXPECT_THAT(there(fmt::format("select c{:02} from dwh.sale order by id", i)), ElementsAre(cases[i].text, "null"))
        << cases[i].value;
    EXPECT_THAT(there(fmt::format("select format_type(atttypid, atttypmod) from pg_attribute where attrelid = "
                                  "'dwh.sale'::regclass and attname = 'c{:02}'", i)),
                ElementsAre(cases[i].type))
        << cases[i].value;
  }
}

TEST_F(PostgresSinkTest, KeysIndexesCommentsAndGrantsAreAsDeclared) {
  key("id");
  here_.execute("do $$ begin create role bi_reader; exception when duplicate_object then null; end $$");
  table_.indexes = {{{{"what", {}}, {"price", {}}}, false}, {{{"what", {}}}, true}};
  table_.comment = "what was sold";
  table_.comments = {{"price", "it's in złoty"}};
  table_.grants = {{"bi_reader", {}}};
  publish_two();
  carry();
  EXPECT_THAT(indexes(), ElementsAre("CREATE INDEX sale_what_price_idx ON dwh.sale USING btree (what, price)",
                                     "CREATE UNIQUE INDEX sale_pkey ON dwh.sale USING btree (id)",
                                     "CREATE UNIQUE INDEX sale_what_idx ON dwh.sale USING btree (what)"));
  EXPECT_THAT(there("select obj_description('dwh.sale'::regclass), col_description('dwh.sale'::regclass, 3), "
                    "has_table_privilege('bi_reader', 'dwh.sale', 'select') and has_schema_privilege('bi_reader', 'dwh', 'usage')"),
              ElementsAre("what was sold|it's in złoty|t"));
  // Other declarations, no other rows.
  table_.indexes.pop_back();
  table_.comment = "";
  table_.grants = {};
  const CarriedTable carried = carry();
  EXPECT_EQ(carried.rows_written, 0);
  EXPECT_TRUE(carried.changed);
  EXPECT_EQ(indexes().size(), 2U);
  EXPECT_THAT(there("select obj_description('dwh.sale'::regclass), has_table_privilege('bi_reader', 'dwh.sale', 'select')"),
              ElementsAre("null|f"));
  EXPECT_FALSE(carry().changed);
}

TEST_F(PostgresSinkTest, SwapKeepsNamesOfIndexesAndGrantsMadeByHand) {
  table_.key = {{"id", {}}};
  table_.indexes = {{{{"what", {}}}, false}};
  publish_two();
  carry();
  const auto before = indexes();
  const auto identity = there("select 'dwh.sale'::regclass::oid");
  here_.execute("grant select, insert on dwh.sale to public");
  change("insert into SALE values (3, 'kiwi', 1)");
  carry();
  EXPECT_EQ(indexes(), before);
  EXPECT_NE(there("select 'dwh.sale'::regclass::oid"), identity) << "it was swapped";
  EXPECT_THAT(there("select relacl::text like '%=ar/%' from pg_class where oid = 'dwh.sale'::regclass"), ElementsAre("t"));
}

TEST_F(PostgresSinkTest, WhatHangsOnAReplacedTableStays) {
  publish_two();
  carry();
  for (const std::string made :
       {"create view dwh.dear as select what from dwh.sale where price > 2", "create index by_hand on dwh.sale (price)",
        "alter table dwh.sale add constraint dear check (price > 0)",
        "create function f() returns trigger language plpgsql as 'begin return new; end'; "
        "create trigger t before insert on dwh.sale for each row execute function f()"}) {
    here_.execute("begin; " + made + "; commit");
    const auto identity = there("select 'dwh.sale'::regclass::oid");
    change("update SALE set price = price + 1");
    carry();
    EXPECT_EQ(there("select 'dwh.sale'::regclass::oid"), identity) << made;
    EXPECT_EQ(there("select id, price from dwh.sale order by id"), lake_rows("id, price")) << made;
    here_.execute("drop view if exists dwh.dear; drop index if exists dwh.by_hand; "
                  "alter table dwh.sale drop constraint if exists dear; drop trigger if exists t on dwh.sale");
  }
}

// Where most rows of a large table differ, changing each costs the server more than the table made anew.
TEST_F(PostgresSinkTest, LargeTableOfWhichMostRowsChangedIsMadeAnew) {
  key("id");
  table_.indexes = {{{{"what", {}}}, false}};
  publish("select i as id, 'w' || i % 7 as what, (i % 100)::decimal(10,2) as price from range(10000) r(i)");
  carry();
  const auto before = indexes();
  const auto identity = [&] { return there("select 'dwh.sale'::regclass::oid")[0]; };
  const auto expect_equal = [&] {
    EXPECT_EQ(there("select count(*), sum(id), sum(price), min(what) from dwh.sale"), lake_rows("count(*), sum(id), sum(price), min(what)"));
  };
  const std::string first = identity();
  change("update SALE set price = price + 1 where id < 5000; delete from SALE where id = 9999; insert into SALE values (10000, 'x', 1)");
  EXPECT_EQ(carry().rows_written, 10000);
  EXPECT_NE(identity(), first) << "5,001 of 10,000 rows are the most of them";
  expect_equal();
  EXPECT_EQ(indexes(), before);
  const std::string second = identity();
  change("update SALE set price = price + 1 where id < 4999");
  const CarriedTable carried = carry();
  EXPECT_EQ(carried.rows_written, 4999);
  EXPECT_EQ(identity(), second);
  expect_equal();
  EXPECT_FALSE(carry().changed);
}

TEST_F(PostgresSinkTest, LargeTableThatSomebodyElseTouchedIsChangedRowByRow) {
  key("id");
  publish("select i as id, 'w' || i % 7 as what, (i % 100)::decimal(10,2) as price from range(10000) r(i)");
  carry();
  here_.execute("do $$ begin create role bi_reader; exception when duplicate_object then null; end $$");
  const std::vector<std::pair<std::string, std::string>> hangs = {
      {"create view dwh.dear as select what from dwh.sale where price > 2", "drop view dwh.dear"},
      {"alter table dwh.sale add column note text", "alter table dwh.sale drop column note"},
      {"alter table dwh.sale alter what set default 'w'", "alter table dwh.sale alter what drop default"},
      {"alter table dwh.sale alter what set not null", "alter table dwh.sale alter what drop not null"},
      {"grant select (what) on dwh.sale to bi_reader", "revoke select (what) on dwh.sale from bi_reader"},
      {"alter table dwh.sale replica identity full", "alter table dwh.sale replica identity default"},
      {"create publication all_of_it for all tables", "drop publication all_of_it"},
  };
  for (const auto& [made, undone] : hangs) {
    here_.execute(made);
    const auto identity = there("select 'dwh.sale'::regclass::oid");
    change("update SALE set price = price + 1");
    EXPECT_EQ(carry().rows_written, 10000) << made;
    EXPECT_EQ(there("select 'dwh.sale'::regclass::oid"), identity) << made;
    EXPECT_EQ(there("select count(*), sum(id), sum(price) from dwh.sale"), lake_rows("count(*), sum(id), sum(price)")) << made;
    here_.execute(undone);
  }
}

// What differs is found by comparing rows of all types, null among them.
TEST_F(PostgresSinkTest, RowsOfEveryTypeAreTheSameAsThemselves) {
  key("id");
  publish("select 1 as id, 'nan'::float as a, 'nan'::double as b, -0.0::double as c, [1, null] as d, [[1], [2, 3]] as e, {'a': 1, 'b': {'c': null}} as f, "
          "map {'k': 1.5::double} as g, '\\x00'::blob as h, timestamptz '2026-01-01 00:00:00+00' as i, "
          "'99999999999999999999999999999999999999'::decimal(38,0) as j, '' as k union all by name select 2 as id");
  carry();
  change("");
  EXPECT_EQ(carry().rows_written, 0);
  change("update SALE set d = [1, 2] where id = 1; update SALE set f = {'a': null, 'b': null} where id = 2");
  EXPECT_EQ(carry().rows_written, 2);
  EXPECT_EQ(carry().rows_written, 0);
}

TEST_F(PostgresSinkTest, ReadersAreNotHeldUpAndSeeTheOldRowsUntilTheCommit) {
  publish_two();
  carry();
  change("delete from SALE where id = 1");
  PostgresConnection reader = database_.connect();
  // The reader's lock keeps the swap waiting; the reader goes on.
  reader.execute("begin; select 1 from dwh.sale");
  std::string failure = "none";
  {
    std::jthread thread([&] { failure = error([&] { carry(); }); });
    for (int i = 0; i < 500 && reader.query("select count(*) from pg_locks where not granted").value() == "0"; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds{10});
    EXPECT_EQ(reader.query("select count(*) from dwh.sale").value(), "2");
    reader.execute("commit");
  }
  EXPECT_EQ(failure, "nothing was thrown");
  EXPECT_THAT(there("select id from dwh.sale"), ElementsAre("2"));
}

TEST_F(PostgresSinkTest, OddNames) {
  config_.schema = "Dwh \"1\"";
  table_.to = "Sale of, the day";
  key("Id \"x\"");
  table_.indexes = {{{{"order", {}}}, false}};
  publish("select 1 as \"Id \"\"x\"\"\", 'a' as \"order\", 2 as \"ż\"");
  carry();
  EXPECT_THAT(there(R"(select "Id ""x""", "order", "ż" from "Dwh ""1"""."Sale of, the day")"), ElementsAre("1|a|2"));
  publish("select 1 as \"Id \"\"x\"\"\", 'b' as \"order\", 3 as \"ż\"");
  EXPECT_EQ(carry().rows_written, 1);
}

TEST_F(PostgresSinkTest, AnotherSchemaForATable) {
  table_.to = "other.sold";
  publish_two();
  carry();
  EXPECT_THAT(there("select count(*) from other.sold"), ElementsAre("2"));
  EXPECT_THAT(there("select target from dwh.lochan_mark"), ElementsAre(R"("other"."sold")"));
}

TEST_F(PostgresSinkTest, WithoutASchemaItIsTheConnectionsOwn) {
  config_.schema = "";
  publish_two();
  carry();
  EXPECT_THAT(there("select count(*) from public.sale"), ElementsAre("2"));
}

// The rows of a table of another, `town`, to which the sink adds two columns.
class PostgresAddTest : public PostgresSinkTest {
 protected:
  PostgresAddTest() {
    here_.execute("create schema map");
    here_.execute("create table map.town(id int primary key, name text not null, east real, north double precision)");
    here_.execute("insert into map.town values (1, 'Arbroath'), (2, 'Brora'), (3, 'Crail')");
    key("id");
    table_.to = "map.town";
    table_.fields = SinkFields::Add;
  }
  std::vector<std::string> towns() { return there("select id, name, east, north from map.town order by id"); }
};

TEST_F(PostgresAddTest, SetsItsColumnsAndNothingElse) {
  publish("from (values (1, 2.5::double, 56.5::double), (3, 2.1, 56.25), (9, 0, 0)) t(id, east, north)");
  EXPECT_EQ(carry().rows_written, 2);
  EXPECT_THAT(towns(), ElementsAre("1|Arbroath|2.5|56.5", "2|Brora|null|null", "3|Crail|2.1|56.25"));
  publish("from (values (1, 2.5::double, 56.5::double), (3, 2.1, 57), (2, 4, 58)) t(id, east, north)");
  EXPECT_EQ(carry().rows_written, 2) << "2.1 is no other number for being kept as a real";
  EXPECT_THAT(towns(), ElementsAre("1|Arbroath|2.5|56.5", "2|Brora|4|58", "3|Crail|2.1|57"));
  EXPECT_FALSE(carry().changed);
}

TEST_F(PostgresAddTest, ColumnsOfKeysThatAreGoneBecomeNull) {
  publish("from (values (1, 2::double, 56::double), (2, 3, 57)) t(id, east, north)");
  carry();
  publish("from (values (2, 3::double, 57::double)) t(id, east, north)");
  EXPECT_EQ(carry().rows_removed, 1);
  EXPECT_THAT(towns(), ElementsAre("1|Arbroath|null|null", "2|Brora|3|57", "3|Crail|null|null"));
}

TEST_F(PostgresAddTest, WhatHangsOnTheTableStays) {
  here_.execute("create view map.north as select name from map.town where north > 56");
  here_.execute("create table map.road(town int references map.town)");
  here_.execute("insert into map.road values (1)");
  publish("from (values (1, 2::double, 57::double)) t(id, east, north)");
  carry();
  EXPECT_THAT(there("select name from map.north"), ElementsAre("Arbroath"));
}

TEST_F(PostgresAddTest, TwoSinksAddToOneTable) {
  publish("from (values (1, 2::double)) t(id, east)");
  carry();
  config_.name = "norths";
  publish("from (values (1, 57::double)) t(id, north)");
  carry();
  EXPECT_EQ(towns()[0], "1|Arbroath|2|57");
  EXPECT_THAT(there("select target from dwh.lochan_mark order by 1"),
              ElementsAre(R"("map"."town"."dwh")", R"("map"."town"."norths")"));
}

TEST_F(PostgresAddTest, WhatIsNotThereIsTold) {
  publish("from (values (1, 2::double)) t(id, easst)");
  EXPECT_EQ(error([&] { carry(); }), "not_found: `\"map\".\"town\"` has no column `easst` to set (did you mean `east`?)");
  table_.to = "map.village";
  EXPECT_EQ(error([&] { carry(); }),
            "not_found: `\"map\".\"village\"` isn't there, and `fields: add` makes no table (make it there, or remove `fields`)");
}

TEST_F(PostgresSinkTest, LongNamesAreRefusedNotCut) {
  publish(fmt::format("select 1 as {}", std::string(64, 'c')));
  EXPECT_THAT(error([&] { carry(); }), HasSubstr("has a longer name than PostgreSQL allows: 63 bytes (give it a shorter one"));
}

TEST_F(PostgresSinkTest, NulByteIsToldWithItsRow) {
  key("id");
  publish("select 7 as id, 'a' || chr(0) || 'b' as what");
  EXPECT_EQ(error([&] { carry(); }),
            "data: column `what` of `mart.sale` holds a NUL byte, which PostgreSQL has not, where id = 7 "
            "(take it out in a model: `replace(what, chr(0), '')`)");
  EXPECT_THAT(there("select to_regclass('dwh.sale')"), ElementsAre("null"));
}

TEST_F(PostgresSinkTest, KeyThatNamesTwoRowsIsAnError) {
  key("id");
  publish("from (values (1, 'a')) t(id, what)");
  carry();
  publish("from (values (1, 'b'), (1, 'c')) t(id, what)");
  EXPECT_EQ(error([&] { carry(); }),
            "data: connection `dwh`: ON CONFLICT DO UPDATE command cannot affect row a second time (Ensure that no rows proposed "
            "for insertion within the same command have duplicate constrained values.)");
  EXPECT_THAT(there("select what from dwh.sale"), ElementsAre("a"));
}

TEST_F(PostgresSinkTest, KeyOfNoColumnIsToldWithTheNearest) {
  key("idd");
  publish_two();
  EXPECT_EQ(error([&] { carry(); }), "data: no column `idd` in `mart.sale` (did you mean `id`?)");
}

TEST_F(PostgresSinkTest, TypeThatCantBeWidenedIsAnError) {
  key("id");
  publish("select 1 as id, 'a' as what");
  carry();
  publish("select 1 as id, 5 as what");
  EXPECT_EQ(error([&] { carry(); }),
            "data: column `what` of `\"dwh\".\"sale\"` is `text` there, and `integer` is to be written to it "
            "(drop the table there: the next run makes it anew)");
}

TEST_F(PostgresSinkTest, AnotherKeyIsTheNewPrimaryKey) {
  key("id");
  publish_two();
  carry();
  key("what");
  publish("select 9 as id, what, price from memory.main.sale_1");
  carry();
  EXPECT_THAT(there("select id, what from dwh.sale order by 2"), ElementsAre("9|fig", "9|mango"));
  EXPECT_THAT(indexes(), ElementsAre("CREATE UNIQUE INDEX sale_pkey ON dwh.sale USING btree (what)"));
}

TEST_F(PostgresSinkTest, MissingRightsAreToldWithWhatToDo) {
  here_.execute("do $$ begin create role loader login; exception when duplicate_object then null; end $$");
  const auto user = connection_.location.find("postgres@");
  connection_.location.replace(user, 8, "loader");
  publish_two();
  EXPECT_THAT(error([&] { carry(); }),
              testing::AllOf(HasSubstr("permission denied for database"), HasSubstr("needs its own schema")));
  here_.execute("create schema dwh authorization loader");
  EXPECT_EQ(carry().rows_written, 2);
}

TEST_F(PostgresSinkTest, RoleThatIsNotThereIsTold) {
  table_.grants = {{"nobody_at_all", {}}};
  publish_two();
  EXPECT_THAT(error([&] { carry(); }), HasSubstr("role \"nobody_at_all\" does not exist"));
}

TEST_F(PostgresSinkTest, ServerThatIsAwayMayBeTriedAgain) {
  connection_.location = "postgresql://postgres@127.0.0.1:1/none";
  publish_two();
  EXPECT_THAT(error([&] { carry(); }), testing::StartsWith("unavailable: connection `dwh`: connection to server"));
}

TEST_F(PostgresSinkTest, LostAnswerToTheCommitIsLookedUpByTheSameSink) {
  key("id");
  publish_two();
  carry();
  change("insert into SALE values (3, 'kiwi', 1); delete from SALE where id = 1");
  // The commit itself fails to answer: the server ends the connection as its last act.
  here_.execute("create function gone() returns trigger language plpgsql as "
                "'begin perform pg_terminate_backend(pg_backend_pid()); return null; end'; "
                "create constraint trigger gone after insert on dwh.sale deferrable initially deferred for each row execute "
                "function gone()");
  const auto sink = make_sink(connection_);
  EXPECT_THAT(error([&] { CarryFixture::carry(*sink); }), testing::StartsWith("commit_unknown"));
  here_.execute("drop trigger gone on dwh.sale");
  const CarriedTable carried = CarryFixture::carry(*sink);
  EXPECT_EQ(carried.rows_written, 1);
  EXPECT_EQ(carried.rows_removed, 1);
  EXPECT_EQ(there("select id from dwh.sale order by id"), lake_rows("id"));
}

TEST_F(PostgresSinkTest, LogIsReadOnByItsLoadTime) {
  table_.write = SinkWrite::Append;
  loaded_at_ = "2026-01-01 00:00:00+00";
  publish("select 1 as id, timestamptz '2026-01-01 00:00:00+00' as _loaded_at");
  carry();
  // The publication it has is forgotten: the load's time is enough.
  forgotten_.insert(1);
  loaded_at_ = "2026-01-02 00:00:00+00";
  publish("select id, _loaded_at from memory.main.sale_1 union all select 2, timestamptz '2026-01-02 00:00:00+00'");
  const auto identity = there("select 'dwh.sale'::regclass::oid");
  EXPECT_EQ(carry().rows_written, 1);
  EXPECT_EQ(there("select 'dwh.sale'::regclass::oid"), identity);
  // A log that was loaded anew is another one.
  loaded_at_ = "2026-01-03 00:00:00+00";
  publish("select 2 as id, timestamptz '2026-01-03 00:00:00+00' as _loaded_at");
  carry();
  EXPECT_THAT(there("select id from dwh.sale"), ElementsAre("2"));
}

}  // namespace
}  // namespace lochan
