#include "engine/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <thread>

#include "engine/engine.h"

namespace lochan {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class SessionTest : public testing::Test {
 protected:
  std::string value(std::string_view sql, const Parameters& parameters = {}) {
    const Rows rows = session_->query(sql, parameters);
    return rows.rows.at(0).at(0).value_or("(null)");
  }
  Error error(std::string_view sql, const Parameters& parameters = {}) {
    try {
      session_->query(sql, parameters);
    } catch (const Error& caught) {
      return caught;
    }
    return Error(ErrorKind::Internal, "nothing was thrown");
  }

  Engine engine_{EngineOptions{.threads = 2}};
  std::unique_ptr<Session> session_ = engine_.open_session();
};

TEST_F(SessionTest, CountsRowsWrittenByTheLastStatement) {
  EXPECT_EQ(session_->execute("create temp table t as select * from range(7) r(i); insert into t values (8), (9)"), 2);
  EXPECT_EQ(session_->execute("create temp table u as select * from t"), 9);
  EXPECT_EQ(session_->execute("update t set i = i + 1 where i > 7"), 2);
  EXPECT_EQ(session_->execute("delete from t where i < 3"), 3);
  EXPECT_EQ(session_->execute("drop table u"), 0);
  EXPECT_EQ(session_->query("select count(*) from t").integer(), 6);
}

TEST_F(SessionTest, RendersEachTypeAsDuckDbCastsIt) {
  const std::vector<std::string> expressions = {
      "null",
      "true",
      "(-5)::tinyint",
      "200::utinyint",
      "(-32768)::smallint",
      "65535::usmallint",
      "4294967295::uinteger",
      "9223372036854775807",
      "18446744073709551615::ubigint",
      "-170141183460469231731687303715884105727::hugeint",
      "340282366920938463463374607431768211455::uhugeint",
      "-0.05::decimal(4,2)",
      "-12.5::decimal(9,3)",
      "-1234567890.123::decimal(18,3)",
      "-12345678901234567890123456789.012345678::decimal(38,9)",
      "1.5::float",
      "1e300",
      "'nan'::double",
      "'-inf'::double",
      "date '0001-02-03'",
      "date '-infinity'",
      "time '23:59:59.999999'",
      "timetz '12:00:00+05:30'",
      "timestamp '2024-02-29 12:34:56.789'",
      "timestamptz '2024-02-29 12:34:56+02'",
      "timestamp_ns '2024-02-29 12:34:56.123456789'",
      "timestamp_ms '2024-02-29 12:34:56.123'",
      "timestamp_s '2024-02-29 12:34:56'",
      "interval '1 year 2 months 3 days 4 seconds'",
      "uuid '00000000-0000-4000-8000-000000000001'",
      "'\\x00\\xFFab'::blob",
      "'010111'::bit",
      "'żółw'",
      "'{\"a\": [1, null]}'::json",
      "'b'::enum('a', 'b')",
      "[1, null, 3]",
      "[]",
      "['a', 'b, c', null, 'it''s']",
      "[[1], [], null]",
      "[1, 2, 3]::integer[3]",
      "{'a': 1, 'b c': 'x', 'd': null}",
      "{'list': [{'deep': 1.5::decimal(3,1)}], 'when': date '2024-01-01'}",
      "map {'k': 1, 'l': null}",
      "map {1: ['a'], 2: []}",
      "union_value(number := 5)",
  };
  for (const std::string& expression : expressions)
    EXPECT_EQ(value("select " + expression), value("select coalesce((" + expression + ")::varchar, '(null)')"))
        << expression;
}

TEST_F(SessionTest, NamesTypesAsDuckDbWritesThem) {
  session_->execute(
      "create temp table t (a decimal(10,2), b timestamptz, c integer[], d struct(x integer, \"a b\" varchar[]), "
      "e map(varchar, double), f varchar[3], g enum('x', 'it''s'), h union(num integer, str varchar), i json, j "
      "timetz)");
  const Rows described = session_->query("select column_name, column_type from (describe t)");
  const std::vector<Column> columns = session_->describe("select * from t");
  ASSERT_EQ(columns.size(), described.rows.size());
  for (std::size_t at = 0; at < columns.size(); ++at) EXPECT_EQ(columns[at].type, described.rows[at][1]);
}

TEST_F(SessionTest, BindsParametersWhereAStatementNamesThem) {
  const Parameters parameters{{"since", {"TIMESTAMPTZ", "2024-05-01 00:00:00+02"}},
                              {"limit", {"DECIMAL(10,2)", "2.50"}},
                              {"none", {"DATE", std::nullopt}},
                              {"unused", {"INTEGER", "1"}}};
  EXPECT_EQ(value("select timestamp '2024-04-30 23:00:00' > $since", parameters), "true");
  EXPECT_EQ(value("select $limit * 2", parameters), "5.00");
  EXPECT_EQ(value("select typeof($since)", parameters), "TIMESTAMP WITH TIME ZONE");
  EXPECT_EQ(value("select coalesce($none, date '2024-01-01')", parameters), "2024-01-01");
  EXPECT_EQ(value("create temp table t as select $limit as l; select l + $limit from t", parameters), "5.00");
  EXPECT_EQ(value("select '$since'", parameters), "$since");
}

TEST_F(SessionTest, SaysWhichParameterHasNoValueOrABadOne) {
  EXPECT_THAT(error("select $since", {{"limit", {"INTEGER", "1"}}}).message(), HasSubstr("since"));
  const Error bad = error("select $limit", {{"limit", {"INTEGER", "many"}}});
  EXPECT_EQ(bad.kind(), ErrorKind::Data);
  EXPECT_THAT(bad.message(), HasSubstr("many"));
}

TEST_F(SessionTest, DescribesAQueryWithoutRunningIt) {
  EXPECT_THAT(session_->describe("select 1 as a, null as b, error('not run')::date as c"),
              ElementsAre(Column{"a", "INTEGER"}, Column{"b", "INTEGER"}, Column{"c", "DATE"}));
  EXPECT_THAT(session_->describe("select $x as x, $x::varchar as y; ", {{"x", {"DATE", "2024-01-01"}}}),
              ElementsAre(Column{"x", "DATE"}, Column{"y", "VARCHAR"}));
}

TEST_F(SessionTest, TellsErrorsApartByWhatACallerMayDo) {
  session_->execute("create temp table t (i integer primary key); insert into t values (1)");
  const std::vector<std::pair<std::string, ErrorKind>> cases = {
      {"select * from no_such_table", ErrorKind::Data},
      {"select 'x'::integer", ErrorKind::Data},
      {"insert into t values (1)", ErrorKind::Data},
      {"selec 1", ErrorKind::Data},
      {"select * from 'no_such_file.csv'", ErrorKind::Unavailable},
      {"attach '/no/such/folder/x.db'", ErrorKind::Unavailable},
  };
  for (const auto& [sql, kind] : cases) EXPECT_EQ(error(sql).kind(), kind) << sql << ": " << error(sql).what();
}

TEST_F(SessionTest, WritesErrorsInOneLineWithAHint) {
  session_->execute("create temp table sale (customer_id integer)");
  const Error caught = error("select custmer_id\nfrom sale");
  EXPECT_EQ(caught.message(), "no column `custmer_id`");
  EXPECT_EQ(caught.hint(), "did you mean `customer_id`?");
}

TEST_F(SessionTest, RollsBackATransactionThatThrows) {
  session_->execute("create temp table t (i integer)");
  EXPECT_THROW(session_->transaction([&] {
    session_->execute("insert into t values (1)");
    session_->execute("insert into t values ('x')");
  }),
               Error);
  EXPECT_EQ(session_->query("select count(*) from t").integer(), 0);
  session_->transaction([&] { session_->execute("insert into t values (2)"); });
  EXPECT_EQ(session_->transaction([&] { return session_->query("select count(*) from t").integer(); }), 1);
}

TEST_F(SessionTest, NeverCommitsAfterAFailedStatement) {
  session_->execute("create temp table t (i integer)");
  EXPECT_THROW(session_->transaction([&] {
    session_->execute("insert into t values (1)");
    EXPECT_EQ(error("select error('caught')").message(), "caught");
  }),
               Error);
  EXPECT_EQ(session_->query("select count(*) from t").integer(), 0);
}

TEST_F(SessionTest, EndsARunningStatementFromAnotherThread) {
  std::jthread other([&] { session_->interrupt(); });
  // Too long to end by itself, whether the interrupt comes before, in or after its start.
  const Error caught =
      error("select count(*) from range(10000000000) a, range(10000) b where a.range * b.range % 7 = 8");
  EXPECT_EQ(caught.kind(), ErrorKind::Unavailable);
  EXPECT_EQ(caught.message(), "interrupted");
  EXPECT_EQ(error("select 1").message(), "interrupted");
}

TEST_F(SessionTest, NamesTheExtensionThatIsMissing) {
  Engine engine(EngineOptions{.extensions = "/no/such/folder"});
  try {
    engine.open_session()->load_extension("sqlite_scanner");
    FAIL() << "nothing was thrown";
  } catch (const Error& caught) {
    EXPECT_EQ(caught.message(),
              "the engine's extension `sqlite_scanner` is not there: /no/such/folder/sqlite_scanner.duckdb_extension");
    EXPECT_THAT(caught.hint(), HasSubstr("make build"));
  }
}

}  // namespace
}  // namespace lochan
