// Folders of files: each is read once, and what is wrong with one is said by its name and line.
#include <gmock/gmock.h>
#include <zlib.h>

#include <fstream>

#include "tests/source/load_fixture.h"

namespace lochan {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class FilesTest : public LoadFixture {
 protected:
  FilesTest() {
    kind_ = "files";
    table_.from = "*.csv";
    incremental_files();
    std::filesystem::create_directories(drop());
  }
  void incremental_files() { table_.load = LoadMode::Incremental; }
  std::filesystem::path drop() const { return folder_ / "shop"; }
  void write(const std::string& name, const std::string& text) const { std::ofstream(drop() / name, std::ios::binary) << text; }
  std::vector<std::string> loaded_rows(const std::string& columns) {
    return rows("select " + columns + " from LAKE.raw.sale order by all");
  }
};

TEST_F(FilesTest, ReadsEachFileOnce) {
  write("1.csv", "id,price\n1,2.5\n2,3\n");
  EXPECT_EQ(load().rows_written, 2);
  EXPECT_FALSE(load().changed);
  write("2.csv", "id,price\n3,4.25\n");
  EXPECT_EQ(load().rows_written, 1);
  EXPECT_THAT(loaded_rows("id, price, _file"), ElementsAre("1|2.5|1.csv", "2|3.0|1.csv", "3|4.25|2.csv"));
}

TEST_F(FilesTest, ColumnsHaveTheTypesThatAreWritten) {
  table_.options["columns"] = R"json({"id": "BIGINT", "a column with a long name": "VARCHAR", "price": "DECIMAL(10,2)"})json";
  write("1.csv", "id,a column with a long name,price\n1,7,2.5\n");
  load();
  EXPECT_THAT(loaded_rows("typeof(id), typeof(\"a column with a long name\"), typeof(price), price"),
              ElementsAre("BIGINT|VARCHAR|DECIMAL(10,2)|2.50"));
}

TEST_F(FilesTest, OfARewrittenFileOnlyWhatDiffersIsNew) {
  key("id");
  write("1.csv", "id,price\n1,2\n2,3\n");
  load();
  write("1.csv", "id,price\n1,2\n2,4\n3,100\n");
  EXPECT_EQ(load().rows_written, 2);
  EXPECT_THAT(rows(latest("id, price")), ElementsAre("1|2", "2|4", "3|100"));
}

TEST_F(FilesTest, AFullLoadMarksTheRowsOfFilesThatAreGone) {
  table_.load = LoadMode::Full;
  key("id");
  write("1.csv", "id\n1\n");
  write("2.csv", "id\n2\n");
  load();
  std::filesystem::remove(drop() / "1.csv");
  EXPECT_EQ(load().rows_written, 1);
  EXPECT_THAT(rows(latest("id")), ElementsAre("2"));
}

TEST_F(FilesTest, AddsAColumnThatANewFileHas) {
  write("1.csv", "id\n1\n");
  load();
  write("2.csv", "unit,id\nkg,2\n");
  EXPECT_THAT(load().added_columns, ElementsAre("unit"));
  EXPECT_THAT(loaded_rows("id, unit"), ElementsAre("1|null", "2|kg"));
}

TEST_F(FilesTest, ReadsJson) {
  table_.from = "*";
  write("1.jsonl", "{\"id\": 1, \"tags\": [\"a\"]}\n");
  load();
  EXPECT_THAT(loaded_rows("id, tags"), ElementsAre("1|[a]"));
}

TEST_F(FilesTest, ReadsSmallTypesOfParquetAsThoseOfTheLake) {
  table_.from = "*.parquet";
  session().execute(fmt::format("copy (select 7::smallint as id, 3::utinyint as n, 'a'::varchar as what, [1::tinyint] as l, "
                                "18446744073709551615::ubigint as big) to '{}'",
                                (drop() / "1.parquet").string()));
  load();
  EXPECT_THAT(loaded_rows("id, n, what, l, big"), ElementsAre("7|3|a|[1]|18446744073709551615"));
  EXPECT_EQ(load().rows_written, 0);
}

TEST_F(FilesTest, ReadsGzip) {
  table_.from = "*.csv.gz";
  gzFile file = gzopen((drop() / "1.csv.gz").c_str(), "wb");
  gzputs(file, "id;what\n1;a,b\n");
  gzclose(file);
  load();
  EXPECT_THAT(loaded_rows("id, what"), ElementsAre("1|a,b"));
}

TEST_F(FilesTest, NamesTheRowWithAnotherNumberOfValues) {
  table_.max_rejected.rows = 0;
  write("1.csv", "id,price\n1,2\n");
  load();
  write("2.csv", "id,price\n1,2\n2,3,4\n");
  EXPECT_EQ(load_error(), "data: `raw.sale`: 1 of 2 records refused, and `max_rejected` is 0; the first is 2.csv:3: 3 values where the "
                          "first line has 2 (correct what it reads or its checks, or raise `max_rejected`)");
}

TEST_F(FilesTest, NoLineIsAComment) {
  write("1.csv", "id,price\n#1,2\n2,3\n");
  load();
  EXPECT_THAT(loaded_rows("id, price"), ElementsAre("#1|2", "2|3"));
}

TEST_F(FilesTest, NamesTheValueThatIsNotOfItsColumn) {
  table_.max_rejected.rows = 0;
  write("1.csv", "id,price\n1,2\n");
  load();
  write("2.csv", "id,price\n2,cheap\n");
  EXPECT_THAT(load_error(), HasSubstr("the first is 2.csv:2: `cheap` in column `price` is no BIGINT"));
  EXPECT_EQ(count("select count(*) from LAKE.raw.sale"), 1);
  write("2.csv", "id,price\n2,3\n");
  EXPECT_EQ(load().rows_written, 1);
}

TEST_F(FilesTest, NamesTheFileThatIsNoUtf8) {
  write("1.csv", "id,what\n1,p\xe9" "che\n");
  EXPECT_THAT(load_error(), HasSubstr("1.csv:2: it is not written in UTF-8 (give `encoding: latin-1`, `windows-1251` or another in the source file)"));
  table_.options["encoding"] = "latin-1";
  load();
  EXPECT_THAT(loaded_rows("what"), ElementsAre("péche"));
}

TEST_F(FilesTest, SaysWhenNoFileMatches) {
  write("1.json", "{}");
  EXPECT_THAT(load_error(), HasSubstr("not_found: connection `shop`: no file matches `*.csv`"));
  std::filesystem::remove_all(drop());
  EXPECT_THAT(load_error(), HasSubstr("unavailable: connection `shop`: the folder `"));
}

TEST_F(FilesTest, LeavesFilesAloneThatAreStillBeingWritten) {
  write("1.csv", "id\n1\n");
  write("2.csv.part", "id\n2");
  write(".3.csv", "id\n3\n");
  EXPECT_EQ(load().rows_written, 1);
}

// A source whose file grows while it is read: what `confirm` is for.
class Growing final : public Source, public LandingSource {
 public:
  Growing(std::unique_ptr<Source> files, std::filesystem::path file) : files_(std::move(files)), file_(std::move(file)) {}
  std::vector<Stream> discover() override { return files_->discover(); }
  Stream describe(const SourceTable& table, std::span<const Column> known) override { return files_->describe(table, known); }
  std::optional<std::string> change_mark(std::span<const SourceTable* const> tables) override { return files_->change_mark(tables); }
  Extract extract(Session& session, const SourceTable& table, const Cursor& from) override {
    Extract extract = files_->extract(session, table, from);
    std::ofstream(file_, std::ios::app) << "2\n";
    return extract;
  }
  void open(Session& session) override { files_->open(session); }
  void close(Session& session) noexcept override { files_->close(session); }
  void confirm() override { files_->confirm(); }
  void land(const Landing& landing, std::span<const Table> tables) override { dynamic_cast<LandingSource&>(*files_).land(landing, tables); }
  Error explain(const Error& error) const override { return files_->explain(error); }

 private:
  std::unique_ptr<Source> files_;
  std::filesystem::path file_;
};

TEST_F(FilesTest, AFileThatGrowsWhileItIsReadIsReadAgainLater) {
  write("1.csv", "id\n1\n");
  Growing source(make_source(connection()), drop() / "1.csv");
  EXPECT_THAT(error([&] { load(source, connection()); }),
              HasSubstr("unavailable: connection `shop`: `1.csv` changed while it was read"));
  EXPECT_FALSE(find(kRawSale));
  EXPECT_EQ(load().rows_written, 2);
}

}  // namespace
}  // namespace lochan
