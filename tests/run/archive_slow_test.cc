// Days leave their table for the archive and come back, row for row; what is archived says so, and is never lost.
#include "run/archive_restore.h"
#include "run/lifecycle.h"
#include "tests/run/tended_lake.h"

namespace lochan {
namespace {

const TableName kRaw{"raw", "sale"};
constexpr const char* kAll = "select count(*), sum(id::int), sum(amount::int), min(_loaded_at), max(_loaded_at) from raw.sale";

class ArchiveTest : public TendedLake {
 protected:
  ArchiveTest() {
    write_layer("archive_after: 30d, archive: ./cold");
    write("models/mart/sale.sql",
          "/* ---\nmaterialized: append\n--- */\nselect id::int as id, amount::int as amount from raw.sale "
          "where $since is null or _loaded_at > $since");
  }
  void write_layer(const std::string& settings) {
    write("lochan.yaml", "name: tended\nconnections:\n  drop: files:./drop\nretention: { publications: 1d, keep_publications: 1 }\n"
                         "layers:\n  raw: { " + settings + " }\n");
  }
  /// Rows on two days that are then 40 days old, and some of now.
  void fill() {
    drop_and_run(10);
    clock_.advance(std::chrono::hours{24});
    drop_and_run(20);
    drop_and_run(5);
    clock_.advance(std::chrono::hours{24 * 40});
    drop_and_run(3);
  }
  std::size_t archived_files() const {
    std::size_t count = 0;
    std::error_code none;
    for (const auto& file : std::filesystem::recursive_directory_iterator(folder_ / "cold", none))
      count += file.path().extension() == ".parquet" ? 1U : 0U;
    return count;
  }
  Restored restore(std::string from = "", std::string to = "") {
    clock_.advance(std::chrono::minutes{1});
    RestoreRequest request;
    request.table = kRaw;
    request.from = std::move(from);
    request.to = std::move(to);
    return restore_archived(lake(), request);
  }
};

TEST_F(ArchiveTest, TakesOldDaysAwayAndBringsThemBack) {
  fill();
  const std::string rows = ask(kAll), mart = ask("select count(*) from mart.sale");
  const Entry before = entry(kRaw);
  const MaintainOutcome outcome = tend();
  ASSERT_EQ(outcome.lifecycle.tables.size(), 1U);
  EXPECT_THAT(outcome.lifecycle.tables[0].archived, testing::ElementsAre("2026-01-01", "2026-01-02"));
  EXPECT_EQ(outcome.lifecycle.tables[0].archived_rows, 35);
  EXPECT_EQ(ask("select count(*) from raw.sale"), "3");
  EXPECT_EQ(ask("select count(*) from mart.sale"), mart);
  EXPECT_EQ(entry(kRaw).data_version, before.data_version);
  EXPECT_EQ(run().state, RunState::Nothing);
  EXPECT_EQ(archived_files(), 2U);
  EXPECT_EQ(archive_note(entry(kRaw)),
            "raw.sale: dt 2026-01-01 to 2026-01-02 (2 days) is archived: lochan archive restore raw.sale");
  {
    LakeReader reader(lake(), "");
    reader.resolve("select 1 from mart.sale");
    EXPECT_TRUE(reader.archive_notes().empty());
    reader.resolve("select 1 from raw.sale");
    EXPECT_EQ(reader.archive_notes().size(), 1U);
  }
  EXPECT_TRUE(tend().lifecycle.tables.empty());

  EXPECT_EQ(restore("2026-01-02").rows, 25);
  EXPECT_EQ(ask("select count(*) from raw.sale"), "28");
  EXPECT_EQ(restore().rows, 10);
  EXPECT_EQ(ask(kAll), rows);
  EXPECT_EQ(run().state, RunState::Nothing);
  EXPECT_TRUE(tend().lifecycle.tables.empty()) << "what was brought back stays for a while";
  EXPECT_EQ(ask(kAll), rows);
  // Then it goes again, and the older copies with it.
  clock_.advance(std::chrono::hours{24 * 8});
  EXPECT_EQ(tend().lifecycle.tables.at(0).archived_rows, 35);
  clock_.advance(std::chrono::hours{24 * 2});
  drop_and_run(1);
  clock_.advance(std::chrono::hours{24 * 2});
  tend();
  EXPECT_EQ(archived_files(), 2U);
  EXPECT_EQ(restore().rows, 35);
}

TEST_F(ArchiveTest, ReadersOfEarlierPublicationsReadOn) {
  fill();
  const std::string rows = ask(kAll);
  const std::int64_t publication = lake().catalog().current_publication();
  tend();
  EXPECT_EQ(ask(kAll, fmt::format("at-{}", publication)), rows);
}

TEST_F(ArchiveTest, ARollbackBringsTheRowsBackOnce) {
  fill();
  const std::string rows = ask(kAll);
  const std::int64_t publication = lake().catalog().current_publication();
  tend();
  lake().catalog().rollback(publication, "anna", {});
  EXPECT_EQ(ask(kAll), rows);
  EXPECT_TRUE(restore().partitions.empty());
  EXPECT_EQ(ask(kAll), rows);
}

TEST_F(ArchiveTest, IsNeverTakenForDeleted) {
  fill();
  tend();
  write("models/mart/whole.sql", "select count(*) as sales from raw.sale");
  open();
  const RunOutcome outcome = [&] {
    class Ignoring final : public Observer {
     public:
      void run_started(std::int64_t, int) override {}
      void step_started(const StepReport&) override {}
      void step_finished(const StepReport&) override {}
      void check_finished(const CheckResult&) override {}
      void write(LogLevel, std::string_view) noexcept override {}
    } ignoring;
    return lochan::run(lake(), {}, ignoring, {});
  }();
  EXPECT_EQ(outcome.state, RunState::Failed);
  ASSERT_EQ(outcome.steps.size(), 1U);
  EXPECT_THAT(outcome.steps[0].error, testing::HasSubstr("a part is archived"));
  restore();
  EXPECT_EQ(run().state, RunState::Succeeded);
  EXPECT_EQ(ask("select sales from mart.whole"), "38");
}

TEST_F(ArchiveTest, DeletesFromTheArchiveToo) {
  write_layer("archive_after: 30d, delete_after: 60d, archive: ./cold");
  fill();
  tend();
  EXPECT_EQ(archived_files(), 2U);
  clock_.advance(std::chrono::hours{24 * 19 + 13});  // the first day is over for 60 days then
  const MaintainOutcome outcome = tend();
  EXPECT_THAT(outcome.lifecycle.tables.at(0).deleted, testing::ElementsAre("2026-01-01"));
  drop_and_run(1);
  clock_.advance(std::chrono::hours{24 * 2});
  tend();
  drop_and_run(1);
  clock_.advance(std::chrono::hours{24 * 2});
  tend();
  drop_and_run(1);
  clock_.advance(std::chrono::hours{24 * 2});
  tend();
  EXPECT_EQ(archived_files(), 0U);
  EXPECT_TRUE(restore().partitions.empty());
}

TEST_F(ArchiveTest, DeletesWithoutAnArchive) {
  write_layer("delete_after: 7d");
  fill();
  EXPECT_THAT(tend().lifecycle.tables.at(0).deleted, testing::ElementsAre("2026-01-01", "2026-01-02"));
  EXPECT_EQ(ask("select count(*) from raw.sale"), "3");
  EXPECT_EQ(archived_files(), 0U);
  clock_.advance(std::chrono::hours{24 * 9});
  tend();
  EXPECT_EQ(ask("select count(*) from raw.sale"), "0");
  drop_and_run(4);
  EXPECT_EQ(ask("select count(*) from raw.sale"), "4");
}

TEST_F(ArchiveTest, TellsADamagedFile) {
  fill();
  tend();
  for (const auto& file : std::filesystem::recursive_directory_iterator(folder_ / "cold"))
    if (file.path().extension() == ".parquet") std::ofstream(file.path(), std::ios::app) << "x";
  EXPECT_THROW(restore(), Error);
  EXPECT_EQ(ask("select count(*) from raw.sale"), "3");
}

}  // namespace
}  // namespace lochan
