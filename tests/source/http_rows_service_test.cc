// An API that is asked for each row of a query in PostgreSQL.
#include <gmock/gmock.h>

#include <set>

#include "tests/source/http_load.h"
#include "tests/support/postgres_server.h"

namespace lochan {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

class HttpRowsTest : public HttpLoad {
 protected:
  HttpRowsTest() {
    here_.execute("create table town(id int primary key, name text, east float)");
    here_.execute(
        "insert into town values (1, 'Arbroath', null), (2, 'Brora', null), (3, null, null), (4, 'Crail', 2.5), (5, "
        "'Åse & Fôr', null)");
    here_.execute("create table today(at date)");
    here_.execute("insert into today values ('2026-04-03')");
    Connection database;
    database.name = "map";
    database.kind = "postgres";
    database.location = database.url = database_.url();
    HttpRows rows;
    rows.in.value = "map";
    rows.query.value = "select id, name, at as asked_on from town, today where east is null order by random()";
    rows.once = true;
    rows.connection = std::make_shared<Connection>(database);
    resource_.each_row = rows;
    resource_.path.value = "search";
    resource_.records.value = "";
    resource_.params = {{"name", "{name}"}};
    resource_.from_parent = {{"id", "id"}, {"asked_on", "asked_on"}};
    table_.key = {LocatedText{"id", {}}, LocatedText{"asked_on", {}}};
    table_.load = LoadMode::Full;
    table_.options["columns"] = R"({"asked_on": "DATE", "east": "DOUBLE"})";
    server_ = serve([this](const HttpRequest& request) {
      const std::string name = parse_query(request.query).at("name");
      names_.insert(name);
      HttpResponse response;
      if (is_down_ == name) response.status = 503;
      response.body = name == "Brora" ? R"({"took": 1})" : R"({"took": 1, "east": 2.25})";
      return response;
    });
    url_ = fmt::format("http://127.0.0.1:{}", server_->port());
    settings_.concurrency = 1;
  }
  std::multiset<std::string> take_names() { return std::exchange(names_, {}); }
  std::vector<std::string> asked() {
    return rows(
        "select id || ' ' || asked_on || ' ' || coalesce(east::varchar, 'none') || ' ' || _deleted from LAKE.raw.sale "
        "order by id, asked_on");
  }

  PostgresDatabase database_;
  PostgresConnection here_ = database_.connect();
  std::multiset<std::string> names_;  // one call after the other
  std::string is_down_;
};

TEST_F(HttpRowsTest, EachRowIsAskedForOnce) {
  load();
  EXPECT_THAT(asked(), ElementsAre("1 2026-04-03 2.25 false", "2 2026-04-03 none false", "5 2026-04-03 2.25 false"));
  EXPECT_EQ(take_names().count("Åse & Fôr"), 1);
  const LoadedTable again = load();
  EXPECT_FALSE(again.changed);
  EXPECT_THAT(take_names(), ElementsAre()) << "the table has them";
  here_.execute("update town set east = 2.25 where id <> 2");
  here_.execute("update today set at = '2026-04-04'");
  EXPECT_EQ(load().rows_written, 1);
  EXPECT_THAT(take_names(), ElementsAre("Brora"));
  EXPECT_EQ(asked().size(), 4) << "and what isn't asked for any more is not gone";
}

TEST_F(HttpRowsTest, WithoutOnceAllRowsAreAskedForEachTime) {
  resource_.each_row->once = false;
  load();
  take_names();
  load();
  EXPECT_THAT(take_names(), UnorderedElementsAre("Arbroath", "Brora", "Åse & Fôr"));
}

TEST_F(HttpRowsTest, WhatWasAskedBeforeItBrokeOffIsNotAskedForAgain) {
  is_down_ = "Brora";
  EXPECT_THAT(load_error(), HasSubstr("503"));
  take_names();
  is_down_ = "";
  load();
  EXPECT_THAT(take_names(), UnorderedElementsAre("Brora", "Åse & Fôr"));
  EXPECT_EQ(asked().size(), 3);
}

TEST_F(HttpRowsTest, NoRowIsNoCall) {
  here_.execute("delete from town");
  const std::string columns = std::exchange(table_.options["columns"], "");
  table_.options.erase("columns");
  EXPECT_THAT(load_error(), HasSubstr("`sale` has no record yet, so that nothing says which columns it has"));
  table_.options["columns"] = columns;
  EXPECT_EQ(load().rows_read, 0);
  EXPECT_THAT(asked(), ElementsAre());
  EXPECT_THAT(take_names(), ElementsAre());
}

TEST_F(HttpRowsTest, WhatTheDatabaseRefusesIsTold) {
  resource_.each_row->query.value = "select id, nam as name, at as asked_on from town, today";
  EXPECT_THAT(load_error(), HasSubstr("column \"nam\" does not exist"));
  resource_.each_row->query.value = "select id, name as nname, at as asked_on from town, today";
  EXPECT_EQ(load_error(), "data: the query gives no column `name`, which is asked by (did you mean `nname`?)");
  resource_.each_row->query.value = "delete from town returning id, name, current_date as asked_on";
  EXPECT_THAT(load_error(), HasSubstr("read-only transaction"));
  auto away = std::make_shared<Connection>(*resource_.each_row->connection);
  away->location = "postgresql://nobody@127.0.0.1:1/map";
  resource_.each_row->connection = away;
  EXPECT_THAT(load_error(), HasSubstr("unavailable: connection `map`"));
}

}  // namespace
}  // namespace lochan
