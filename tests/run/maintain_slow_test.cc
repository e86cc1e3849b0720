// Tending: compaction joins files and changes nothing else, within its budget, and gives way.
#include "run/maintain.h"

#include "catalog/tending_claims.h"
#include "run/tended_table.h"
#include "tests/run/tended_lake.h"

namespace lochan {
namespace {

const TableName kRaw{"raw", "sale"};
const TableName kSale{"mart", "sale"};

class MaintainTest : public TendedLake {
 protected:
  MaintainTest() {
    write("models/mart/sale.sql",
          "/* ---\nmaterialized: incremental\nkey: [id]\n--- */\nselect id::int % 40 as id, sum(amount::int) as amount, "
          "max(_loaded_at) as loaded from raw.sale where $since is null or _loaded_at > $since group by 1");
    write("models/mart/total.sql", "select count(*) as sales, sum(amount::int) as amount from raw.sale");
  }
};

TEST_F(MaintainTest, JoinsTheFilesOfEachPartition) {
  for (int i = 0; i < 6; ++i) drop_and_run();
  clock_.advance(std::chrono::hours{24});
  for (int i = 0; i < 2; ++i) drop_and_run();
  ASSERT_EQ(data_files(kRaw), 8U);
  const Entry before = entry(kRaw);
  const std::int64_t publication = lake().catalog().current_publication();
  const std::string all = "select count(*), sum(id::int), min(_loaded_at), max(_loaded_at), count(distinct dt) from raw.sale";
  const std::string rows = ask(all);

  const MaintainOutcome outcome = tend();
  const auto rewritten = std::ranges::find(outcome.compaction.tables, kRaw, &CompactedTable::table);
  ASSERT_NE(rewritten, outcome.compaction.tables.end());
  EXPECT_EQ(rewritten->files_before, 8);
  EXPECT_EQ(rewritten->files_after, 3);
  EXPECT_GT(rewritten->read_bytes, 0U);
  EXPECT_GT(rewritten->written_bytes, 0U);
  EXPECT_EQ(data_files(kRaw), 3U);
  EXPECT_EQ(ask(all), rows);
  EXPECT_EQ(ask(all, fmt::format("at-{}", publication)), rows);
  EXPECT_EQ(entry(kRaw).data_version, before.data_version);
  EXPECT_EQ(entry(kRaw).properties, before.properties);
  EXPECT_EQ(run().state, RunState::Nothing) << "compaction made something stale";
  EXPECT_TRUE(tend().compaction.tables.empty());
  EXPECT_TRUE(tend({.dry_run = true}).removed_files.empty()) << "what it wrote on the way is gone";
  drop_and_run();
  EXPECT_EQ(ask("select sales from mart.total"), "90");
}

TEST_F(MaintainTest, WritesDeletedRowsAway) {
  for (int i = 0; i < 5; ++i) drop_and_run(40);
  const std::string all = "select count(*), sum(id), sum(amount), min(loaded) from mart.sale";
  const std::string rows = ask(all);
  const auto files = read_lake_files(lake().catalog(), entry(kSale));
  ASSERT_TRUE(std::ranges::any_of(files, &LakeFile::is_delete));
  tend();
  EXPECT_EQ(data_files(kSale), 1U);
  EXPECT_EQ(ask(all), rows);
  drop_and_run(40);
  EXPECT_EQ(ask("select count(*) from mart.sale"), "40");
  EXPECT_EQ(ask("select sales from mart.total"), "240");
}

TEST_F(MaintainTest, KeepsWithinItsBudget) {
  for (int i = 0; i < 6; ++i) drop_and_run();
  const MaintainOutcome planned = tend({.dry_run = true});
  ASSERT_GE(planned.compaction.tables.size(), 1U);
  const auto cost = [](const CompactionOutcome& outcome) { return outcome.read_bytes + outcome.written_bytes; };
  const MaintainOutcome none = tend({.budget_bytes = 1000});
  EXPECT_TRUE(none.compaction.tables.empty());
  ASSERT_FALSE(none.compaction.skipped.empty());
  EXPECT_EQ(none.compaction.skipped[0].reason, "budget");
  const std::uint64_t budget = cost(planned.compaction);
  const MaintainOutcome some = tend({.budget_bytes = budget});
  EXPECT_LE(cost(some.compaction), budget);
  EXPECT_FALSE(some.compaction.tables.empty());
}

// A table that nobody publishes any more keeps the files of its last snapshot alone.
TEST_F(MaintainTest, LetsGoOfSnapshotsBeyondRetention) {
  write("lochan.yaml", "name: tended\nconnections:\n  drop: files:./drop\nretention: { publications: 1h, keep_publications: 1 }\n"
                       "maintain: { delete_ratio: 100% }\n");
  for (int i = 0; i < 4; ++i) drop_and_run();
  const std::string rows = ask("select * from mart.total");
  const auto count_files = [&] {
    std::size_t count = 0;
    lake().store().list("mart/total/data", [&](const ObjectInfo&) { ++count; });
    return count;
  };
  EXPECT_EQ(count_files(), 4U);
  clock_.advance(std::chrono::hours{2});
  tend();
  clock_.advance(std::chrono::hours{2});
  tend();
  EXPECT_EQ(count_files(), 1U);
  EXPECT_EQ(ask("select * from mart.total"), rows);
  const std::int64_t publication = lake().catalog().current_publication();
  clock_.advance(std::chrono::hours{2});
  tend();
  EXPECT_EQ(lake().catalog().current_publication(), publication) << "there was nothing more to let go of";
  EXPECT_EQ(run().state, RunState::Nothing);
}

// Another engine may be in the middle of a commit to a table of its own; to what the project makes nobody else writes.
TEST_F(MaintainTest, LeavesUnfinishedFilesOfOthersForADay) {
  drop_and_run();
  for (const char* file : {"lab/note/data/half.parquet", "mart/total/data/half.parquet"}) lake().store().write(file, "half");
  const auto removed = [&](const MaintainOutcome& outcome, const char* file) {
    return std::ranges::find(outcome.removed_files, file) != outcome.removed_files.end();
  };
  const MaintainOutcome first = tend();
  EXPECT_TRUE(removed(first, "mart/total/data/half.parquet"));
  EXPECT_FALSE(removed(first, "lab/note/data/half.parquet"));
  Quiet quiet;
  clock_.advance(std::chrono::hours{23});
  EXPECT_FALSE(removed(maintain(lake(), {}, quiet), "lab/note/data/half.parquet"));
  clock_.advance(std::chrono::hours{1});
  EXPECT_TRUE(removed(maintain(lake(), {}, quiet), "lab/note/data/half.parquet"));
}

TEST_F(MaintainTest, LeavesImmutableLayersAlone) {
  write("lochan.yaml", "name: tended\nconnections:\n  drop: files:./drop\nlayers:\n  raw: { immutable: true }\n");
  for (int i = 0; i < 6; ++i) drop_and_run();
  tend();
  EXPECT_EQ(data_files(kRaw), 6U);
}

TEST_F(MaintainTest, RemovesOldResponsesOfApisWhole) {
  drop_and_run();
  const auto landed = [&] {
    std::vector<std::string> names;
    lake().store().list("landing/", [&](const ObjectInfo& object) { names.push_back(object.name); });
    std::ranges::sort(names);
    return names;
  };
  const std::vector<std::string> names = {"landing/volt/orders/20261101T000000.000000Z/000000-000001.json.zst",
                                          "landing/volt/orders/20261101T000000.000000Z/extraction.json"};
  for (const std::string& name : names) lake().store().write(name, "{}");
  tend();
  EXPECT_EQ(landed(), names) << "they are kept for thirty days";
  write("lochan.yaml", "name: tended\nconnections:\n  drop: files:./drop\nretention: { landing: 30s }\n");
  open();
  EXPECT_THAT(tend({.dry_run = true}).removed_files, testing::IsSupersetOf(names));
  EXPECT_EQ(landed(), names);
  tend();
  EXPECT_TRUE(landed().empty());
}

TEST_F(MaintainTest, LeavesClaimedTablesAlone) {
  for (int i = 0; i < 6; ++i) drop_and_run();
  const StartedRun other(lake(), {"run", "", "anna", "main"});
  ASSERT_FALSE(lake().catalog().claim(other.number(), "main", std::span(&kRaw, 1)));
  const MaintainOutcome outcome = tend();
  EXPECT_EQ(data_files(kRaw), 6U);
  const auto skipped = std::ranges::find(outcome.compaction.skipped, kRaw, &SkippedTable::table);
  ASSERT_NE(skipped, outcome.compaction.skipped.end());
  EXPECT_EQ(skipped->reason, "a run writes it");
  EXPECT_THAT(outcome.busy, testing::Contains(kRaw));
}

// Else a table that one run after the other writes would never be tidied.
TEST_F(MaintainTest, OfAClaimedTableRemovesWhatIsOlderThanTheRun) {
  drop_and_run();
  const auto leave = [&](const std::string& name) {
    lake().store().write(name, "half");
    std::filesystem::last_write_time(
        folder_ / "lake" / name,
        std::chrono::file_clock::from_sys(std::chrono::time_point_cast<std::chrono::seconds>(clock_.now())));
  };
  leave("raw/sale/data/left.parquet");
  clock_.advance(std::chrono::hours{1});
  const StartedRun other(lake(), {"run", "", "anna", "main"});
  lake().catalog().create_branch("run-99", BranchKind::Run);
  ASSERT_FALSE(lake().catalog().claim(other.number(), "main", std::span(&kRaw, 1)));
  clock_.advance(std::chrono::minutes{5});
  leave("raw/sale/data/new.parquet");
  clock_.advance(std::chrono::hours{1});
  Quiet quiet;
  const MaintainOutcome outcome = maintain(lake(), {}, quiet);
  EXPECT_THAT(outcome.busy, testing::Contains(kRaw));
  EXPECT_THAT(outcome.removed_files, testing::Contains("raw/sale/data/left.parquet"));
  EXPECT_THAT(outcome.removed_files, testing::Not(testing::Contains("raw/sale/data/new.parquet")));
}

// Whoever claims a table that is being tended has it at once, and what tending did is not published.
TEST_F(MaintainTest, GivesWay) {
  for (int i = 0; i < 6; ++i) drop_and_run();
  const std::int64_t publication = lake().catalog().current_publication();
  Engine engine(lake().engine_options());
  StartedRun tending(lake(), {"maintain", "", "", "main"});
  StartedRun other(lake(), {"run", "", "anna", "main"});
  {
    TendedTable tended(lake(), engine, tending, kRaw);
    ASSERT_TRUE(tended.take(0));
    tended.set_files(tended.files(), "replace");
    tended.execute("insert into {} select * from {}");
    EXPECT_FALSE(tended.was_wanted());
    EXPECT_FALSE(lake().catalog().claim(other.number(), "main", std::span(&kRaw, 1)));
    EXPECT_TRUE(tended.was_wanted());
    EXPECT_FALSE(tended.publish({.table = kRaw, .properties = {}, .data_unchanged = true}, "compaction"));
    // What is still under way ends by itself.
    EXPECT_THROW(
        for (;;) tended.execute("insert into {} select * from {} limit 1"), Error);
  }
  EXPECT_EQ(lake().catalog().current_publication(), publication);
  EXPECT_TRUE(holds_claim(lake().catalog(), other.number(), "main", kRaw));
  EXPECT_EQ(ask("select count(*) from raw.sale"), "60");
  // The other way round nothing is taken.
  TendedTable tended(lake(), engine, tending, kRaw);
  EXPECT_FALSE(tended.take(1));
  EXPECT_TRUE(holds_claim(lake().catalog(), other.number(), "main", kRaw));
}

}  // namespace
}  // namespace lochan
