// Every type of PostgreSQL arrives as itself, or as the text that the server writes: compared value by value with what the
// server itself answers.
#include <gmock/gmock.h>

#include <random>

#include "tests/source/postgres_fixture.h"

namespace lochan {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Case {
  std::string type;
  std::string lake_type;
  std::vector<std::string> values;
  // How both sides write a value so that equal values have equal texts: `$` is the column. "": as text; FLOAT: by its bits.
  std::string on_server{};
  std::string in_lake{};
};

const std::string kEpochServer = "(extract(epoch from $) * 1000000)::numeric(40,0)::text";
// The engine leaves out a zero before the point.
const std::string kZero = "regexp_replace($::varchar, '^(-?)[.]', '\\10.')";
const std::string kDays = "($ - date '1970-01-01')";

std::vector<Case> cases() {
  return {
      {"boolean", "BOOLEAN", {"true", "false"}},
      {"smallint", "INTEGER", {"-32768", "32767"}},
      {"integer", "INTEGER", {"-2147483648", "2147483647", "0"}},
      {"bigint", "BIGINT", {"-9223372036854775808", "9223372036854775807"}},
      {"oid", "BIGINT", {"4294967295", "0"}},
      {"real", "FLOAT", {"0.1", "3.4e38", "NaN", "Infinity", "-Infinity", "1e-45"}, "FLOAT"},
      {"double precision", "DOUBLE", {"0.1", "1.7976931348623157e308", "NaN", "Infinity", "5e-324", "-0"}, "FLOAT"},
      {"numeric(4,2)", "DECIMAL(4,2)", {"12.34", "-99.99", "0", "0.01"}},
      {"numeric(9)", "DECIMAL(9,0)", {"999999999", "-1", "10000"}},
      {"numeric(18,9)", "DECIMAL(18,9)", {"999999999.999999999", "-0.000000001", "100000000"}},
      {"numeric(38,10)", "DECIMAL(38,10)", {"9999999999999999999999999999.9999999999", "-0.0000000001"}},
      {"numeric(38,38)", "DECIMAL(38,38)", {"0.99999999999999999999999999999999999999", "-0.00000000000000000000000000000000000001"}, "", kZero},
      {"numeric(3,5)", "DECIMAL(5,5)", {"0.00123", "-0.00999"}, "", kZero},
      {"numeric(2,-3)", "DECIMAL(5,0)", {"99000", "-1000"}},
      {"numeric", "VARCHAR", {"NaN", "Infinity", "-Infinity", "0.1", "1e-30", "123456789012345678901234567890123456789012345678.125", "1.10"}},
      {"numeric(40,2)", "VARCHAR", {"12345678901234567890123456789012345678.91", "NaN"}},
      {"money", "VARCHAR", {"12.5", "-92233720368547758.08"}},
      {"text", "VARCHAR", {"", "péar 🍐", "a\"b'c\\d\n\t|", "null", "NULL"}},
      {"varchar(5)", "VARCHAR", {"ab", "a b  "}},
      {"char(5)", "VARCHAR", {"ab", ""}, "case when $ is not null then format('<%s>', $) end", "'<' || $ || '>'"},
      {"name", "VARCHAR", {"a name"}},
      {"\"char\"", "VARCHAR", {"x", ""}},
      {"bytea", "BLOB", {"\\x", "\\x00ff27", "\\x5c78"}, "encode($, 'hex')", "lower(hex($))"},
      {"date", "DATE", {"2026-11-21", "0001-01-01", "4713-01-01 BC", "5874897-12-31", "0044-03-15 BC"}, kDays + "::text", kDays + "::varchar"},
      {"time", "TIME", {"00:00:00", "23:59:59.999999"}, "(extract(epoch from $) * 1000000)::bigint::text", "epoch_us($)::varchar"},
      {"time(3)", "TIME", {"12:34:56.789"}, "(extract(epoch from $) * 1000000)::bigint::text", "epoch_us($)::varchar"},
      {"timetz", "VARCHAR", {"12:34:56.789012+05:30", "24:00:00-12"}},
      {"timestamp", "TIMESTAMP", {"2026-11-21 10:00:00.000001", "0044-03-15 12:00 BC", "294246-12-31 23:59:59.999999"}, kEpochServer, "epoch_us($)::varchar"},
      {"timestamptz", "TIMESTAMP WITH TIME ZONE", {"2026-11-21 10:00:00.123456+05:30", "4713-01-02 BC", "12026-01-01"}, kEpochServer, "epoch_us($)::varchar"},
      {"interval", "VARCHAR", {"1 year 2 mons -3 days 04:05:06.000001", "-178000000 years", "0"}},
      {"interval day to second(0)", "VARCHAR", {"1 day 02:03:04"}},
      {"uuid", "UUID", {"00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"}},
      {"json", "VARCHAR", {"{\"a\":  [1, null], \"a\": 2}", "null"}},
      {"jsonb", "VARCHAR", {"{\"b\": 1.10, \"a\": \"é\"}"}},
      {"jsonpath", "VARCHAR", {"$.a[*]"}},
      {"xml", "VARCHAR", {"<a>1</a>"}},
      {"int[]", "VARCHAR", {"{1,NULL,3}", "{{1,2},{3,4}}", "[2:3]={7,8}", "{}"}},
      {"text[]", "VARCHAR", {"{a,\"b c\",\"\",NULL,\"NULL\",\"x\\\"y\"}"}},
      {"timestamptz[]", "VARCHAR", {"{\"2026-11-21 10:00:00+01\",infinity}"}},
      {"inet", "VARCHAR", {"192.168.0.1/24", "::1"}},
      {"cidr", "VARCHAR", {"10.0.0.0/8"}},
      {"macaddr", "VARCHAR", {"08:00:2b:01:02:03"}},
      {"macaddr8", "VARCHAR", {"08:00:2b:01:02:03:04:05"}},
      {"bit(4)", "VARCHAR", {"0101"}},
      {"varbit", "VARCHAR", {"", "10101"}},
      {"int4range", "VARCHAR", {"[1,5)", "empty", "(,)"}},
      {"tstzrange", "VARCHAR", {"[2026-01-01,infinity]"}},
      {"int4multirange", "VARCHAR", {"{[1,3),[5,6)}"}},
      {"tsvector", "VARCHAR", {"a:1 b:2A"}},
      {"tsquery", "VARCHAR", {"a & !b"}},
      {"point", "VARCHAR", {"(1.5,-2)"}},
      {"box", "VARCHAR", {"(1,1),(0,0)"}},
      {"path", "VARCHAR", {"((0,0),(1,1))"}},
      {"circle", "VARCHAR", {"<(0,0),1>"}},
      {"pg_lsn", "VARCHAR", {"16/B374D848"}},
      {"xid8", "VARCHAR", {"18446744073709551615"}},
      {"regclass", "VARCHAR", {"pg_class"}},
      {"mood", "VARCHAR", {"sad", "so so"}},
      {"positive", "DECIMAL(10,2)", {"1.50"}},
      {"more_positive", "DECIMAL(10,2)", {"2.50"}},
      {"words", "VARCHAR", {"{a,b}"}},
      {"place", "VARCHAR", {"(\"High St, 1\",5,)"}},
      {"place[]", "VARCHAR", {"{\"(a,1,)\"}"}},
      {"citext", "VARCHAR", {"MiXed"}},
      {"hstore", "VARCHAR", {"\"a\"=>\"1\", \"b\"=>NULL"}},
  };
}

std::string in_place_of(std::string text, const std::string& column) {
  for (std::size_t at = text.find('$'); at != std::string::npos; at = text.find('$', at + column.size())) text.replace(at, 1, column);
  return text;
}

// A float's bits, so that two texts of one number are equal.
std::vector<std::string> bits(std::vector<std::string> texts, bool is_double) {
  for (std::string& text : texts) {
    if (text == "null") continue;
    const double value = std::strtod(text.c_str(), nullptr);
    text = is_double ? fmt::format("{:a}", value) : fmt::format("{:a}", std::strtof(text.c_str(), nullptr));
  }
  return texts;
}

class PostgresTypesTest : public PostgresFixture {
 protected:
  void SetUp() override {
    server("create type mood as enum ('sad', 'so so'); create domain positive as numeric(10,2) check (value > 0);"
           "create domain more_positive as positive; create domain words as text[]; create type place as (street text, number int, x json);"
           "create extension if not exists citext; create extension if not exists hstore");
  }
};

TEST_F(PostgresTypesTest, EachValueIsWhatTheServerPrints) {
  const std::vector<Case> types = cases();
  std::string columns;
  std::size_t height = 0;
  for (const Case& type : types) height = std::max(height, type.values.size());
  for (std::size_t i = 0; i < types.size(); ++i) columns += fmt::format(", \"c {}\" {}", i, types[i].type);
  server(fmt::format("create table sale(id integer primary key{})", columns));
  for (std::size_t row = 0; row <= height; ++row) {
    std::string values = std::to_string(row);
    for (const Case& type : types)
      values += row < type.values.size() ? fmt::format(", {}::{}", sql::literal(type.values[row]), type.type) : ", null";
    server(fmt::format("insert into sale values ({})", values));
  }
  key("id");
  EXPECT_EQ(load().rows_written, static_cast<std::int64_t>(height + 1));
  const std::optional<Entry> entry = find(kRawSale);
  for (std::size_t i = 0; i < types.size(); ++i) {
    const std::string column = fmt::format("\"c {}\"", i);
    EXPECT_EQ(entry->columns[i + 1].type, types[i].lake_type) << types[i].type;
    const Case& type = types[i];
    const bool is_float = type.on_server == "FLOAT";
    const std::string on_server = type.on_server.empty() || is_float ? "$::text" : type.on_server;
    const std::string in_lake = type.in_lake.empty() ? "$::varchar" : type.in_lake;
    std::vector<std::string> expected = server_rows(fmt::format("select {} from sale order by id", in_place_of(on_server, column)));
    std::vector<std::string> found = rows(fmt::format("select {} from LAKE.raw.sale order by id", in_place_of(in_lake, column)));
    if (is_float) {
      expected = bits(expected, type.lake_type == "DOUBLE");
      found = bits(found, type.lake_type == "DOUBLE");
    }
    EXPECT_EQ(found, expected) << type.type;
  }
  EXPECT_EQ(load().rows_written, 0);
}

// A seed makes the same numbers again.
TEST_F(PostgresTypesTest, NumbersOfAnyPrecisionAreExact) {
  for (unsigned seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    std::mt19937 random(seed);
    const int precision = std::uniform_int_distribution<int>(1, 38)(random);
    const int scale = std::uniform_int_distribution<int>(0, precision)(random);
    server(fmt::format("drop table if exists sale; create table sale(id integer, n numeric({}, {}))", precision, scale));
    for (int id = 0; id < 40; ++id) {
      std::string digits;
      for (int i = std::uniform_int_distribution<int>(1, precision)(random); i > 0; --i)
        digits += static_cast<char>('0' + std::uniform_int_distribution<int>(0, 9)(random));
      server(fmt::format("insert into sale values ({}, {}{}::numeric / power(10::numeric, {}))", id, id % 2 == 0 ? "-" : "", digits, scale));
    }
    const auto source = make_source(connection());
    source->open(session());
    const Extract extract = source->extract(session(), table_, {});
    EXPECT_EQ(rows(fmt::format("select {} from ({}) order by id", in_place_of(kZero, "n"), extract.select)), server_rows("select n::text from sale order by id"));
    source->close(session());
  }
}

TEST_F(PostgresTypesTest, WhatTheLakesTypeCannotHoldIsSaid) {
  const std::vector<std::pair<std::string, std::string>> refused = {
      {"numeric(5,2)", "NaN"}, {"date", "infinity"}, {"timestamp", "-infinity"}, {"timestamptz", "infinity"}};
  for (const auto& [type, value] : refused) {
    server(fmt::format("drop table if exists sale; create table sale(v {0}); insert into sale values ('{1}'::{0})", type, value));
    EXPECT_THAT(load_error(), HasSubstr(fmt::format("holds `{}`", value))) << type;
    EXPECT_THAT(load_error(), HasSubstr("write `columns: { v: VARCHAR }`")) << type;
  }
}

TEST_F(PostgresTypesTest, AColumnComesAsTextWhereTheProjectSaysSo) {
  server("create table sale(id int, valid_to timestamptz); insert into sale values (1, 'infinity'), (2, '2026-11-21 10:00:00.5')");
  table_.options["columns"] = R"({"valid_to": "VARCHAR"})";
  load();
  EXPECT_THAT(rows("select valid_to from LAKE.raw.sale order by id"), ElementsAre("infinity", "2026-11-21 10:00:00.5+00"));
  table_.options["columns"] = R"({"valid_too": "VARCHAR"})";
  EXPECT_THAT(load_error(), HasSubstr("no column `valid_too` in `sale` for `columns` (did you mean `valid_to`?)"));
}

TEST_F(PostgresTypesTest, NamesMayBeAnything) {
  const std::string longest(63, 'x');
  server(fmt::format("create schema \"My Shop.1\"; create table \"My Shop.1\".\"Sålé \"\"x\"\" 🍐\"(\"ID\" int, \"select\" int, \"a b\" int, \"ü'\"\"\" int, {} int);"
                     "insert into \"My Shop.1\".\"Sålé \"\"x\"\" 🍐\" values (1, 2, 3, 4, 5)",
                     longest));
  for (const char* from : {"My Shop.1.Sålé \"x\" 🍐", "\"My Shop.1\".\"Sålé \"\"x\"\" 🍐\""}) {
    table_.from = from;
    const auto source = make_source(connection());
    source->open(session());
    const Extract extract = source->extract(session(), table_, {});
    EXPECT_THAT(rows(extract.select), ElementsAre("1|2|3|4|5")) << from;
    EXPECT_THAT(session().describe(extract.select).at(3).name, "ü'\"");
    source->close(session());
  }
  load();
  EXPECT_THAT(rows("select \"ID\", \"select\", \"a b\", " + longest + " from LAKE.raw.sale"), ElementsAre("1|2|3|5"));
}

TEST_F(PostgresTypesTest, ANameOfOursIsRefused) {
  server("create table sale(id int, _source text)");
  EXPECT_EQ(load_error(), "data: `sale` has a column `_source`, a name that every raw table uses itself (read it through a view that names "
                          "the column otherwise)");
}

}  // namespace
}  // namespace lochan
