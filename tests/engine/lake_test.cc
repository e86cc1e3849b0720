// Sessions bound to the real catalog, over HTTP.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "catalog/catalog.h"
#include "catalog/rest_server.h"
#include "engine/engine.h"
#include "tests/support/test_state.h"
#include "tests/support/test_store.h"

namespace lochan {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class LakeTest : public testing::Test {
 protected:
  LakeTest() : folder_(std::filesystem::temp_directory_path() / ("lochan-lake-" + std::to_string(getpid()))) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    state_ = open_test_state(folder_);
    migrate(*state_, Catalog::migrations());
    store_ = make_test_store(folder_ / "lake");
    catalog_ = std::make_unique<Catalog>(*state_, *store_, clock_, CatalogOptions{});
    server_ = std::make_unique<RestServer>(*catalog_, RestServerOptions{});
    catalog_->create_branch("run-1", BranchKind::Run);
  }
  ~LakeTest() override {
    server_.reset();
    std::filesystem::remove_all(folder_);
  }

  LakeBinding binding(const std::string& ref) {
    TokenScope scope;
    scope.ref = ref;
    scope.may_write = !ref.starts_with("at-");
    return {server_->uri(), ref, catalog_->grant_token(scope)};
  }
  std::unique_ptr<Session> open(const std::string& ref = "run-1", std::string_view setup = "") {
    return engine_.open_session(binding(ref), setup);
  }
  static std::string in(const Session& session, std::string sql) {
    for (std::size_t at = sql.find("LAKE"); at != std::string::npos; at = sql.find("LAKE"))
      sql.replace(at, 4, session.lake());
    return sql;
  }
  static std::int64_t run(Session& session, const std::string& sql) { return session.execute(in(session, sql)); }
  static std::int64_t count(Session& session, const std::string& sql) {
    return session.query(in(session, sql)).integer();
  }
  template <typename Work>
  static Error error(Work&& work) {
    try {
      work();
    } catch (const Error& caught) {
      return caught;
    }
    return Error(ErrorKind::Internal, "nothing was thrown");
  }

  const std::filesystem::path folder_;
  const SystemClock clock_;
  std::unique_ptr<Database> state_;
  std::unique_ptr<ObjectStore> store_;
  std::unique_ptr<Catalog> catalog_;
  std::unique_ptr<RestServer> server_;
  Engine engine_{EngineOptions{.threads = 2}};
};

TEST_F(LakeTest, WritesAndReadsTablesOfItsBranch) {
  const auto session = open();
  EXPECT_EQ(run(*session,
                "create schema LAKE.raw; create table LAKE.raw.sale as select i as id, 'n' as name from range(5) r(i)"),
            5);
  EXPECT_EQ(run(*session, "insert into LAKE.raw.sale values (7, 'x'), (8, 'y')"), 2);
  EXPECT_EQ(run(*session, "delete from LAKE.raw.sale where id < 2"), 2);
  EXPECT_EQ(run(*session, "update LAKE.raw.sale set name = 'z' where id > 6"), 2);
  EXPECT_EQ(count(*session, "select count(*) from LAKE.raw.sale"), 5);
  EXPECT_THAT(catalog_->find("run-1", {"raw", "sale"})->columns,
              ElementsAre(Column{"id", "BIGINT"}, Column{"name", "VARCHAR"}));
  EXPECT_FALSE(catalog_->find("main", {"raw", "sale"}));
}

TEST_F(LakeTest, CommitsOrRollsBackATransactionWhole) {
  const auto session = open();
  run(*session,
      "create schema LAKE.raw; create table LAKE.raw.a as select 1 as i; create table LAKE.raw.b as select 1 as i");
  session->transaction([&] {
    run(*session, "insert into LAKE.raw.a values (2)");
    run(*session, "insert into LAKE.raw.b values (2)");
    EXPECT_EQ(count(*session, "select count(*) from LAKE.raw.a"), 2) << "it sees its own rows";
  });
  EXPECT_THROW(session->transaction([&] {
    run(*session, "insert into LAKE.raw.a values (3)");
    run(*session, "insert into LAKE.raw.b values ('x')");
  }),
               Error);
  EXPECT_EQ(count(*session, "select (select count(*) from LAKE.raw.a) * 10 + (select count(*) from LAKE.raw.b)"), 22);
}

TEST_F(LakeTest, ACommitThatLostTheRaceIsAConflict) {
  const auto one = open();
  const auto two = open();
  run(*one, "create schema LAKE.raw; create table LAKE.raw.sale as select 1 as id");
  const Error lost = error([&] {
    one->transaction([&] {
      run(*one, "insert into LAKE.raw.sale values (2)");
      run(*two, "insert into LAKE.raw.sale values (3)");
    });
  });
  EXPECT_EQ(lost.kind(), ErrorKind::Conflict);
  EXPECT_EQ(count(*one, "select sum(id)::bigint from LAKE.raw.sale"), 4);
}

TEST_F(LakeTest, ATokenThatWasRevokedWritesNothing) {
  const LakeBinding lake = binding("run-1");
  const auto session = engine_.open_session(lake);
  run(*session, "create schema LAKE.raw; create table LAKE.raw.sale as select 1 as id");
  const Error refused = error([&] {
    session->transaction([&] {
      run(*session, "insert into LAKE.raw.sale values (2)");
      catalog_->revoke_token(lake.token);
    });
  });
  EXPECT_NE(refused.message(), "nothing was thrown");
  EXPECT_NE(refused.kind(), ErrorKind::CommitUnknown);
  EXPECT_EQ(count(*open(), "select count(*) from LAKE.raw.sale"), 1);
}

TEST_F(LakeTest, APastPublicationIsReadOnly) {
  auto session = open();
  run(*session, "create schema LAKE.raw; create table LAKE.raw.sale as select 1 as id");
  PublishRequest publish;
  publish.branch = "run-1";
  publish.tables = {{{"raw", "sale"}, {}, false}};
  catalog_->publish(publish);
  session = open("at-1");
  EXPECT_EQ(count(*session, "select count(*) from LAKE.raw.sale"), 1);
  EXPECT_THAT(error([&] { run(*session, "insert into LAKE.raw.sale values (2)"); }).message(), HasSubstr("read-only"));
}

TEST_F(LakeTest, NoQueryCanReadTheToken) {
  const LakeBinding lake = binding("run-1");
  const auto session = engine_.open_session(lake);
  const Rows databases = session->query("select options::varchar from duckdb_databases()");
  for (const auto& row : databases.rows) EXPECT_EQ(row[0].value_or("").find(lake.token), std::string::npos);
  EXPECT_TRUE(session->query("from duckdb_secrets()").empty());
  const Error refused = error([&] { engine_.open_session({lake.uri, "run-9", lake.token}); });
  EXPECT_EQ(std::string(refused.what()).find(lake.token), std::string::npos);
  EXPECT_TRUE(session->query("from duckdb_secrets()").empty()) << "nor is it left by an attach that failed";
}

TEST_F(LakeTest, LetsGoOfTheLakeAtItsEnd) {
  const auto session = open();
  for (int i = 0; i < 3; ++i) {
    const auto other = open();
    run(*other, "create schema if not exists LAKE.raw");
  }
  EXPECT_EQ(session->query("select count(*) from duckdb_databases() where database_name like 'lake%'").integer(), 1);
}

// Its extensions beside the program, of which one has lost its signature.
class ExtensionTest : public LakeTest {
 protected:
  ExtensionTest() {
    const std::filesystem::path beside = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "extensions";
    std::filesystem::create_directories(own_);
    for (const char* name : {"httpfs", "iceberg"})
      std::filesystem::create_symlink(beside / (std::string(name) + ".duckdb_extension"), own_ / (std::string(name) + ".duckdb_extension"));
    for (const char* name : {"avro", "stranger"}) {
      const std::filesystem::path file = own_ / (std::string(name) + ".duckdb_extension");
      std::filesystem::copy_file(beside / "avro.duckdb_extension", file);
      std::filesystem::permissions(file, std::filesystem::perms(0600));
      std::fstream content(file, std::ios::in | std::ios::out | std::ios::binary);
      content.seekp(-256, std::ios::end);
      content << std::string(256, 'x');
    }
    std::filesystem::permissions(own_, std::filesystem::perms(0700));
  }
  std::string open_with(Engine& engine) {
    return error([&] { engine.open_session(binding("run-1")); }).what();
  }

  const std::filesystem::path own_ = folder_ / "extensions";
};

// The check takes longer than all else at the start, and keeps nobody out who could have changed the program itself.
TEST_F(ExtensionTest, SignaturesAreNotCheckedWhereNobodyElseMayWrite) {
  Engine engine(EngineOptions{.threads = 1, .extensions = own_});
  EXPECT_EQ(open_with(engine), "nothing was thrown");
  const auto session = engine.open_session(binding("run-1"));
  EXPECT_EQ(session->query("select current_setting('allow_unsigned_extensions')").rows.at(0).at(0), "false");
  for (const std::string& statement : {"load '" + (own_ / "stranger.duckdb_extension").string() + "'", std::string("set allow_unsigned_extensions = true")})
    EXPECT_NE(std::string(error([&] { session->execute(statement); }).what()), "nothing was thrown") << statement;
}

TEST_F(ExtensionTest, SignaturesAreCheckedWhereSomebodyElseMay) {
  const std::filesystem::path file = own_ / "avro.duckdb_extension";
  for (const auto& [path, mode] : {std::pair(own_, 0770), std::pair(own_, 0707), std::pair(file, 0660), std::pair(file, 0606)}) {
    const auto before = std::filesystem::status(path).permissions();
    std::filesystem::permissions(path, std::filesystem::perms(mode));
    Engine engine(EngineOptions{.threads = 1, .extensions = own_});
    EXPECT_THAT(open_with(engine), HasSubstr("signature")) << path;
    std::filesystem::permissions(path, before);
  }
}

TEST_F(ExtensionTest, ReadersComeWithTheLakesOwn) {
  Engine engine(EngineOptions{.threads = 1, .readers = {"sqlite_scanner"}});
  const auto session = engine.open_session(binding("run-1"));
  session->load_extension("sqlite_scanner");
  EXPECT_EQ(session->query("select count(*) from duckdb_extensions() where extension_name = 'sqlite_scanner' and loaded").integer(), 1);
}

TEST_F(LakeTest, MacrosAreTheSessionsOwn) {
  const auto one = open("run-1", "create macro twice(x) as x * 2; create or replace macro four(x) as twice(twice(x));");
  const auto two = open("run-1", "create macro twice(x) as x + x + 1");
  EXPECT_EQ(one->query("select four(3)").integer(), 12);
  EXPECT_EQ(two->query("select twice(3)").integer(), 7);
  EXPECT_THROW(open()->query("select twice(3)"), Error);
}

TEST_F(LakeTest, ACatalogThatIsGoneMayBeTriedAgain) {
  const LakeBinding lake = binding("run-1");
  const auto session = open();
  session->execute("set http_retries = 0");
  run(*session, "create schema LAKE.raw; create table LAKE.raw.sale as select 1 as id");
  server_.reset();
  EXPECT_EQ(error([&] { run(*session, "select * from LAKE.raw.sale"); }).kind(), ErrorKind::Unavailable);
}

TEST_F(LakeTest, SessionsOfOneEngineWriteInParallel) {
  run(*open(), "create schema LAKE.raw");
  std::vector<std::string> errors(4);
  {
    std::vector<std::jthread> workers;
    for (std::size_t worker = 0; worker < errors.size(); ++worker) {
      workers.emplace_back([&, worker] {
        try {
          const auto session = open();
          const std::string table = "LAKE.raw.t" + std::to_string(worker);
          run(*session, "create table " + table + " as select 0 as i");
          for (int i = 1; i <= 5; ++i)
            session->transaction(
                [&] { run(*session, "insert into " + table + " values (" + std::to_string(i) + ")"); });
        } catch (const Error& caught) {
          errors[worker] = caught.what();
        }
      });
    }
  }
  EXPECT_THAT(errors, testing::Each(""));
  const auto session = open();
  for (std::size_t worker = 0; worker < errors.size(); ++worker)
    EXPECT_EQ(count(*session, "select count(*) from LAKE.raw.t" + std::to_string(worker)), 6);
}

// DuckDB 1.5.5 fails with INTERNAL when it can prove that a MERGE has no rows: the platform merges from temporary
// tables.
TEST_F(LakeTest, MergesFromAnEmptyTemporaryTable) {
  const auto session = open();
  run(*session, "create schema LAKE.raw; create table LAKE.raw.sale as select 1 as id, 2 as price");
  run(*session, "create temp table changes (id integer, price integer)");
  const std::string merge =
      "merge into LAKE.raw.sale t using changes s using (id) when matched then update when not matched then insert";
  EXPECT_EQ(run(*session, merge), 0);
  run(*session, "insert into changes values (1, 5), (2, 6)");
  EXPECT_EQ(run(*session, merge), 2);
  EXPECT_EQ(count(*session, "select sum(price)::bigint from LAKE.raw.sale"), 11);
  EXPECT_FALSE(engine_.is_invalidated());
}

// The same defect, as a real way to lose an engine.
TEST_F(LakeTest, ReopensAfterAFatalError) {
  auto broken = open();
  auto bystander = open();
  run(*broken, "create schema LAKE.raw; create table LAKE.raw.sale as select 1 as id");
  const Error failed = error([&] {
    broken->transaction([&] {
      run(*broken, "insert into LAKE.raw.sale values (2)");
      run(*broken, "update LAKE.raw.sale set id = 2 where id = 1 and id = 3");
    });
  });
  EXPECT_EQ(failed.kind(), ErrorKind::Unavailable);
  EXPECT_THAT(failed.message(), HasSubstr("the engine failed"));
  EXPECT_TRUE(engine_.is_invalidated());
  engine_.reopen();
  EXPECT_FALSE(engine_.is_invalidated());
  EXPECT_EQ(count(*open(), "select id from LAKE.raw.sale"), 1);
  for (Session* old : {broken.get(), bystander.get()})
    EXPECT_EQ(error([&] { old->query("select 1"); }).kind(), ErrorKind::Unavailable);
  broken.reset();
  bystander.reset();
  EXPECT_FALSE(engine_.is_invalidated()) << "old sessions don't touch the new instance";
}

}  // namespace
}  // namespace lochan
