// Tables grow old and lose rows to the archive, and nothing that is loaded or built afterwards shows it: two lakes live
// through one history of shops, one of them with an archive.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <random>
#include <set>

#include "base/hash.h"
#include "base/sqlite_database.h"
#include "project/read_project.h"
#include "run/aging.h"
#include "run/archive_restore.h"
#include "run/cancelling.h"
#include "run/maintain.h"
#include "run/query.h"
#include "run/run.h"

namespace lochan {
namespace {

namespace fs = std::filesystem;

class SetClock final : public Clock {
 public:
  Instant now() const override { return now_; }
  void advance(std::chrono::microseconds by) { now_ += by; }

 private:
  Instant now_ = parse_instant("2025-01-01T12:00:00Z");
};

class Loud final : public Observer {
 public:
  void run_started(std::int64_t, int) override {}
  void step_started(const StepReport&) override {}
  void step_finished(const StepReport& step) override {
    if (step.state == StepState::Failed) failed += step.name + ": " + step.error + "\n";
  }
  void check_finished(const CheckResult&) override {}
  void write(LogLevel level, std::string_view message) noexcept override {
    if (level == LogLevel::Error) failed += std::string(message) + "\n";
  }
  std::string failed;
};

/// A project of its own over the shops that both have.
class LakeOfShops {
 public:
  LakeOfShops(const fs::path& folder, const fs::path& shops, const Clock& clock, const std::string& layers) : folder_(folder), clock_(clock) {
    write("lochan.yaml", fmt::format("name: aging\nconnections:\n  a: sqlite:{0}/a.db\n  b: sqlite:{0}/b.db\n  drop: files:{0}/drop\n"
                                     "retention: {{ publications: 0s, keep_publications: 1 }}\nmaintain: {{ target: 1MB }}\n{1}",
                                     shops.string(), layers));
    write("sources/shop.yaml", R"(
source: shop
from: [a, b]
tables:
  product: { load: full, key: id }
  sale: { load: incremental, cursor: at, key: id, lookback: 3d }
  stock: { load: incremental, cursor: at, key: id, lookback: 3d, deletes: detect }
  event: { load: incremental, cursor: at, lookback: 3d }
)");
    write("sources/drop.yaml", R"(
source: drop
from: drop
tables:
  line: { load: incremental, from: '*.csv' }
  price: { load: incremental, from: 'q*.csv', key: id }
)");
    for (const std::string table : {"product", "sale", "stock"})
      write("models/staging/" + table + ".sql",
            fmt::format("/* ---\nmaterialized: scd2\nkey: [_source, id]\n--- */\nselect _source, id, n, _loaded_at, _deleted from raw.{} "
                        "where $since is null or _loaded_at > $since",
                        table));
    for (const std::string table : {"event", "line", "sale"})
      write("models/mart/" + table + "_log.sql",
            fmt::format("/* ---\nmaterialized: append\n--- */\nselect _source, id, n from raw.{} where ($since is null or _loaded_at > $since)", table));
    write("models/mart/price.sql",
          "/* ---\nmaterialized: incremental\nkey: id\n--- */\nselect id, n from raw.price where $since is null or _loaded_at > $since "
          "qualify row_number() over (partition by id order by _loaded_at desc) = 1");
    open();
  }

  Lake& open() {
    lake_.reset();
    Secrets secrets;
    read_ = std::make_unique<ReadProject>(read_project(folder_, secrets));
    for (const Error& problem : read_->problems) ADD_FAILURE() << problem.what();
    lake_ = std::make_unique<Lake>(read_->project, clock_);
    return *lake_;
  }
  Lake& lake() { return *lake_; }
  void write(const std::string& name, const std::string& text) {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
  }
  std::string run(RunRequest request = {}) {
    Loud loud;
    lochan::run(lake(), request, loud, {});
    return loud.failed;
  }
  MaintainOutcome tend() {
    Loud loud;
    MaintainOutcome outcome = maintain(lake(), {}, loud);
    EXPECT_EQ(loud.failed, "");
    return outcome;
  }
  std::string rows(const std::string& sql) {
    LakeReader reader(lake(), "");
    std::string text;
    for (const auto& row : reader.session().query(reader.resolve(sql)).rows) {
      for (const auto& cell : row) text += cell.value_or("null") + "|";
      text += "\n";
    }
    return text;
  }
  std::int64_t count(const std::string& table) { return std::stoll(rows("select count(*) from " + table)); }
  void restore_all() {
    for (const Entry& entry : lake().catalog().entries("main")) {
      if (days_of(entry, kArchivedProperty).empty()) continue;
      RestoreRequest request;
      request.table = entry.table;
      restore_archived(lake(), request);
    }
  }

 private:
  const fs::path folder_;
  const Clock& clock_;
  std::unique_ptr<ReadProject> read_;
  std::unique_ptr<Lake> lake_;
};

class AgingTest : public testing::Test {
 protected:
  AgingTest() : folder_(fs::temp_directory_path() / ("lochan-" + random_uuid())) {
    fs::create_directories(folder_ / "shops/drop");
    for (const std::string name : {"a", "b"}) {
      auto shop = open_sqlite(folder_ / "shops" / (name + ".db"), {});
      for (const std::string table : {"product", "sale", "stock"})
        shop->execute("create table " + table + "(id integer primary key, n integer, at timestamp)");
      shop->execute("create table event(id integer, n integer, at timestamp)");
    }
    archiving_ = std::make_unique<LakeOfShops>(folder_ / "archiving", folder_ / "shops", clock_,
                                               "layers:\n  raw: { archive_after: 10d, archive: ./cold }\n");
    plain_ = std::make_unique<LakeOfShops>(folder_ / "plain", folder_ / "shops", clock_, "");
  }
  ~AgingTest() override {
    archiving_.reset();
    plain_.reset();
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  int draw(int most) { return std::uniform_int_distribution<int>(0, most)(random_); }

  void trade() {
    const std::string now = "'" + to_string(clock_.now()).substr(0, 19) + "'";
    for (const std::string name : {"a", "b"}) {
      auto shop = open_sqlite(folder_ / "shops" / (name + ".db"), {});
      for (const std::string table : {"product", "sale", "stock"}) {
        for (int i = 0; i < 4; ++i)
          shop->execute(fmt::format("insert into {} values ({}, {}, {}) on conflict(id) do update set n = excluded.n, at = excluded.at", table,
                                    draw(20), draw(3), now));
        if (table != "sale" && draw(1) == 0) shop->execute(fmt::format("delete from {} where id = {}", table, draw(20)));
      }
      for (int i = draw(2); i > 0; --i) shop->execute(fmt::format("insert into event values ({}, {}, {})", draw(5), draw(1), now));
    }
    drop(fmt::format("p{:03}.csv", ++files_), draw(3) + 1);
    std::ofstream prices(folder_ / "shops/drop" / fmt::format("q{:03}.csv", files_));
    prices << "id,n\n";
    for (int id = 0; id < 8; ++id)
      if (draw(1) == 0) prices << id << "," << draw(3) << "\n";
    if (draw(3) == 0) drop(fmt::format("p{:03}.csv", 1 + draw(files_ - 1)), draw(4) + 2);  // as it was, with lines after it
  }
  void drop(const std::string& name, int lines) {
    std::ofstream file(folder_ / "shops/drop" / name, std::ios::app);
    if (file.tellp() == 0) file << "id,n\n";
    std::set<int> ids;
    for (int i = 0; i < lines; ++i) ids.insert(next_line_++);
    for (const int id : ids) file << id << "," << draw(3) << "\n";
  }

  void run_both(RunRequest request = {}) {
    clock_.advance(std::chrono::minutes{1});
    EXPECT_EQ(plain_->run(request), "");
    EXPECT_EQ(archiving_->run(request), "");
  }

  void expect_the_same(const std::string& sql) { EXPECT_EQ(archiving_->rows(sql), plain_->rows(sql)) << sql; }
  void expect_the_same_models() {
    std::string all;
    for (const std::string table : {"staging.product", "staging.sale", "staging.stock", "mart.event_log", "mart.line_log", "mart.sale_log", "mart.price"})
      all += fmt::format("{}select '{}' as name, t::varchar as line from {} t", all.empty() ? "" : " union all ", table, table);
    expect_the_same(all + " order by all");
  }

  SetClock clock_;
  const fs::path folder_;
  std::mt19937 random_{7};
  int files_ = 0, next_line_ = 1;
  std::unique_ptr<LakeOfShops> archiving_, plain_;
};

TEST_F(AgingTest, WhatIsLoadedAndBuiltAfterwardsIsTheSame) {
  std::set<std::string> aged;
  for (int round = 0; round < 9; ++round) {
    trade();
    run_both();
    clock_.advance(std::chrono::hours{24 * (1 + draw(10))} + std::chrono::minutes{1});
    const MaintainOutcome outcome = archiving_->tend();
    EXPECT_FALSE(outcome.has_failed());
    for (const AgedTable& table : outcome.lifecycle.tables) aged.insert(to_string(table.table));
    if (round == 6) run_both();  // with nothing new
    expect_the_same_models();
  }
  EXPECT_THAT(aged, testing::ElementsAre("raw.event", "raw.line", "raw.price", "raw.product", "raw.sale", "raw.stock"));
  for (const std::string table : {"raw.event", "raw.line", "raw.price", "raw.product", "raw.sale", "raw.stock"})
    EXPECT_LT(archiving_->count(table), plain_->count(table)) << table;
  archiving_->restore_all();
  for (const std::string table : {"raw.event", "raw.line", "raw.price", "raw.product", "raw.sale", "raw.stock"})
    expect_the_same("select * exclude (_run) from " + table + " order by all");
  clock_.advance(std::chrono::hours{24});
  trade();
  run_both();
  expect_the_same_models();
}

// All is read again: of what is archived nothing comes twice.
TEST_F(AgingTest, AReloadLooksIntoTheArchive) {
  for (int round = 0; round < 6; ++round) {
    trade();
    run_both();
    clock_.advance(std::chrono::hours{24 * 6});
  }
  archiving_->tend();
  EXPECT_LT(archiving_->count("raw.sale"), plain_->count("raw.sale"));
  for (LakeOfShops* lake : {archiving_.get(), plain_.get()}) {
    lake->write("sources/shop.yaml", R"(
source: shop
from: [a, b]
tables:
  product: { load: full, key: id }
  sale: { load: incremental, cursor: id, key: id }
  stock: { load: incremental, cursor: at, key: id, lookback: 3d, deletes: detect }
  event: { load: incremental, cursor: at, lookback: 60d }
)");
    lake->open();
  }
  run_both();
  expect_the_same_models();
  archiving_->restore_all();
  for (const std::string table : {"raw.event", "raw.product", "raw.sale", "raw.stock"})
    expect_the_same("select * exclude (_run) from " + table + " order by all");
}

TEST_F(AgingTest, WhatIsReadAsAWholeStays) {
  for (LakeOfShops* lake : {archiving_.get(), plain_.get()}) {
    lake->write("models/mart/stock.sql", "select _source, count(*) as rows from staging.seen group by all");
    lake->write("models/staging/seen.sql", "/* ---\nmaterialized: view\n--- */\nselect * from raw.stock");
    lake->open();
  }
  for (int round = 0; round < 4; ++round) {
    trade();
    run_both();
    clock_.advance(std::chrono::hours{24 * 6});
  }
  const MaintainOutcome outcome = archiving_->tend();
  const auto skipped = std::ranges::find(outcome.lifecycle.skipped, TableName{"raw", "stock"}, &SkippedTable::table);
  ASSERT_NE(skipped, outcome.lifecycle.skipped.end());
  EXPECT_EQ(skipped->reason, "`mart.stock` is built of all of it");
  EXPECT_FALSE(outcome.has_failed());
  expect_the_same("select * exclude (_run) from raw.stock order by all");
}

// A model that could not be built for so long that rows were archived before it read them must not go on as if it had.
TEST_F(AgingTest, AReaderThatFellBehindIsTold) {
  trade();
  run_both();
  const std::string good = "/* ---\nmaterialized: append\n--- */\nselect _source, id, n from raw.sale where ($since is null or _loaded_at > $since)";
  archiving_->write("models/mart/sale_log.sql", good + " and error('broken' || n::varchar) is null");
  archiving_->open();
  for (int day = 0; day < 3; ++day) {
    clock_.advance(std::chrono::hours{24 * 6});
    trade();
    EXPECT_EQ(plain_->run(), "");
    EXPECT_THAT(archiving_->run(), testing::HasSubstr("broken"));
  }
  clock_.advance(std::chrono::hours{24 * 12});
  archiving_->tend();
  // Its code is as it was when it was last built: it reads on.
  archiving_->write("models/mart/sale_log.sql", good);
  archiving_->open();
  EXPECT_THAT(archiving_->run(), testing::HasSubstr("it would miss some"));
  archiving_->restore_all();
  EXPECT_EQ(archiving_->run(), "");
  expect_the_same_models();
}

// A stop ends tending between two tables; what was done stays, and the rest comes the next time.
TEST_F(AgingTest, StopsWhenItIsCancelled) {
  for (int round = 0; round < 3; ++round) {
    trade();
    run_both();
    clock_.advance(std::chrono::hours{24 * 12});
  }
  class Cancelling final : public Log {
   public:
    void write(LogLevel, std::string_view) noexcept override {}
  } log;
  std::stop_source stop;
  stop.request_stop();
  const MaintainOutcome stopped = maintain(archiving_->lake(), {}, log, stop.get_token());
  EXPECT_TRUE(stopped.is_cancelled);
  EXPECT_TRUE(stopped.lifecycle.tables.empty());
  EXPECT_TRUE(stopped.removed_files.empty());
  EXPECT_EQ(archiving_->rows("select state, message like 'cancelled; %' from system.runs where command = 'maintain'"), "cancelled|true|\n");
  EXPECT_FALSE(archiving_->tend().lifecycle.tables.empty());
  expect_the_same_models();
}

}  // namespace
}  // namespace lochan
