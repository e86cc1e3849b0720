// Models made in a real PostgreSQL on a bad line: slow, cut at any point, gone and back.
#include "tests/model/postgres_build_fixture.h"
#include "tests/support/proxy.h"

namespace lochan {
namespace {

using testing::HasSubstr;

class PostgresOnALine : public PostgresBuildTest {
 protected:
  PostgresOnALine() {
    const std::string& url = database_.url();
    proxy_ = std::make_unique<Proxy>(std::stoi(url.substr(url.rfind(':') + 1)));
    Model& day =
        model("by_day", Materialization::Table, "select day, sum(amount) as amount from shop.sale group by day");
    day.key = {{"day", {}}};
    day.database->indexes = {{{{"amount", {}}}, false}};
    Model& sale = model("sale", Materialization::Incremental,
                        "select id, amount, changed_at from shop.sale where $since is null or changed_at > $since - "
                        "interval '1 minute'");
    sale.key = {{"id", {}}};
    Model& golden = model("golden", Materialization::MaterializedView,
                          "select id, amount, clock_timestamp() as last_refresh_date from shop.sale");
    golden.database->indexes = {{{{"id", {}}}, true}};
    model("seen", Materialization::View, "select id, amount from shop.sale");
  }

  PostgresBuilt build_through(const std::string& name) {
    PostgresConnection connection(proxy_->through(database_.url()) + "?sslmode=disable", "warehouse");
    return build(connection, name);
  }
  void sell() {
    sql_.execute(
        "insert into shop.sale select coalesce(max(id), 0) + 1, '2026-01-03', 2 from shop.sale; update shop.sale set "
        "amount = amount + 1, "
        "changed_at = clock_timestamp() where id = 1");
  }
  // Both sides of what a model must hold, in one line.
  std::string held(const std::string& name) { return text(kHeld.at(name).first); }
  std::string wanted(const std::string& name) { return text(kHeld.at(name).second); }

  const std::map<std::string, std::pair<std::string, std::string>> kHeld = {
      {"by_day",
       {"select day, amount from mart.by_day order by 1",
        "select day, sum(amount) from shop.sale group by 1 order by 1"}},
      {"sale", {"select id, amount from mart.sale order by 1", "select id, amount from shop.sale order by 1"}},
      {"golden", {"select id, amount from mart.golden order by 1", "select id, amount from shop.sale order by 1"}},
      {"seen", {"select id, amount from mart.seen order by 1", "select id, amount from shop.sale order by 1"}}};
  std::unique_ptr<Proxy> proxy_;
};

// The server's answers end after so many bytes, and then after some more: of the first build, of a refresh and of a
// merge.
TEST_F(PostgresOnALine, CutAtAnyPointLeavesTheOldOrTheNew) {
  int begin = 400;
  for (const std::string name : {"by_day", "sale", "golden", "seen"}) {
    for (const bool is_first : {true, false}) {
      int cuts = 0;
      std::string before = is_first ? "" : held(name);
      for (int bytes = begin += 41;; bytes += 317) {
        SCOPED_TRACE(fmt::format("{} {} cut after {} bytes", is_first ? "first" : "next", name, bytes));
        if (is_first) {
          sql_.execute("drop schema if exists mart cascade");
        } else {
          sell();
          if (name == "seen") sql_.execute("drop view mart.seen");
        }
        proxy_->cut_after(bytes);
        std::string failure;
        try {
          build_through(name);
        } catch (const Error& error) {
          failure = error.what();
          ++cuts;
          EXPECT_TRUE(error.kind() == ErrorKind::Unavailable || error.kind() == ErrorKind::CommitUnknown) << failure;
          EXPECT_THAT(failure, HasSubstr("connection `warehouse`: "));
        }
        proxy_->restore();
        if (!is_first && name != "seen") {
          const std::string now = held(name);
          EXPECT_TRUE(now == wanted(name) || now == before) << now;
        }
        build_through(name);
        ASSERT_EQ(held(name), wanted(name)) << failure;
        EXPECT_EQ(text("select count(*) from pg_class where relname like '%\\_\\_lochan%'"), "0 ") << failure;
        before = held(name);
        if (failure.empty()) break;
      }
      EXPECT_GT(cuts, 5) << name;
    }
  }
}

TEST_F(PostgresOnALine, ASlowLineChangesNothing) {
  proxy_->delay(20);
  proxy_->narrow(100);
  for (int times = 0; times < 2; ++times) {
    for (const std::string name : {"by_day", "sale", "golden", "seen"}) {
      build_through(name);
      EXPECT_EQ(held(name), wanted(name)) << name;
    }
    sell();
  }
}

TEST_F(PostgresOnALine, AServerThatGoesAwayAndComesBack) {
  for (const std::string name : {"by_day", "sale", "golden", "seen"}) build_through(name);
  sell();
  for (const std::string name : {"by_day", "sale", "golden"}) {
    const std::string before = held(name);
    // In the middle of it, and before it.
    audit_ = [&](const PostgresName&) { proxy_->cut(); };
    for (int times = 0; times < 2; ++times) {
      try {
        build_through(name);
        ADD_FAILURE() << name << " was built without a server";
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Unavailable) << error.what();
        EXPECT_THAT(error.what(), HasSubstr("connection `warehouse`: "));
      }
    }
    EXPECT_EQ(held(name), before);
    proxy_->restore();
    audit_ = [](const PostgresName&) {};
    EXPECT_TRUE(build_through(name).changed);
    EXPECT_EQ(held(name), wanted(name));
  }
}

}  // namespace
}  // namespace lochan
