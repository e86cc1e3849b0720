// Files in a bucket of a real server: each read once and as it was listed, whatever happens on the way.
#include <gmock/gmock.h>

#include "project/files_config.h"
#include "tests/source/load_fixture.h"
#include "tests/support/dying_store.h"
#include "tests/support/proxy.h"
#include "tests/support/s3_server.h"

namespace lochan {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class BucketFiles : public LoadFixture {
 protected:
  BucketFiles() {
    S3Server::get().make_bucket("files");
    place_ = S3Server::get().place("s3://files/" + random_uuid());
    bucket_ = make_s3_store(place_, clock());
    table_.from = "*.csv";
    table_.load = LoadMode::Incremental;
  }
  Connection connection() const {
    Connection connection;
    connection.name = "shop";
    connection.kind = "files";
    connection.location = place_.location;
    connection.files = std::make_shared<FilesSettings>();
    connection.files->bucket = place_;
    connection.files->bucket.written_in = "the connection `shop`";
    return connection;
  }
  void through(const Proxy& proxy) { place_.s3.endpoint = proxy.through(place_.s3.endpoint); }
  LoadedTable load() {
    const Connection from = connection();
    const auto source = make_source(from);
    return LoadFixture::load(*source, from);
  }
  std::string load_error() {
    return error([&] { load(); });
  }
  std::vector<std::string> loaded() { return rows("select id, _file from LAKE.raw.sale order by all"); }

  LakePlace place_;
  std::unique_ptr<ObjectStore> bucket_;
};

TEST_F(BucketFiles, AreReadOnce) {
  bucket_->write("a.csv", "id\n1\n");
  bucket_->write("day=1/b, ü &.csv", "id\n2\n");
  table_.from = "**.csv";
  EXPECT_EQ(load().rows_written, 2);
  EXPECT_FALSE(load().changed);
  bucket_->write("a.csv", "id\n1\n3\n");
  EXPECT_EQ(load().rows_written, 1);
  bucket_->remove(std::string("a.csv"));
  EXPECT_FALSE(load().changed);
  EXPECT_THAT(loaded(), ElementsAre("1|a.csv", "2|day=1/b, ü &.csv", "3|a.csv"));
}

TEST_F(BucketFiles, MoreThanOnePageOfThem) {
  for (int i = 0; i < 1100; ++i) bucket_->write(fmt::format("{:04}.csv", i), fmt::format("id\n{}\n", i));
  EXPECT_EQ(load().rows_written, 1100);
  EXPECT_FALSE(load().changed);
}

TEST_F(BucketFiles, OneThatChangesBehindTheListIsReadAnotherTime) {
  bucket_->write("a.csv", "id\n1\n");
  load();
  bucket_->write("b.csv", "id\n2\n");
  bucket_->write("c.csv", "id\n3\n");
  const Connection from = connection();
  const auto source = make_source(from);
  const SourceTable* const tables[] = {&table_};
  source->change_mark(tables);  // lists
  bucket_->write("b.csv", "id\n20\n");
  bucket_->remove(std::string("c.csv"));
  EXPECT_EQ(LoadFixture::load(*source, from).rows_written, 0);
  EXPECT_FALSE(source->read_as_marked());
  EXPECT_EQ(load().rows_written, 1);
  EXPECT_THAT(loaded(), ElementsAre("1|a.csv", "20|b.csv"));
}

TEST_F(BucketFiles, WhatIsWrongWithThePlaceIsToldInWords) {
  bucket_->write("a.csv", "id\n1\n");
  const LakePlace right = place_;
  place_.location = "s3://no-such-bucket/x";
  EXPECT_THAT(load_error(), HasSubstr("project: connection `shop`: there is no bucket `no-such-bucket` at "));
  EXPECT_THAT(load_error(), HasSubstr("make it, or name another in the connection `shop`"));
  place_ = right;
  place_.s3.keys.secret_access_key = "wrong";
  EXPECT_THAT(load_error(), HasSubstr("refuses the secret key of"));
  place_ = right;
  place_.s3.keys.access_key_id = "nobody";
  EXPECT_THAT(load_error(), HasSubstr("knows no access key `nobody`"));
  place_ = right;
  place_.location += "/empty";
  EXPECT_THAT(load_error(), HasSubstr("not_found: connection `shop`: no file matches `*.csv` in `s3://files/"));
}

TEST_F(BucketFiles, AServerThatGoesAwayAndComesBack) {
  const Proxy proxy(S3Server::get().port());
  bucket_->write("a.csv", "id\n1\n");
  through(proxy);
  load();
  bucket_->write("b.csv", "id\n2\n");
  proxy.cut();
  EXPECT_THAT(load_error(), HasSubstr("unavailable: connection `shop`: `s3://files`"));
  proxy.restore();
  EXPECT_EQ(load().rows_written, 1);
}

TEST_F(BucketFiles, ConnectionsThatAreCutAndSlowChangeNothing) {
  std::string text = "id,what\n";
  for (int i = 0; i < 2000; ++i) text += fmt::format("{},{}\n", i, std::string(1000, 'x'));
  for (int i = 0; i < 3; ++i) bucket_->write(fmt::format("{}.csv", i), text);
  const Proxy proxy(S3Server::get().port());
  through(proxy);
  proxy.delay(50);
  EXPECT_EQ(load().rows_written, 6000);
  proxy.restore();
  proxy.cut_after(300'000);  // no file comes through whole
  bucket_->write("3.csv", text);
  EXPECT_THAT(load_error(), HasSubstr("unavailable: connection `shop`: "));
  EXPECT_EQ(count("select count(*) from LAKE.raw.sale"), 6000);
  proxy.restore();
  EXPECT_EQ(load().rows_written, 2000);
  EXPECT_EQ(count("select count(distinct (id, _file)) from LAKE.raw.sale"), 8000);
}

TEST_F(BucketFiles, BytesThatAreLandedSurviveAKillAtEveryStep) {
  table_.options = {{"format", "bytes"}};
  table_.from = "**";
  for (int i = 0; i < 3; ++i) bucket_->write(fmt::format("{}.bin", i), fmt::format("content {}", i));
  bool has_ended = false;
  int deaths = 0;
  for (int lives = 0; !has_ended && lives < 40; ++lives) {
    has_ended = lives_to_the_end([&] {
      DyingStore dying(store(), lives);
      const Connection from = connection();
      const auto source = make_source(from);
      Landing place{dying, clock(), log_, 1};
      const LandingSource::Table tables[] = {{&table_, {}}};
      dynamic_cast<LandingSource&>(*source).land(place, tables);
      return true;
    });
    deaths += has_ended ? 0 : 1;
  }
  EXPECT_TRUE(has_ended);
  EXPECT_GE(deaths, 1);  // each finds there what the ones before it landed
  EXPECT_EQ(load().rows_written, 3);
  for (const std::string& row : rows("select location || '|' || sha256 from LAKE.raw.sale")) {
    const std::string location = row.substr(0, row.find('|'));
    EXPECT_EQ(sha256(store().read(location)), row.substr(row.find('|') + 1));
  }
}

}  // namespace
}  // namespace lochan
