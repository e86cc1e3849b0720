// Models made in a real PostgreSQL: each materialization, what hangs on them, and what a cancel at any moment leaves.
#include <thread>

#include "tests/model/postgres_build_fixture.h"

namespace lochan {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST_F(PostgresBuildTest, MakesATableWithItsKeyIndexesAndGrants) {
  sql_.execute("do $$ begin create role build_reader; exception when duplicate_object then null; end $$");
  Model& made = model("by_day", Materialization::Table,
                      "select day, sum(amount) as amount from shop.sale group by day;  -- done\n");
  made.key = {{"day", {}}};
  made.database->indexes = {{{{"amount", {}}}, false}};
  made.database->grants = {{"build_reader", {}}};
  const PostgresBuilt built = build("by_day");
  EXPECT_TRUE(built.changed);
  EXPECT_EQ(built.reason, "never built");
  EXPECT_EQ(built.rows_written, 2);
  EXPECT_EQ(text("select * from mart.by_day order by 1"), "2026-01-01|3.50 2026-01-02|1.20 ");
  EXPECT_EQ(text("select indexname from pg_indexes where schemaname = 'mart' and tablename = 'by_day' order by 1"),
            "by_day_amount_idx by_day_pkey ");
  EXPECT_EQ(text("select has_table_privilege('build_reader', 'mart.by_day', 'select')"), "t ");
}

TEST_F(PostgresBuildTest, SwapsATableUnderTheViewsThatReadIt) {
  Model& made =
      model("by_day", Materialization::Table, "select day, sum(amount) as amount from shop.sale group by day");
  build("by_day");
  sql_.execute("create view shop.seen as select amount from mart.by_day; comment on view shop.seen is 'mine'");
  sql_.execute("insert into shop.sale values (3, '2026-01-02', 2)");
  EXPECT_TRUE(build("by_day").changed);
  EXPECT_EQ(text("select * from shop.seen order by 1"), "3.20 3.50 ");
  // Other columns: the view is made again on the new table.
  made.sql = "select day, count(*) as sales, sum(amount) as amount from shop.sale group by day";
  EXPECT_EQ(build("by_day").reason, "its code changed");
  EXPECT_EQ(text("select * from shop.seen order by 1"), "3.20 3.50 ");
  EXPECT_EQ(text("select obj_description('shop.seen'::regclass)"), "mine ");
  // A column that the view needs is gone.
  made.sql = "select day from shop.sale";
  EXPECT_THAT(error_of("by_day"), HasSubstr("the view `shop.seen` can't be made again of what it would read"));
  EXPECT_EQ(text("select * from shop.seen order by 1"), "3.20 3.50 ");
}

TEST_F(PostgresBuildTest, MergesWhatIsNewByKey) {
  Model& made = model(
      "sale", Materialization::Incremental,
      "select id, amount, changed_at from shop.sale where $since is null or changed_at > $since - interval '1 minute'");
  made.key = {{"id", {}}};
  EXPECT_EQ(build("sale").rows_written, 2);
  sql_.execute(
      "update shop.sale set changed_at = '2020-01-01'; update shop.sale set amount = 4, changed_at = clock_timestamp() "
      "where id = 1; "
      "insert into shop.sale values (3, '2026-01-03', 9, clock_timestamp())");
  const PostgresBuilt built = build("sale");
  EXPECT_EQ(built.reason, "shop.sale may have moved");
  EXPECT_EQ(built.rows_written, 2);
  EXPECT_EQ(text("select id, amount from mart.sale order by 1"), "1|4.00 2|1.20 3|9.00 ");
  EXPECT_FALSE(build("sale").changed) << "equal rows are left alone";
  EXPECT_EQ(build("sale", true).rows_written, 3);
}

TEST_F(PostgresBuildTest, RefreshesWhileReadersGoOnWhereAUniqueIndexAllowsIt) {
  Model& made = model("seen", Materialization::MaterializedView,
                      "select id, amount, clock_timestamp() as last_refresh_date from shop.sale");
  made.database->indexes = {{{{"id", {}}}, true}};
  build("seen");
  sql_.execute("insert into shop.sale values (3, '2026-01-03', 9)");
  // A reader holds the view open; a plain refresh would wait for his end.
  PostgresConnection reader = database_.connect();
  reader.execute("begin; select * from mart.seen");
  const PostgresBuilt built = build("seen");
  reader.execute("rollback");
  EXPECT_TRUE(built.changed);
  EXPECT_EQ(built.rows_written, 3);
  EXPECT_EQ(text("select max(id) from mart.seen"), "3 ");
}

TEST_F(PostgresBuildTest, AViewThatDidNotMoveIsAnErrorAndStaysAsItWas) {
  model("seen", Materialization::MaterializedView,
        "select id, timestamp '2026-01-01 10:00' as last_refresh_date from shop.sale");
  build("seen");
  sql_.execute("insert into shop.sale values (3, '2026-01-03', 9)");
  EXPECT_THAT(error_of("seen"), HasSubstr("NotAllViewsRefreshed: `mart.seen` was refreshed, and its "
                                          "`last_refresh_date` is 2026-01-01 10:00:00, as before"));
  EXPECT_EQ(text("select count(*) from mart.seen"), "2 ");
}

TEST_F(PostgresBuildTest, RefreshesAViewThatOthersMade) {
  sql_.execute(
      "create materialized view shop.golden as select count(*) as sales, clock_timestamp() as last_refresh_date from "
      "shop.sale");
  Model& made = model("golden", Materialization::MaterializedView, "");
  made.database->schema = LocatedText{"shop", {}};
  made.database->is_foreign = true;
  made.database->refreshed_at = LocatedText{"last_refresh_date", {}};
  made.database->sources = {{"shop.sale", {}}};
  sql_.execute("insert into shop.sale values (3, '2026-01-03', 9)");
  EXPECT_EQ(build("golden").reason, "it is refreshed in every run");
  EXPECT_EQ(text("select sales from shop.golden"), "3 ");
  EXPECT_EQ(text("select to_regclass('shop.lochan_model') is null"), "t ") << "nothing is kept beside it";
  made.database->sources = {{"shop.customer", {"views.json", 3, 5}}};
  EXPECT_THAT(error_of("golden"),
              HasSubstr("views.json:3:5: `mart.golden` is said to read `shop.customer`, and doesn't"));
  made.database->sources = {{"shop.sale", {}}};
  made.database->refreshed_at = LocatedText{"moved_at", {}};
  EXPECT_THAT(error_of("golden"), HasSubstr("no column `moved_at`"));
}

TEST_F(PostgresBuildTest, ReplacesAViewWithTheViewsThatReadIt) {
  Model& made = model("seen", Materialization::View, "select id, amount, day from shop.sale");
  build("seen");
  sql_.execute(
      "create view shop.over as select id from mart.seen; create materialized view shop.kept as select id from "
      "shop.over; "
      "create unique index on shop.kept (id)");
  made.sql = "select id, day from shop.sale";  // PostgreSQL can't take a column away in place
  EXPECT_TRUE(build("seen").changed);
  EXPECT_EQ(text("select * from shop.over order by 1"), "1 2 ");
  EXPECT_EQ(text("select * from shop.kept order by 1"), "1 2 ");
  EXPECT_EQ(text("select count(*) from pg_indexes where tablename = 'kept'"), "1 ");
  EXPECT_FALSE(build("seen").changed);
}

TEST_F(PostgresBuildTest, NoticesWhatWasChangedByHand) {
  model("seen", Materialization::View, "select id from shop.sale");
  build("seen");
  sql_.execute("create or replace view mart.seen as select id from shop.sale where id > 1");
  EXPECT_EQ(build("seen").reason, "it was changed by hand in the database");
  EXPECT_EQ(text("select count(*) from mart.seen"), "2 ");
  sql_.execute("drop view mart.seen");
  EXPECT_EQ(build("seen").reason, "it is gone from the database");
  EXPECT_FALSE(build("seen").changed);
}

TEST_F(PostgresBuildTest, LeavesAloneWhatIsNotItsOwn) {
  sql_.execute("create schema mart; create table mart.seen (id int)");
  model("seen", Materialization::View, "select id from shop.sale");
  EXPECT_THAT(error_of("seen"), HasSubstr("`mart.seen` is there, a table, and no model of this project made it"));
}

TEST_F(PostgresBuildTest, ChangesTheKindOfWhatItMade) {
  Model& made = model("seen", Materialization::Table, "select id from shop.sale");
  build("seen");
  sql_.execute("create view shop.over as select id from mart.seen");
  for (const Materialization kind :
       {Materialization::View, Materialization::MaterializedView, Materialization::Table}) {
    made.materialized = kind;
    EXPECT_EQ(build("seen").reason, "its code changed");
    EXPECT_EQ(text("select * from shop.over order by 1"), "1 2 ");
  }
  EXPECT_EQ(text("select relname, relkind from pg_class c join pg_namespace n on n.oid = relnamespace where nspname = "
                 "'mart' and relkind in "
                 "('r', 'v', 'm') order by 1"),
            "lochan_model|r seen|r ");
}

TEST_F(PostgresBuildTest, FindsWhatModelsReadBeforeAnyIsThere) {
  model("a_top", Materialization::View, "select sum(amount) as amount from mart.mid, lateral (select 1) x");
  model("mid", Materialization::Table, "with recent as (select * from mart.z_base) select amount from recent");
  model("z_base", Materialization::View, "select * from shop.sale");
  model("wrong", Materialization::View, "select\n  id, cost from shop.sale");
  model("lost", Materialization::View, "select * from shop.nowhere");
  const auto found = survey();
  ASSERT_EQ(found.size(), 5u);
  EXPECT_EQ(to_string(found[0].model->table), "mart.z_base");
  EXPECT_EQ(to_string(found[1].model->table), "mart.mid");
  EXPECT_EQ(to_string(found[2].model->table), "mart.a_top");
  EXPECT_THAT(found[1].reads, ElementsAre(PostgresName{"mart", "z_base"}));
  EXPECT_EQ(found[2].stale->text, "never built");
  EXPECT_THAT(found[3].problem->what(),
              HasSubstr("models/mart/lost.sql:1: connection `test`: relation \"shop.nowhere\" does not exist"));
  EXPECT_THAT(found[4].problem->what(),
              HasSubstr("models/mart/wrong.sql:2: connection `test`: column \"cost\" does not exist"));
  EXPECT_EQ(text("select count(*) from pg_namespace where nspname = 'mart'"), "0 ") << "nothing stays";
}

TEST_F(PostgresBuildTest, SeesColumnsThatAreOnTheirWay) {
  Model& base = model("base", Materialization::View, "select id from shop.sale");
  build("base");
  base.sql = "select id, day from shop.sale";
  model("top", Materialization::View, "select day from mart.base");
  for (const SurveyedModel& one : survey()) EXPECT_FALSE(one.problem) << one.problem->what();
}

TEST_F(PostgresBuildTest, NamesACycle) {
  model("a", Materialization::View, "select 1 as id");
  model("b", Materialization::View, "select * from mart.a");
  build("a");
  build("b");
  model("a", Materialization::View, "select * from mart.b");
  const auto found = survey();
  EXPECT_TRUE(std::ranges::any_of(found, [](const SurveyedModel& one) {
    return one.problem &&
           std::string(one.problem->what()).find("made from each other: mart.a → mart.b → mart.a") != std::string::npos;
  }));
}

TEST_F(PostgresBuildTest, MovesItsReadersThroughViews) {
  model("base", Materialization::Table, "select count(*) as sales from shop.sale");
  model("between", Materialization::View, "select sales from mart.base");
  model("top", Materialization::Table, "select sales from mart.between");
  for (const char* name : {"base", "between", "top"}) build(name);
  EXPECT_FALSE(build("top").changed);
  sql_.execute("insert into shop.sale values (3, '2026-01-03', 9)");
  build("base");
  EXPECT_EQ(build("top").reason, "mart.between moved");
  EXPECT_EQ(text("select sales from mart.top"), "3 ");
}

TEST_F(PostgresBuildTest, AnAuditThatRefusesLeavesWhatWasThere) {
  Model& made = model("seen", Materialization::Table, "select id, amount from shop.sale");
  build("seen");
  made.sql = "select id, null::numeric as amount from shop.sale";
  struct Refused {};
  audit_ = [&](const PostgresName& name) {
    EXPECT_EQ(name.name, "seen__lochan") << "it is audited before it takes the old one's place";
    throw Refused{};
  };
  EXPECT_THROW(build("seen"), Refused);
  EXPECT_EQ(text("select amount from mart.seen order by id"), "3.50 1.20 ");
  EXPECT_EQ(text("select count(*) from pg_class where relname like '%\\_\\_lochan%'"), "0 ");
}

// The server is told to cancel at the first moment at which it is waited for, then at the second, and so on.
TEST_F(PostgresBuildTest, ACancelAtAnyMomentLeavesTheOldOrTheNew) {
  Model& made = model("seen", Materialization::Table, "select 0 as version");
  made.database->indexes = {{{{"version", {}}}, false}};
  model("golden", Materialization::MaterializedView, "select 0 as version, clock_timestamp() as last_refresh_date");
  for (const std::string name : {"seen", "golden"}) {
    build(name);
    sql_.execute(fmt::format("create view shop.over_{0} as select version from mart.{0}", name));
    int version = 0, cut = 0;
    for (bool ended = false; !ended; ++cut) {
      const std::string before = std::to_string(version);
      project_.database_models.at({"mart", name}).sql = fmt::format(
          "select {} as version{}", ++version, name == "golden" ? ", clock_timestamp() as last_refresh_date" : "");
      PostgresConnection connection = database_.connect();
      int left = cut;
      connection.stop_when([&] { return left-- == 0; });
      try {
        build(connection, name);
        ended = true;
      } catch (const Error& error) {
        EXPECT_TRUE(error.kind() == ErrorKind::Unavailable || error.kind() == ErrorKind::CommitUnknown) << error.what();
      }
      // As after a kill: the server ends the transaction of who is gone.
      connection = database_.connect();
      const std::string now = text("select version from shop.over_" + name);
      const std::string fingerprint =
          text(fmt::format("select fingerprint from mart.lochan_model where name = '{}'", name));
      const bool is_new = now == std::to_string(version) + " ";
      EXPECT_TRUE(is_new || now == before + " ") << now;
      EXPECT_EQ(is_new,
                fingerprint == postgres_fingerprint(project_, project_.database_models.at({"mart", name})) + " ");
      if (!is_new) version = std::stoi(before);
    }
    EXPECT_GT(cut, 10);
  }
}

TEST_F(PostgresBuildTest, TwoThatMakeTheSameDoItOnce) {
  Model& made =
      model("seen", Materialization::Table, "select count(*) as sales, pg_sleep(0.3)::text as slept from mart.base");
  model("base", Materialization::View, "select 1 as id");
  build("base");
  made.sql = "select id from mart.base, pg_sleep(0.3)";
  int changed = 0;
  std::mutex mutex;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 3; ++i)
      threads.emplace_back([&] {
        const bool is_changed = build("seen").changed;
        const std::lock_guard lock(mutex);
        changed += is_changed ? 1 : 0;
      });
  }
  EXPECT_EQ(changed, 1);
}

TEST_F(PostgresBuildTest, AUserOfOneSchemaNeedsNoMore) {
  sql_.execute("do $$ begin create role build_loader login; exception when duplicate_object then null; end $$");
  sql_.execute("create schema mart authorization build_loader");
  model("seen", Materialization::Table, "select id from shop.sale");
  std::string url = database_.url();
  url.replace(url.find("postgres@"), std::string("postgres@").size(), "build_loader@");
  PostgresConnection loader(url, "warehouse");
  EXPECT_THROW(
      try { build(loader, "seen"); } catch (const Error& error) {
        EXPECT_THAT(error.what(), HasSubstr("permission denied for schema shop"));
        throw;
      },
      Error);
  sql_.execute("grant usage on schema shop to build_loader; grant select on shop.sale to build_loader");
  PostgresConnection again(url, "warehouse");
  EXPECT_TRUE(build(again, "seen").changed);
  EXPECT_EQ(text("select tableowner from pg_tables where tablename = 'seen'"), "build_loader ");
  sql_.execute("drop schema mart cascade; drop owned by build_loader");
}

// Its schema is another's: already what is there can't be looked at.
TEST_F(PostgresBuildTest, AUserWithoutRightsIsToldWhichItNeeds) {
  sql_.execute("do $$ begin create role build_stranger login; exception when duplicate_object then null; end $$");
  model("seen", Materialization::Table, "select id from shop.sale");
  build("seen");
  std::string url = database_.url();
  url.replace(url.find("postgres@"), std::string("postgres@").size(), "build_stranger@");
  PostgresConnection stranger(url, "warehouse");
  const DatabaseNames names = database_names(project_, "warehouse", {});
  try {
    PostgresModels(stranger, project_, names).survey();
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("connection `warehouse`: permission denied for schema mart"));
    EXPECT_THAT(error.hint(), HasSubstr("`usage` on the schemas and `select` on the tables it reads"));
  }
}

TEST_F(PostgresBuildTest, RefusesMoreThanOneStatementAndNamesThatStandForNothing) {
  Model& made = model("seen", Materialization::View, "select 1 as id;\ndrop table shop.sale");
  EXPECT_THAT(error_of("seen"), HasSubstr("models/mart/seen.sql:2:1: `mart.seen` is more than one statement"));
  made.sql = "select $run_at as at";
  EXPECT_THAT(error_of("seen"), HasSubstr("the database keeps a view's query"));
  made.materialized = Materialization::Table;
  made.sql = "select $town as town, '$town' as quoted, $$body $town$$ as body";
  EXPECT_THAT(error_of("seen"), HasSubstr("`$town` stands for nothing"));
  project_.variables["town"] = "O'Hara";
  build("seen");
  EXPECT_EQ(text("select town, quoted, body from mart.seen"), "O'Hara|$town|body $town ");
}

}  // namespace
}  // namespace lochan
