// The sink to files: which files it writes, and what a death between any two writes leaves.
#include <fmt/ranges.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "base/file.h"
#include "base/hash.h"
#include "base/sql.h"
#include "project/sink_files.h"
#include "sink/file_carry.h"
#include "tests/sink/carry_fixture.h"
#include "tests/support/passing_store.h"
#include "tests/support/proxy.h"
#include "tests/support/s3_server.h"

namespace lochan {
namespace fs = std::filesystem;
namespace {

class FilesSinkTest : public CarryFixture, public testing::Test {
 protected:
  FilesSinkTest() {
    config_.schema = "";
    connection_.name = "out";
    connection_.kind = "files";
    connection_.location = root_.string();
  }
  ~FilesSinkTest() override { fs::remove_all(root_); }

  CarriedTable carry_into(std::unique_ptr<ObjectStore> store) {
    CarryRequest request;
    request.sink = &config_;
    request.project = "shop";
    request.publication = publication_;
    request.rows_at = [&](const TableName&, std::int64_t publication, const std::string&) {
      return std::optional(fmt::format("memory.main.sale_{}", publication));
    };
    const std::string rows = fmt::format("memory.main.sale_{}", publication_);
    const CarryTable table{&table_,
                           fmt::format("version {}", publication_),
                           columns(publication_),
                           rows,
                           session().query("select count(*) from " + rows).integer(),
                           "",
                           true};
    const auto place = make_sink_bucket(std::move(store));
    FileCarry carry(*place, session(), request, table, [] {});
    carry.carry();
    return carry.carried();
  }
  void options(const SinkFiles& files) { table_.files = std::make_shared<SinkFiles>(files); }
  CarriedTable carry() { return CarryFixture::carry(connection_); }
  void publish_days() {
    publish("select i as id, 'n' || i as what, date '2026-11-01' + (i // 10)::int as dt from range(30) r(i)");
  }
  // Names of folders and the endings of files, with the times they were written.
  std::map<std::string, fs::file_time_type> files() {
    std::map<std::string, fs::file_time_type> found;
    for (const auto& entry : fs::recursive_directory_iterator(root_ / "sale"))
      if (entry.is_regular_file())
        found[entry.path().lexically_relative(root_ / "sale").generic_string()] = entry.last_write_time();
    found.erase("_lochan.json");
    return found;
  }
  std::vector<std::string> folders() {
    std::set<std::string> found;
    for (const auto& [name, at] : files()) found.insert(fs::path(name).parent_path().generic_string());
    return {found.begin(), found.end()};
  }
  std::int64_t count(const std::string& what) { return session().query("select count(*) from " + what).integer(); }

  const fs::path root_ = fs::temp_directory_path() / ("lochan_files_" + random_uuid());
  Connection connection_;
};

TEST_F(FilesSinkTest, FolderForEachValue) {
  options({.partition_by = {{"dt", {}}}});
  publish_days();
  EXPECT_EQ(carry().rows_written, 30);
  EXPECT_EQ(folders(), (std::vector<std::string>{"dt=2026-11-01", "dt=2026-11-02", "dt=2026-11-03"}));
  const std::string all = "read_parquet('" + (root_ / "sale/**/*.parquet").string() + "', hive_partitioning = true)";
  EXPECT_EQ(count(fmt::format("(from {} except all select id, what, dt from memory.main.sale_1)", all)), 0);
  EXPECT_EQ(count(all), 30);
}

TEST_F(FilesSinkTest, OnlyFoldersWithOtherRowsAreWrittenAnew) {
  options({.partition_by = {{"dt", {}}}});
  publish_days();
  carry();
  const auto before = files();
  change("update SALE set what = 'other' where id = 15");
  EXPECT_EQ(carry().rows_written, 10);
  const auto after = files();
  int same = 0;
  for (const auto& [name, at] : after) same += before.contains(name) ? 1 : 0;
  EXPECT_EQ(same, 2) << "of the days before and after it";
  EXPECT_EQ(after.size(), 3U);
}

TEST_F(FilesSinkTest, FolderWithoutRowsGoesAndNullHasOne) {
  options({.partition_by = {{"dt", {}}}});
  publish_days();
  carry();
  change("delete from SALE where dt = date '2026-11-02'; update SALE set dt = null where id = 1");
  carry();
  EXPECT_EQ(folders(), (std::vector<std::string>{"dt=2026-11-01", "dt=2026-11-03", "dt=__HIVE_DEFAULT_PARTITION__"}));
  EXPECT_EQ(count("read_parquet('" + (root_ / "sale/**/*.parquet").string() + "')"), 20);
}

TEST_F(FilesSinkTest, CsvAsDeclared) {
  options({.format = SinkFormat::Csv, .delimiter = ";", .header = true, .null_text = "NULL"});
  publish("select * from (values (1, 'a;b'), (2, null)) t(id, what)");
  carry();
  const auto found = files();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_TRUE(found.begin()->first.ends_with(".csv"));
  EXPECT_EQ(read_file(root_ / "sale" / found.begin()->first), "id;what\n1;\"a;b\"\n2;NULL\n");
}

TEST_F(FilesSinkTest, CompressedJsonInFilesOfSomeRows) {
  options({.format = SinkFormat::JsonText, .compression = SinkCompression::Gzip, .max_rows = 12});
  publish_days();
  carry();
  EXPECT_EQ(files().size(), 3U);
  EXPECT_TRUE(files().begin()->first.ends_with(".json.gz"));
  EXPECT_EQ(count("read_json('" + (root_ / "sale/*.json.gz").string() + "')"), 30);
}

TEST_F(FilesSinkTest, JsonOfAFolderIsALineForEachRow) {
  options({.format = SinkFormat::JsonText, .partition_by = {{"dt", {}}}});
  publish(
      "select * from (values (1, 'a\"b\n', [1, 2], '2026-11-01'), (2, null, [], '2026-11-01')) t(id, what, list, dt)");
  carry();
  const auto found = files();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(read_file(root_ / "sale" / found.begin()->first), R"({"id":1,"what":"a\"b\n","list":[1,2]})"
                                                              "\n"
                                                              R"({"id":2,"what":null,"list":[]})"
                                                              "\n");
}

TEST_F(FilesSinkTest, AppendAddsAFileAndLeavesTheOthers) {
  table_.write = SinkWrite::Append;
  publish_days();
  carry();
  const auto before = files();
  change("insert into SALE values (30, 'n30', date '2026-11-04')");
  EXPECT_EQ(carry().rows_written, 1);
  EXPECT_EQ(files().size(), 2U);
  EXPECT_EQ(files().at(before.begin()->first), before.begin()->second);
}

TEST_F(FilesSinkTest, OtherOptionsWriteAllAnew) {
  publish_days();
  carry();
  options({.format = SinkFormat::Csv});
  EXPECT_TRUE(carry().changed);
  ASSERT_EQ(files().size(), 1U);
  EXPECT_TRUE(files().begin()->first.ends_with(".csv"));
}

TEST_F(FilesSinkTest, UnknownPartitionIsSaid) {
  options({.partition_by = {{"day", {}}}});
  publish_days();
  EXPECT_THAT(error([&] { carry(); }), testing::HasSubstr("no column `day` in `mart.sale`"));
}

// A try that died before the exchange left half of a folder beside the real one.
TEST_F(FilesSinkTest, WhatADeadTryLeftIsInNobodysWay) {
  publish_days();
  carry();
  fs::create_directories(root_ / ".sale.lochan/new/dt=1");
  std::ofstream(root_ / ".sale.lochan/new/dt=1/half.parquet") << "half";
  change("insert into SALE values (30, 'n30', date '2026-11-04')");
  carry();
  EXPECT_EQ(count("read_parquet('" + (root_ / "sale/**/*.parquet").string() + "')"), 31);
  EXPECT_FALSE(fs::exists(root_ / ".sale.lochan/new"));
}

// Where the file system has no exchange it takes two renames; between them the folder is away.
TEST_F(FilesSinkTest, FolderOfATryThatDiedBetweenTwoRenamesComesBack) {
  publish_days();
  carry();
  fs::rename(root_ / "sale", root_ / ".sale.lochan/old");
  EXPECT_FALSE(carry().changed);
  EXPECT_EQ(count("read_parquet('" + (root_ / "sale/**/*.parquet").string() + "')"), 30);
}

TEST_F(FilesSinkTest, ReaderInTheMiddleKeepsItsFiles) {
  publish_days();
  carry();
  std::ifstream reader(root_ / "sale" / files().begin()->first, std::ios::binary);
  change("delete from SALE");
  carry();
  std::string magic(4, ' ');
  reader.read(magic.data(), 4);
  EXPECT_EQ(magic, "PAR1");
}

/// A store whose process dies at the n-th write: from then on nothing gets through.
class MortalStore final : public PassingStore {
 public:
  MortalStore(ObjectStore& store, int& lives) : PassingStore(store), lives_(lives) {}
  using ObjectStore::remove;
  void create(std::string_view name, std::string_view bytes) override {
    live();
    PassingStore::create(name, bytes);
    live();
  }
  void upload(std::string_view name, const fs::path& file) override {
    live();
    PassingStore::upload(name, file);
    live();
  }
  void remove(std::span<const std::string> names) override {
    live();
    PassingStore::remove(names);
    live();
  }

 private:
  void live() const {
    if (lives_ == 0) throw Error(ErrorKind::Unavailable, "dead");
    --lives_;
  }
  int& lives_;
};

class BucketTest : public FilesSinkTest {
 protected:
  CarriedTable carry_until(int lives) { return carry_into(std::make_unique<MortalStore>(*store_, lives_ = lives)); }
  std::string all() const { return "read_parquet('" + (root_ / "**/*.parquet").string() + "')"; }
  // What the newest manifest names.
  std::string named() {
    std::string newest;
    store_->list("_lochan/0", [&](const ObjectInfo& found) { newest = std::max(newest, found.name); });
    std::vector<std::string> names;
    for (const ManifestFile& file : parse_manifest(store_->read(newest), "").files)
      names.push_back("'" + (root_ / file.name).string() + "'");
    return fmt::format("read_parquet([{}])", fmt::join(names, ", "));
  }

  int lives_ = 0;
  const std::unique_ptr<ObjectStore> store_ = make_local_store(root_);
};

constexpr int kForEver = 1'000'000;

TEST_F(BucketTest, DeathBetweenAnyTwoWritesLeavesOneOrTheOther) {
  options({.partition_by = {{"dt", {}}}});
  publish_days();
  carry_until(kForEver);
  bool survived = false;
  int deaths = 0;
  for (int lives = 0; !survived; ++lives) {
    const std::int64_t before = count(named());
    change(fmt::format("insert into SALE values ({0}, 'more', date '2026-11-02')", 100 + lives));
    survived = error([&] { carry_until(lives); }) == "nothing was thrown";
    // Removing comes after the switch: dying there is no failure.
    if (lives_ == 0) survived = false;
    if (!survived) ++deaths;
    const std::int64_t then = count(named());
    EXPECT_TRUE(then == before || then == before + 1) << "died after " << lives;
    carry_until(kForEver);
    EXPECT_EQ(count(named()), before + 1) << "died after " << lives;
    EXPECT_EQ(count(all()), before + 1) << "died after " << lives << ": files that no manifest names are there";
  }
  EXPECT_GT(deaths, 6);
  change("delete from SALE where id = 3");
  carry_until(kForEver);
  std::string ours;
  store_->list("_lochan/", [&](const ObjectInfo& found) { ours += found.name; });
  EXPECT_THAT(ours, testing::MatchesRegex("_lochan/[0-9]+.json")) << "of what dead writers began nothing is left";
}

// A bucket of the real server, by a client that asks once: each cut is met.
class BucketOnALine : public FilesSinkTest {
 protected:
  BucketOnALine() {
    S3Server::get().make_bucket("sink-line");
    options({.partition_by = {{"dt", {}}}});
    publish_days();
  }
  ~BucketOnALine() override {
    std::vector<std::string> names;
    straight_->list("", [&](const ObjectInfo& found) { names.push_back(found.name); });
    straight_->remove(names);
  }

  std::unique_ptr<ObjectStore> store_at(const std::string& endpoint, int attempts) const {
    LakePlace place = S3Server::get().place(location_);
    place.s3.endpoint = endpoint;
    return make_s3_store(place, clock_, {.attempts = attempts, .first_delay = std::chrono::milliseconds{1}});
  }
  CarriedTable carry_straight() { return carry_into(store_at(S3Server::get().endpoint(), 1)); }
  CarriedTable carry_through(int attempts = 1) {
    return carry_into(store_at(proxy_.through(S3Server::get().endpoint()), attempts));
  }

  // Of the files that the newest manifest names; with all that lie there they must be the same when nothing is half
  // done.
  std::int64_t rows_there() {
    std::string newest;
    straight_->list("_lochan/0", [&](const ObjectInfo& found) { newest = std::max(newest, found.name); });
    std::vector<std::string> names;
    for (const ManifestFile& file : parse_manifest(straight_->read(newest), "").files) {
      straight_->download(file.name, root_ / file.name);
      names.push_back(sql::literal((root_ / file.name).string()));
    }
    return count(fmt::format("read_parquet([{}])", fmt::join(names, ", ")));
  }
  int files_there() {
    int files = 0;
    straight_->list("", [&](const ObjectInfo& found) { files += found.name.starts_with("_lochan/") ? 0 : 1; });
    return files;
  }

  const SystemClock clock_;
  const Proxy proxy_{S3Server::get().port()};
  const std::string location_ = "s3://sink-line/" + random_uuid();
  const std::unique_ptr<ObjectStore> straight_ = make_s3_store(S3Server::get().place(location_), clock_);
};

TEST_F(BucketOnALine, CutAtAnyPointNeitherLosesNorDoubles) {
  carry_straight();
  std::int64_t rows = 30;
  int unknown = 0;
  for (const bool is_answer : {true, false}) {
    int cuts = 0;
    for (int bytes = 50;; bytes += 97) {
      SCOPED_TRACE(fmt::format("{} after {} bytes", is_answer ? "answers cut" : "requests cut", bytes));
      change(fmt::format("insert into SALE values ({}, 'more', date '2026-11-02')", ++rows));
      is_answer ? proxy_.cut_after(bytes) : proxy_.cut_after_sent(bytes);
      std::string failure;
      try {
        carry_through();
      } catch (const Error& error) {
        failure = error.what();
        ++cuts;
        EXPECT_TRUE(error.kind() == ErrorKind::Unavailable || error.kind() == ErrorKind::CommitUnknown) << failure;
        EXPECT_THAT(failure, testing::HasSubstr("s3://sink-line"));
        unknown += error.kind() == ErrorKind::CommitUnknown ? 1 : 0;
      }
      proxy_.restore();
      const std::int64_t then = rows_there();
      EXPECT_TRUE(then == rows || (!failure.empty() && then == rows - 1)) << then;
      carry_straight();
      ASSERT_EQ(rows_there(), rows) << failure;
      if (failure.empty()) break;
    }
    EXPECT_GT(cuts, 10);
  }
  EXPECT_GT(unknown, 0);
  change("delete from SALE where id = 3");
  carry_straight();
  EXPECT_EQ(files_there(), 3) << "of what was cut off nothing is left";
}

TEST_F(BucketOnALine, ASlowLineChangesNothing) {
  proxy_.delay(30);
  proxy_.narrow(200);
  EXPECT_EQ(carry_through().rows_written, 30);
  change("insert into SALE values (30, 'more', date '2026-11-04')");
  carry_through();
  EXPECT_EQ(rows_there(), 31);
}

TEST_F(BucketOnALine, AServerThatGoesAwayAndComesBack) {
  carry_straight();
  change("insert into SALE values (30, 'more', date '2026-11-04')");
  proxy_.cut();
  EXPECT_THAT(error([&] { carry_through(3); }),
              testing::AllOf(testing::StartsWith("unavailable: "), testing::HasSubstr("s3://sink-line"),
                             testing::HasSubstr(", 3 times")));
  proxy_.restore();
  EXPECT_EQ(carry_through().rows_written, 1);
  EXPECT_EQ(rows_there(), 31);
}

TEST_F(BucketOnALine, WhatIsWrongWithThePlaceIsToldInWords) {
  const auto refused = [&](auto&& alter) {
    LakePlace place = S3Server::get().place(location_);
    alter(place);
    return error([&] { carry_into(make_s3_store(place, clock_)); });
  };
  EXPECT_THAT(refused([](LakePlace& place) { place.location = "s3://no-such-bucket/x"; }),
              testing::HasSubstr("there is no bucket `no-such-bucket` at "));
  EXPECT_THAT(refused([](LakePlace& place) { place.s3.keys.secret_access_key = "wrong"; }),
              testing::HasSubstr("refuses the secret key of"));
  EXPECT_THAT(refused([](LakePlace& place) { place.s3.keys.access_key_id = "nobody"; }),
              testing::HasSubstr("knows no access key `nobody`"));
}

}  // namespace
}  // namespace lochan
