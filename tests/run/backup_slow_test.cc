// Backups of a lake that is worked on, killed and damaged; and a lake whose state is lost.
#include <algorithm>
#include <atomic>
#include <set>

#include "base/file.h"
#include "base/sqlite_database.h"
#include "catalog/lake_file.h"
#include "catalog/tag_record.h"
#include "run/adopting.h"
#include "run/backup.h"
#include "run/exclusive.h"
#include "run/state_copy.h"
#include "run/state_migrations.h"
#include "tests/run/tended_lake.h"
#include "tests/support/dying_store.h"
#include "tests/support/passing_store.h"

namespace lochan {
namespace {

namespace fs = std::filesystem;

const TableName kRaw{"raw", "sale"};

// Somebody else does something at the n-th write.
class BusyStore final : public PassingStore {
 public:
  BusyStore(ObjectStore& store, int at, std::function<void()> work)
      : PassingStore(store), at_(at), work_(std::move(work)) {}
  void write(std::string_view name, std::string_view bytes) override {
    if (at_.fetch_sub(1) == 0) work_();
    PassingStore::write(name, bytes);
  }

 private:
  std::atomic<int> at_;  // copies are made by several threads
  const std::function<void()> work_;
};

class BackupTest : public TendedLake {
 protected:
  BackupTest() : target_(make_local_store(folder_ / "copies")) {
    write("models/staging/sale.sql",
          "/* ---\nmaterialized: view\n--- */\nselect id, amount from raw.sale where amount > 0\n");
    write("models/mart/by_amount.sql", "select amount, count(*) as sales from staging.sale group by amount\n");
    write("models/mart/kept.sql",
          "/* ---\nmaterialized: incremental\nkey: id\n--- */\nselect id, amount from staging.sale\n");
  }
  BackupOutcome back_up(std::optional<int> keep = std::nullopt) {
    clock_.advance(std::chrono::minutes{1});
    return make_backup(lake(), *target_, keep, {});
  }
  // An empty machine: the same project, and neither lake nor state.
  void lose(bool lake_too) {
    close();
    fs::remove_all(folder_ / ".lochan");
    drop_test_state(folder_);
    if (lake_too) fs::remove_all(folder_ / "lake");
  }
  std::unique_ptr<Database> state() { return open_test_state(folder_); }
  // In a process of its own. When it was killed, a lease that it had counts as having run out.
  template <typename Work>
  bool lives_to_the_end(Work&& work) {
    const bool has_ended = lochan::lives_to_the_end(std::forward<Work>(work));
    if (!has_ended && is_state_shared())
      state()->execute(
          "do $$ begin if to_regclass('lease') is not null then update lease set expires_at = 0; end if; end $$");
    return has_ended;
  }
  RestoreOutcome restore(std::optional<std::int64_t> at = std::nullopt) {
    close();
    fs::create_directories(folder_ / ".lochan");
    const auto store = make_local_store(folder_ / "lake");
    const auto rows = state();
    return restore_backup(*target_, *store, *rows, find_backup(*target_, at), folder_ / "spool", {});
  }
  std::vector<std::string> rows(const std::string& ref) {
    std::vector<std::string> all;
    for (const char* sql : {"select count(*), sum(id), sum(amount), max(_loaded_at) from raw.sale",
                            "select count(*), sum(id) from staging.sale", "select * from mart.by_amount order by all",
                            "select count(*), sum(id) from mart.kept"})
      all.push_back(ask(sql, ref));
    return all;
  }
  std::vector<DamagedCopy> damage(ObjectStore& target) const {
    return verify_backup(target, find_backup(target, std::nullopt), folder_ / "spool", {});
  }

  std::unique_ptr<ObjectStore> target_;
};

void expect_same(const std::vector<Entry>& after, const std::vector<Entry>& before) {
  ASSERT_EQ(after.size(), before.size());
  for (std::size_t i = 0; i < after.size(); ++i) {
    EXPECT_EQ(after[i].table, before[i].table);
    EXPECT_EQ(after[i].kind, before[i].kind);
    EXPECT_EQ(after[i].metadata_location, before[i].metadata_location);
    EXPECT_EQ(after[i].data_version, before[i].data_version);
    EXPECT_EQ(after[i].columns, before[i].columns);
    EXPECT_EQ(after[i].properties, before[i].properties) << "cursors, fingerprints, inputs, intervals";
  }
}

TEST_F(BackupTest, ALakeThatIsWorkedOnIsCopiedAsItWasAtOnePublication) {
  write("lochan.yaml",
        "name: tended\nretention: { publications: 0s, keep_publications: 1 }\nconnections:\n  drop: files:./drop\n");
  for (int i = 0; i < 4; ++i) drop_and_run(400);
  lake().catalog().create_tag("early", 2, "anna");
  const auto entries = lake().catalog().entries("main");
  const auto then = rows(""), early = rows("at-2");
  const std::int64_t publication = lake().catalog().current_publication();

  // Halfway two runs publish, and tending joins files and removes what nothing reaches.
  BusyStore busy(*target_, 5, [&] {
    drop_and_run(300);
    drop_and_run(300);
    const MaintainOutcome tended = tend();
    EXPECT_FALSE(tended.removed_files.empty());
  });
  const BackupOutcome outcome = make_backup(lake(), busy, std::nullopt, {});
  EXPECT_EQ(outcome.backup.publication, publication);
  EXPECT_TRUE(damage(*target_).empty());
  EXPECT_NE(rows(""), then) << "the lake has gone on";

  lose(true);
  EXPECT_EQ(restore().copied_files, outcome.new_files);
  EXPECT_EQ(lake().catalog().current_publication(), publication);
  expect_same(lake().catalog().entries("main"), entries);
  EXPECT_EQ(rows(""), then);
  EXPECT_EQ(rows("early"), early) << "tags are in it";
  EXPECT_EQ(run().state, RunState::Succeeded) << "and it loads what came later";
  EXPECT_EQ(ask("select count(*) from raw.sale"), "2200");
  EXPECT_FALSE(tend().has_failed());
}

TEST_F(BackupTest, AfterARestoreThereIsNothingToDo) {
  drop_and_run(50);
  drop_and_run(50);
  const auto entries = lake().catalog().entries("main");
  const std::int64_t publication = lake().catalog().current_publication();
  back_up();
  lose(true);
  restore();
  expect_same(lake().catalog().entries("main"), entries);
  const RunOutcome outcome = run();
  EXPECT_FALSE(outcome.publication);
  EXPECT_EQ(lake().catalog().current_publication(), publication);
  EXPECT_TRUE(Journal(lake().state()).find(1)) << "the journal is there too";
  drop_and_run(5);
  EXPECT_EQ(ask("select count(*) from raw.sale"), "105");
}

TEST_F(BackupTest, CopiesOnlyWhatIsNew) {
  drop_and_run(50);
  const BackupOutcome first = back_up();
  EXPECT_EQ(first.new_files, static_cast<std::int64_t>(first.backup.files.size()));
  EXPECT_EQ(back_up().new_files, 0) << "nothing was published since";
  drop_and_run(50);
  const BackupOutcome second = back_up();
  EXPECT_GT(second.new_files, 0);
  EXPECT_LT(second.new_files, static_cast<std::int64_t>(second.backup.files.size()));
  EXPECT_EQ(list_backups(*target_).size(), 3U);
  const BackupOutcome third = back_up(1);
  EXPECT_EQ(third.removed_backups, 3);
  EXPECT_EQ(list_backups(*target_).size(), 1U);
  EXPECT_TRUE(damage(*target_).empty());
}

TEST_F(BackupTest, KilledAtAnyMomentTheEarlierBackupIsWhole) {
  drop_and_run(20);
  back_up();
  const std::string first = find_backup(*target_, std::nullopt).id;
  drop_and_run(20);
  clock_.advance(std::chrono::minutes{1});
  bool has_ended = false;
  int kills = 0;
  for (int lives = 0; !has_ended && lives < 300; lives += 1 + lives / 12) {
    close();
    has_ended = lives_to_the_end([&] {
      DyingStore dying(*target_, lives);
      make_backup(open(), dying, 1, {});
      return true;
    });
    kills += has_ended ? 0 : 1;
    ASSERT_TRUE(damage(*target_).empty()) << "killed at " << lives;
  }
  EXPECT_TRUE(has_ended);
  EXPECT_GE(kills, 10);
  EXPECT_NE(find_backup(*target_, std::nullopt).id, first);
  lose(true);
  restore();
  EXPECT_EQ(ask("select count(*) from raw.sale"), "40");
}

TEST_F(BackupTest, AKilledRestoreIsRunAgain) {
  drop_and_run(20);
  const auto entries = lake().catalog().entries("main");
  back_up();
  lose(true);
  bool has_ended = false;
  int kills = 0;
  for (int lives = 0; !has_ended && lives < 300; lives += 1 + lives / 8) {
    close();
    fs::create_directories(folder_ / ".lochan");
    const auto store = make_local_store(folder_ / "lake");
    has_ended = lives_to_the_end([&] {
      DyingStore dying(*store, lives);
      const auto rows = state();
      restore_backup(*target_, dying, *rows, find_backup(*target_, std::nullopt), folder_ / "spool", {});
      return true;
    });
    kills += has_ended ? 0 : 1;
  }
  EXPECT_TRUE(has_ended);
  EXPECT_GE(kills, 3);
  expect_same(lake().catalog().entries("main"), entries);
  EXPECT_EQ(ask("select count(*) from raw.sale"), "20");
}

TEST_F(BackupTest, WhatAKilledBackupHadCopiedIsUsedByTheNext) {
  drop_and_run(20);
  for (int i = 0; i < 250; ++i)
    lake().store().write("landing/shop/" + std::to_string(i), "a page of rows " + std::to_string(i));
  close();
  constexpr int kStepsOfAWrite = 2;
  const bool has_ended = lives_to_the_end([&] {
    DyingStore dying(*target_, kStepsOfAWrite * 230);
    make_backup(open(), dying, {}, {});
    return true;
  });
  EXPECT_FALSE(has_ended);
  const BackupOutcome outcome = back_up();
  EXPECT_LE(outcome.new_files, static_cast<std::int64_t>(outcome.backup.files.size()) - 200);
  EXPECT_GT(outcome.new_files, 0);
  EXPECT_TRUE(damage(*target_).empty());
  target_->list("copied/", [](const ObjectInfo& info) { ADD_FAILURE() << info.name << " is left"; });
}

TEST_F(BackupTest, OneProcessCopiesIntoAPlaceAtATime) {
  drop_and_run(5);
  const auto other = Exclusive::try_take(lake(), copies_into(target_->uri("")));
  ASSERT_TRUE(other);
  try {
    back_up();
    ADD_FAILURE() << "two at once";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Conflict);
  }
  EXPECT_TRUE(list_backups(*target_).empty());
}

class ReplicaTest : public BackupTest {
 protected:
  ReplicaTest() {
    write("lochan.yaml",
          "name: tended\nretention: { publications: 0s, keep_publications: 1 }\nconnections:\n  drop: files:./drop\n");
  }
  // What is there is what the newest names, and nothing else.
  void expect_tidy() {
    const Backup backup = find_backup(*target_, std::nullopt);
    std::set<std::string> wanted{"replica.json", "state/" + backup.state, "backups/" + backup.id + ".json"};
    for (const auto& [name, file] : backup.files) wanted.insert("files/" + name);
    std::set<std::string> found;
    target_->list("", [&](const ObjectInfo& info) { found.insert(info.name); });
    EXPECT_EQ(found, wanted);
    EXPECT_TRUE(damage(*target_).empty());
  }
};

TEST_F(ReplicaTest, HoldsWhatTheLakeHasAndNothingElse) {
  drop_and_run(400);
  EXPECT_GT(replicate(lake(), *target_, {}).new_files, 0);
  expect_tidy();
  for (int i = 0; i < 3; ++i) drop_and_run(400);
  tend();
  clock_.advance(std::chrono::minutes{1});
  const BackupOutcome outcome = replicate(lake(), *target_, {});
  EXPECT_GT(outcome.new_files, 0);
  EXPECT_GT(outcome.removed_files, 0) << "what the lake no longer has";
  expect_tidy();
  clock_.advance(std::chrono::minutes{1});
  EXPECT_EQ(replicate(lake(), *target_, {}).new_files, 0);
  expect_tidy();
  const auto then = rows("");
  lose(true);
  restore();
  EXPECT_EQ(rows(""), then);
  EXPECT_FALSE(run().publication);
  EXPECT_THROW(make_backup(lake(), *target_, {}, {}), Error) << "it would be removed by the next replicate";
}

TEST_F(ReplicaTest, WhatIsMissingThereIsCopiedAgain) {
  drop_and_run(20);
  replicate(lake(), *target_, {});
  const std::string name = find_backup(*target_, std::nullopt).files.begin()->first;
  target_->remove("files/" + name);
  clock_.advance(std::chrono::minutes{1});
  EXPECT_EQ(replicate(lake(), *target_, {}).new_files, 1);
  expect_tidy();
}

TEST_F(ReplicaTest, KilledAtAnyMomentItIsOnePublicationWhole) {
  drop_and_run(20);
  replicate(lake(), *target_, {});
  drop_and_run(20);
  tend();
  clock_.advance(std::chrono::minutes{1});
  bool has_ended = false;
  int kills = 0;
  for (int lives = 0; !has_ended && lives < 300; lives += 1 + lives / 12) {
    close();
    has_ended = lives_to_the_end([&] {
      DyingStore dying(*target_, lives);
      replicate(open(), dying, {});
      return true;
    });
    kills += has_ended ? 0 : 1;
    ASSERT_TRUE(damage(*target_).empty()) << "killed at " << lives;
  }
  EXPECT_TRUE(has_ended);
  EXPECT_GE(kills, 10);
  expect_tidy();
  lose(true);
  restore();
  EXPECT_EQ(ask("select count(*) from raw.sale"), "40");
}

TEST_F(BackupTest, WhatIsDamagedIsNamed) {
  drop_and_run(20);
  const Backup backup = back_up().backup;
  std::vector<std::string> data;
  for (const auto& [name, file] : backup.files)
    if (name.ends_with(".parquet")) data.push_back("files/" + name);
  ASSERT_GE(data.size(), 3U);
  std::string bytes = target_->read(data[0]);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] + 1);
  target_->write(data[0], bytes);
  target_->write(data[1], bytes + "x");
  target_->remove(data[2]);
  std::vector<std::string> named;
  for (const DamagedCopy& copy : damage(*target_)) named.push_back(copy.name);
  EXPECT_EQ(named, (std::vector<std::string>{data[0], data[1], data[2]}));
  lose(true);
  try {
    restore();
    ADD_FAILURE() << "it was restored";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Data);
    EXPECT_TRUE(error.message().find(data[0]) != std::string::npos) << error.message();
  }
  EXPECT_TRUE(state()->query("select 1 from schema_version").empty()) << "the state comes last";
}

TEST_F(BackupTest, IsRestoredIntoAnEmptyStateInItsPlaceOnly) {
  drop_and_run(5);
  back_up();
  EXPECT_THROW(restore(), Error) << "the state has publications";
  lose(true);
  const auto elsewhere = make_local_store(folder_ / "elsewhere");
  fs::create_directories(folder_ / ".lochan");
  const auto rows = state();
  EXPECT_THROW(restore_backup(*target_, *elsewhere, *rows, find_backup(*target_, std::nullopt), folder_ / "spool", {}),
               Error);
  EXPECT_TRUE(fs::is_empty(folder_ / "elsewhere"));
}

TEST_F(BackupTest, AStateOfAnOlderVersionIsRestoredAndMigrated) {
  // As an older Lochan had it: one part, one version.
  const std::vector<Migration> all(state_migrations().begin(), state_migrations().end());
  std::vector<Migration> old;
  std::ranges::copy_if(all, std::back_inserter(old), [](const Migration& one) { return one.version == 1; });
  const auto before = open_sqlite(folder_ / "old.db");
  migrate(*before, old);
  before->execute("insert into publication(number, run, author, at, message) values (3, 1, 'anna', 7, 'run')");
  std::string copy;
  before->write([&] { copy = copy_state(*before, old, 3); });
  const auto after = open_sqlite(folder_ / "new.db");
  restore_state(*after, all, copy);
  EXPECT_EQ(after->query("select author from publication")[0].text(0), "anna");
  migrate(*after, all);
  EXPECT_TRUE(after->query("select gives_way from claim").empty()) << "today's schema";
  std::vector<Migration> newer = all;
  newer.push_back({"tag", 99, "create table later(n bigint)"});
  const auto future = open_sqlite(folder_ / "future.db");
  migrate(*future, newer);
  future->write([&] { copy = copy_state(*future, newer, 0); });
  const auto present = open_sqlite(folder_ / "present.db");
  EXPECT_THROW(restore_state(*present, all, copy), Error);
}

TEST_F(BackupTest, ALostStateIsAdoptedFromTheFiles) {
  drop_and_run(50);
  drop_and_run(50);
  const auto entries = lake().catalog().entries("main");
  const auto then = rows("");
  const std::int64_t publication = lake().catalog().current_publication();
  const std::int64_t last_run = Journal(lake().state()).next_number() - 1;
  lose(false);
  EXPECT_THROW(lake(), Error) << "a second history over the first";
  close();
  const Adoption adoption = adopt_lake(project(), clock_, std::nullopt, "anna");
  for (const BrokenFile& file : adoption.damaged) ADD_FAILURE() << file.name << ": " << file.what;
  expect_same(lake().catalog().entries("main"), entries);
  EXPECT_EQ(rows(""), then);
  EXPECT_FALSE(run().publication) << "there is nothing to do";
  EXPECT_EQ(lake().catalog().current_publication(), publication);
  EXPECT_GT(Journal(lake().state()).next_number(), last_run) << "runs' numbers are in the rows that they loaded";
  drop_and_run(5);
  EXPECT_EQ(ask("select count(*) from raw.sale"), "105");
}

TEST_F(BackupTest, AdoptingKeepsTags) {
  write("lochan.yaml",
        "name: tended\nretention: { publications: 0s, keep_publications: 1 }\nconnections:\n  drop: files:./drop\n");
  drop_and_run(50);
  lake().catalog().create_tag("first", 1, "anna");
  drop_and_run(50);
  lake().catalog().create_tag("second", 2, "ben");
  lake().catalog().create_tag("unwanted", 2, "ben");
  for (int i = 0; i < 3; ++i) drop_and_run(400);
  lake().catalog().create_tag("now", lake().catalog().current_publication(), "ben");
  lake().catalog().drop_tag("unwanted");
  tend();
  const auto first = rows("first"), second = rows("second"), then = rows("");
  const auto entries = lake().catalog().entries("second");
  EXPECT_NE(first, second);
  lose(false);
  Adoption adoption = adopt_lake(project(), clock_, std::nullopt, "anna");
  EXPECT_TRUE(adoption.damaged.empty());
  EXPECT_TRUE(adoption.lost_tags.empty());
  EXPECT_EQ(lake().catalog().tags().size(), 3U);
  EXPECT_EQ(lake().catalog().tags().back().author, "anna");
  expect_same(lake().catalog().entries("second"), entries);
  EXPECT_EQ(rows("first"), first);
  EXPECT_EQ(rows("second"), second);
  EXPECT_EQ(rows("now"), then);
  EXPECT_EQ(rows(""), then);
  tend();
  EXPECT_EQ(rows("first"), first) << "retention obeys it as before";

  // One that has lost a file is left out, and the others are kept.
  fs::remove(folder_ / "lake" /
             parse_tag_record(lake().store().read("_tags/first.json")).record.entries.front().metadata);
  lose(false);
  adoption = adopt_lake(project(), clock_, std::nullopt, "anna");
  EXPECT_TRUE(adoption.damaged.empty());
  ASSERT_EQ(adoption.lost_tags.size(), 1U);
  EXPECT_EQ(adoption.lost_tags[0].name, "_tags/first.json");
  EXPECT_EQ(lake().catalog().tags().size(), 2U);
  EXPECT_EQ(rows("second"), second);
}

TEST_F(BackupTest, AdoptingNamesWhatIsDamaged) {
  drop_and_run(50);
  const auto files = read_lake_files(lake().catalog(), entry(kRaw));
  const std::string data = files.front().path.substr(std::string("file://").size());
  fs::resize_file(data, fs::file_size(data) - 1);
  lose(false);
  const Adoption adoption = adopt_lake(project(), clock_, std::nullopt, "anna");
  ASSERT_EQ(adoption.damaged.size(), 1U);
  EXPECT_TRUE(data.ends_with(adoption.damaged[0].name));
  EXPECT_THROW(lake(), Error) << "nothing was adopted";
}

}  // namespace
}  // namespace lochan
