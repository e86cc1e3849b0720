// What values of MySQL become, and what is said of a server that refuses, is away or goes away.
#include <gmock/gmock.h>

#include <thread>

#include "tests/source/load_lake.h"
#include "tests/support/mysql_server.h"
#include "tests/support/proxy.h"

namespace lochan {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

class MysqlTest : public LoadLake {
 protected:
  MysqlTest() : LoadLake({{"raw", "sale"}}) { read_.name = read_.from = "sale"; }

  Connection connection(const std::string& url) const {
    Connection connection;
    connection.name = "shop";
    connection.kind = "mysql";
    connection.url = connection.location = url;
    return connection;
  }
  LoadedTable load(const std::string& url) {
    const Connection from = connection(url);
    const auto source = make_source(from);
    return LoadLake::load(*source, from, {&read_}).front();
  }
  LoadedTable load() { return load(shop_.url()); }
  std::string load_error(const std::string& url) {
    return error([&] { load(url); });
  }
  std::string load_error() { return load_error(shop_.url()); }
  void shop(const std::string& sql) const { shop_.execute(sql); }
  std::map<std::string, std::string> types() const {
    std::map<std::string, std::string> types;
    const auto made = find({"raw", "sale"});
    if (made)
      for (const Column& column : made->columns) types[column.name] = column.type;
    return types;
  }
  std::string as_user(const std::string& user) const {
    std::string url = shop_.url();
    return url.replace(url.find("root"), 4, user);
  }

  const MysqlDatabase shop_;
  SourceTable read_;
};

struct TypeCase {
  const char* declared;
  const char* value;     // for the server
  const char* type;      // in the lake
  const char* expected;  // there, as text
};

constexpr TypeCase kTypes[] = {
    {"tinyint", "-128", "INTEGER", "-128"},
    {"tinyint(1)", "7", "INTEGER", "7"},
    {"tinyint unsigned", "255", "INTEGER", "255"},
    {"smallint unsigned", "65535", "INTEGER", "65535"},
    {"mediumint unsigned", "16777215", "INTEGER", "16777215"},
    {"int", "-2147483648", "INTEGER", "-2147483648"},
    {"int unsigned", "4294967295", "BIGINT", "4294967295"},
    {"int(5) unsigned zerofill", "42", "BIGINT", "42"},
    {"bigint", "-9223372036854775808", "BIGINT", "-9223372036854775808"},
    {"bigint unsigned", "18446744073709551615", "DECIMAL(20,0)", "18446744073709551615"},
    {"decimal(4,2)", "-12.34", "DECIMAL(4,2)", "-12.34"},
    {"decimal(9,0)", "999999999", "DECIMAL(9,0)", "999999999"},
    {"decimal(18,18)", "-0.123456789012345678", "DECIMAL(18,18)", "-.123456789012345678"},
    {"decimal(38,10)", "1234567890123456789012345678.0123456789", "DECIMAL(38,10)",
     "1234567890123456789012345678.0123456789"},
    {"decimal(65,30)", "12345678901234567890123456789012345.123456789012345678901234567890", "VARCHAR",
     "12345678901234567890123456789012345.123456789012345678901234567890"},
    {"float", "16777215", "FLOAT", "16777215.0"},
    {"float", "0.1", "FLOAT", "0.1"},
    {"float", "1.17549435e-38", "FLOAT", "1.1754944e-38"},
    {"double", "0.1e0 + 0.2e0", "DOUBLE", "0.30000000000000004"},
    {"double", "2.2250738585072014e-308", "DOUBLE", "2.2250738585072014e-308"},
    {"double(10,2)", "12345678.91", "DOUBLE", "12345678.91"},
    {"bit(1)", "b'1'", "BOOLEAN", "true"},
    {"bit(10)", "b'1000000001'", "BIGINT", "513"},
    {"bit(64)", "~0", "DECIMAL(20,0)", "18446744073709551615"},
    {"boolean", "true", "INTEGER", "1"},
    {"date", "'2026-02-28'", "DATE", "2026-02-28"},
    {"date", "'1000-01-01'", "DATE", "1000-01-01"},
    {"date", "'9999-12-31'", "DATE", "9999-12-31"},
    {"datetime", "'2026-11-20 23:59:59'", "TIMESTAMP", "2026-11-20 23:59:59"},
    {"datetime(6)", "'1066-10-14 09:00:00.000001'", "TIMESTAMP", "1066-10-14 09:00:00.000001"},
    {"timestamp(3) null", "'2026-07-01 12:00:00.125'", "TIMESTAMP WITH TIME ZONE", "2026-07-01 10:00:00.125+00"},
    {"time", "'-838:59:59'", "VARCHAR", "-838:59:59"},
    {"time(6)", "'27:00:00.000001'", "VARCHAR", "27:00:00.000001"},
    {"year", "2026", "INTEGER", "2026"},
    {"char(10)", "'péar'", "VARCHAR", "péar"},
    {"varchar(20) character set latin1", "'Süßkirsche'", "VARCHAR", "Süßkirsche"},
    {"text character set utf8mb4", "'🍐 日本'", "VARCHAR", "🍐 日本"},
    {"binary(3)", "x'00ff'", "BLOB", "\\x00\\xFF\\x00"},
    {"varbinary(10)", "x'00276e'", "BLOB", "\\x00\\x27n"},
    {"longblob", "''", "BLOB", ""},
    {"enum('red','it''s')", "'it''s'", "VARCHAR", "it's"},
    {"set('a','b','c')", "'a,c'", "VARCHAR", "a,c"},
    {"json", "'{\"a\": [1, 2.50]}'", "VARCHAR", "{\"a\": [1, 2.50]}"},
    {"point", "st_geomfromtext('POINT(1 2)', 0)", "BLOB",
     "\\x00\\x00\\x00\\x00\\x01\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\xF0?"
     "\\x00\\x00\\x00\\x00\\x00\\x00\\x00@"},
    {"uuid", "'123e4567-e89b-12d3-a456-426655440000'", "UUID", "123e4567-e89b-12d3-a456-426655440000"},
    {"inet6", "'2001:db8::ff00:42:8329'", "VARCHAR", "2001:db8::ff00:42:8329"},
    {"int as (1 + 1) virtual", "default", "INTEGER", "2"},
    {"varchar(5) invisible", "'there'", "VARCHAR", "there"},
};

TEST_F(MysqlTest, CarriesEachTypeOverAsItself) {
  std::string columns = "id int primary key", values = "1", empty = "2";
  int number = 0;
  for (const TypeCase& type : kTypes) {
    const std::string name = fmt::format("c{}", number++);
    columns += fmt::format(", {} {}", name, type.declared);
    values += fmt::format(", {}", type.value);
    empty += std::string_view(type.value) == "default" ? ", default" : ", null";
  }
  MysqlConnection writer(shop_.url(), "writer");
  writer.execute(fmt::format("create table sale ({})", columns));
  writer.execute("set time_zone = '+02:00'");
  std::string names = "id";
  for (int i = 0; i < number; ++i) names += fmt::format(", c{}", i);
  writer.execute(fmt::format("insert into sale ({}) values ({}), ({})", names, values, empty));
  load();
  const auto arrived = types();
  for (int i = 0; i < number; ++i) {
    const TypeCase& type = kTypes[i];
    EXPECT_EQ(arrived.at(fmt::format("c{}", i)), type.type) << type.declared;
    EXPECT_THAT(rows(fmt::format("select c{}::varchar from LAKE.raw.sale where id = 1", i)), ElementsAre(type.expected))
        << type.declared;
    if (std::string_view(type.value) != "default") {
      EXPECT_EQ(count(fmt::format("select count(*) from LAKE.raw.sale where c{} is null", i)), 1) << type.declared;
    }
  }
  EXPECT_EQ(load().rows_written, 0);
}

TEST_F(MysqlTest, ADateThatIsNoneIsRefusedOrComesAsText) {
  shop("create table sale (id int primary key, paid_at datetime, day date)");
  shop("insert into sale values (1, '0000-00-00 00:00:00', '2026-11-00')");
  EXPECT_EQ(load_error(),
            "data: connection `shop`: column `paid_at` of `sale` holds `0000-00-00 00:00:00`, which is no TIMESTAMP "
            "(correct the value at the "
            "source, or let the column come as the server writes it: `columns: { paid_at: VARCHAR }`)");
  read_.options["columns"] = R"({"paid_at": "VARCHAR", "day": "VARCHAR"})";
  load();
  EXPECT_THAT(rows("select paid_at, day from LAKE.raw.sale"), ElementsAre("0000-00-00 00:00:00|2026-11-00"));
}

TEST_F(MysqlTest, CursorsOfEachKindFindWhatIsNew) {
  struct Case {
    const char* declared;
    const char* first;
    const char* second;
  };
  for (const Case& cursor :
       {Case{"bigint unsigned", "18446744073709551614", "18446744073709551615"},
        Case{"decimal(30,10)", "12345678901234567890.0000000001", "12345678901234567890.0000000002"},
        Case{"float", "16777214", "16777215"}, Case{"double", "0.1", "0.10000000000000002"},
        Case{"date", "'2026-11-19'", "'2026-11-20'"},
        Case{"timestamp(6)", "'2026-11-20 10:00:00.000001'", "'2026-11-20 10:00:00.000002'"},
        Case{"year", "2025", "2026"}, Case{"varchar(20)", "'a''\\\\b'", "'a''\\\\c'"}}) {
    shop("drop table if exists sale");
    shop(fmt::format("create table sale (id int primary key, cursor_column {})", cursor.declared));
    shop(fmt::format("insert into sale values (1, {})", cursor.first));
    const Connection from = connection(shop_.url());
    read_.load = LoadMode::Incremental;
    read_.cursor = LocatedText{"CURSOR_column", {}};
    const auto source = make_source(from);
    source->open(session());
    Extract extract = source->extract(session(), read_, {});
    EXPECT_EQ(session().query(fmt::format("select count(*) from ({})", extract.select)).integer(), 1)
        << cursor.declared;
    source->close(session());
    shop(fmt::format("insert into sale values (2, {}), (3, {})", cursor.first, cursor.second));
    shop("delete from sale where id = 1");
    source->open(session());
    extract = source->extract(session(), read_, extract.reached);
    EXPECT_EQ(session().query(fmt::format("select group_concat(id order by id) from ({})", extract.select)).rows[0][0],
              "2,3")
        << cursor.declared;
    extract = source->extract(session(), read_, extract.reached);
    EXPECT_EQ(session().query(fmt::format("select group_concat(id) from ({})", extract.select)).rows[0][0], "3")
        << cursor.declared;
    source->close(session());
  }
}

TEST_F(MysqlTest, ReadsViewsAndTablesOfOtherDatabases) {
  const MysqlDatabase other;
  other.execute("create table sale (id int primary key, what varchar(10) comment 'of fruit', index (what), unique index two (what, id)) comment 'the till'");
  other.execute("insert into sale values (1, 'pear')");
  shop("create view cheap as select id + 1 as id from " + other.name() + ".sale");
  read_.from = other.name() + ".sale";
  load();
  EXPECT_THAT(rows("select id, what from LAKE.raw.sale"), ElementsAre("1|pear"));
  const auto source = make_source(connection(other.url()));
  ASSERT_EQ(source->discover().size(), 1U);
  const Stream sale = source->discover()[0];
  EXPECT_THAT(sale.indexes, ElementsAre("two unique (what, id)", "what (what)"));
  EXPECT_EQ(sale.description, "the till");
  EXPECT_THAT(sale.descriptions, ElementsAre(testing::Pair("what", "of fruit")));
  read_.from = "cheap";
  SourceTable view = read_;
  EXPECT_EQ(make_source(connection(shop_.url()))->describe(view, {}).columns.at(0).name, "id");
}

TEST_F(MysqlTest, SaysWhatTheServerRefuses) {
  shop("create table sale (id int primary key)");
  shop("create user if not exists 'anna'@'127.0.0.1' identified by 'secret word'");
  EXPECT_THAT(load_error(as_user("anna:wrong")),
              AllOf(StartsWith("data: connection `shop`: access denied for user 'anna'"),
                    HasSubstr("check the user and the password")));
  EXPECT_THAT(load_error(as_user("anna:secret%20word")),
              AllOf(StartsWith("data: connection `shop`: access denied for user 'anna'"), HasSubstr("grant")));
  EXPECT_THAT(load_error(shop_.url() + "_not_there"),
              AllOf(StartsWith("data: connection `shop`: unknown database"), HasSubstr("check the database's name")));
  shop("grant insert on sale to 'anna'@'127.0.0.1'");
  EXPECT_THAT(load_error(as_user("anna:secret%20word")), AllOf(StartsWith("data: "), HasSubstr("grant")));
  shop("grant select on sale to 'anna'@'127.0.0.1'");
  load(as_user("anna:secret%20word"));
  shop("drop user 'anna'@'127.0.0.1'");
}

TEST_F(MysqlTest, AServerThatIsAwayOrGoesAwayIsUnavailable) {
  EXPECT_THAT(load_error("mysql://root@127.0.0.1:1/shop"),
              StartsWith("unavailable: connection `shop`: can't connect to"));
  EXPECT_THAT(load_error("mysql://root@nowhere.invalid/shop"), StartsWith("unavailable: connection `shop`: "));
  shop("create table sale (id int primary key, what varchar(1000))");
  shop("insert into sale select seq, repeat('x', 1000) from seq_1_to_20000");
  const Proxy proxy(shop_.port());
  proxy.cut_after(5'000'000);
  EXPECT_THAT(load_error(proxy.through(shop_.url())),
              StartsWith("unavailable: connection `shop`: lost connection to server"));
  EXPECT_FALSE(find({"raw", "sale"}));
  proxy.restore();
  EXPECT_EQ(load(proxy.through(shop_.url())).rows_written, 20'000);
}

TEST_F(MysqlTest, TlsIsAsTheUrlSays) {
  const auto cipher = [&](const std::string& options) {
    return MysqlConnection(shop_.url() + "?" + options, "shop")
        .query("show session status like 'ssl_cipher'")
        .rows.at(0)
        .at(1)
        .value_or("");
  };
  EXPECT_EQ(cipher("ssl-mode=disabled"), "");
  EXPECT_NE(cipher(""), "");
  EXPECT_NE(cipher("ssl-mode=required"), "");
  EXPECT_NE(cipher("ssl-mode=verify-identity&ssl-ca=" + MysqlDatabase::certificate()), "");
  EXPECT_THAT(load_error(shop_.url() + "?ssl-mode=verify-identity"),
              AllOf(StartsWith("data: connection `shop`: "), HasSubstr("check `ssl-mode` and `ssl-ca`")));
}

TEST_F(MysqlTest, AStopEndsWhatTheServerDoes) {
  shop("create view sale as select sleep(30) as nap");
  std::jthread stopper([this] {
    MysqlConnection other(shop_.url(), "other");
    while (
        other.query("select 1 from information_schema.processlist where info like '%`nap`%' and id <> connection_id()")
            .empty())
      std::this_thread::sleep_for(std::chrono::milliseconds{20});
    session().interrupt();
  });
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(load_error(), "unavailable: interrupted");
  stopper.join();
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds{10});
  MysqlConnection other(shop_.url(), "other");
  std::this_thread::sleep_for(std::chrono::milliseconds{200});
  EXPECT_TRUE(
      other.query("select 1 from information_schema.processlist where info like '%`nap`%' and id <> connection_id()")
          .empty());
}

// What reads a few rows leaves the connection, and its snapshot, usable for the next table.
TEST_F(MysqlTest, RowsThatNobodyWantsAreNotSent) {
  shop("create table sale (id int primary key, what varchar(1000))");
  shop("insert into sale select seq, repeat('x', 1000) from seq_1_to_20000");
  const auto source = make_source(connection(shop_.url()));
  source->open(session());
  shop("delete from sale where id > 10");
  const Extract some = source->extract(session(), read_, {});
  EXPECT_EQ(session().query(fmt::format("select id from ({}) limit 3", some.select)).rows.size(), 3U);
  const Extract all = source->extract(session(), read_, {});
  EXPECT_EQ(session().query(fmt::format("select count(*) from ({})", all.select)).integer(), 20'000);
  source->close(session());
}

}  // namespace
}  // namespace lochan
