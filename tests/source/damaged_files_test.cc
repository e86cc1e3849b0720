// Records of files that can't be read: each line is a row or a refused record, whatever the damage.
#include <gmock/gmock.h>
#include <zlib.h>

#include <fstream>
#include <random>

#include "tests/source/load_fixture.h"

namespace lochan {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::string kLog = "LAKE.raw.sale__rejected";

class DamagedFiles : public LoadFixture {
 protected:
  DamagedFiles() {
    kind_ = "files";
    table_.from = "*";
    table_.load = LoadMode::Incremental;
    std::filesystem::create_directories(drop());
  }
  std::filesystem::path drop() const { return folder_ / "shop"; }
  void write(const std::string& name, const std::string& text) const { std::ofstream(drop() / name, std::ios::binary) << text; }
  std::vector<std::string> loaded_rows(const std::string& columns) {
    return rows("select " + columns + " from LAKE.raw.sale order by all");
  }
  std::vector<std::string> open() {
    return rows("select position, payload, reason from " + kLog + " where closed_run is null order by all");
  }
};

TEST_F(DamagedFiles, LinesOfCsvWithAnotherNumberOfValuesAreRefused) {
  write("a.csv", "id,what\n1,mango\n2,kiwi,green\n\n3,\"a\nb\"\n4\n");
  const LoadedTable loaded = load();
  EXPECT_EQ(loaded.rows_read, 4);
  EXPECT_EQ(loaded.rows_rejected, 2);
  EXPECT_THAT(loaded_rows("id, replace(what, chr(10), '/'), _file"), ElementsAre("1|mango|a.csv", "3|a/b|a.csv"));
  EXPECT_THAT(open(), ElementsAre("a.csv:3|2,kiwi,green|3 values where the first line has 2", "a.csv:7|4|1 value where the first line has 2"));
  EXPECT_FALSE(load().changed);
}

TEST_F(DamagedFiles, ABadLineMakesNoNumberText) {
  write("a.csv", "id,price\n1,2\n2,3,cheap\n");
  load();
  EXPECT_THAT(loaded_rows("typeof(id), typeof(price)"), ElementsAre("BIGINT|BIGINT"));
}

TEST_F(DamagedFiles, ValuesThatAreNotOfTheirColumnAreRefused) {
  write("a.csv", "id,price\n1,2\n");
  load();
  write("b.csv", "price,id\n2,cheap\n3,7\n4,x,9\n");
  write("c.csv", "id,price\n8,9\n");
  EXPECT_EQ(load().rows_rejected, 2);
  EXPECT_THAT(loaded_rows("id, price, typeof(id), _file"), ElementsAre("1|2|BIGINT|a.csv", "7|3|BIGINT|b.csv", "8|9|BIGINT|c.csv"));
  EXPECT_THAT(open(), ElementsAre("b.csv:2|2,cheap|`cheap` in column `id` is no BIGINT", "b.csv:4|4,x,9|3 values where the first line has 2"));
}

TEST_F(DamagedFiles, TypesThatAreWrittenAreStrict) {
  table_.options["columns"] = R"json({"price": "DECIMAL(10,2)"})json";
  write("a.csv", "id,price\n1,2.5\n2,cheap\n");
  EXPECT_EQ(load().rows_rejected, 1);
  EXPECT_THAT(loaded_rows("id, price"), ElementsAre("1|2.50"));
  EXPECT_THAT(open(), ElementsAre("a.csv:3|2,cheap|`cheap` in column `price` is no DECIMAL(10,2)"));
}

TEST_F(DamagedFiles, AfterABadQuoteTheNextLineIsReadAnew) {
  write("a.csv", "id,what\n1,\"mango\n2,kiwi\n3,\"lime\"\n4,fig\n");
  load();
  EXPECT_THAT(loaded_rows("id, what"), ElementsAre("2|kiwi", "3|lime", "4|fig"));
  EXPECT_THAT(open(), ElementsAre("a.csv:2|1,\"mango|its quotes don't fit"));
}

TEST_F(DamagedFiles, AFileThatEndsWithinAValueIsNotLoaded) {
  write("a.csv", "id,what\n1,mango,2\n2,\"kiwi\n3,lime\n");
  EXPECT_THAT(load_error(), HasSubstr("data: connection `shop`: a.csv"));
  EXPECT_FALSE(find(kRawSale));
}

TEST_F(DamagedFiles, LinesThatAreNoJsonObjectAreRefused) {
  write("a.jsonl", "{\"id\": 1}\n{\"id\": 2\n3\n{\"id\": 4, \"id\": 5}\n{\"id\": 6, \"tag\": \"x\"}\n{}\n");
  EXPECT_EQ(load().rows_read, 6);
  EXPECT_THAT(loaded_rows("id, tag"), ElementsAre("1|null", "6|x", "null|null"));
  EXPECT_THAT(open(), ElementsAre("a.jsonl:2|{\"id\": 2|it is no sound JSON", "a.jsonl:3|3|it is no JSON object",
                                  "a.jsonl:4|{\"id\": 4, \"id\": 5}|it is a JSON object with one name twice"));
}

TEST_F(DamagedFiles, AStrayLineOfJsonMakesNoColumn) {
  write("a.jsonl", "{\"id\": 1}\n{\"id\": 2}\n");
  load();
  write("b.jsonl", "{\"id\": 3}\n\"x\"\n{\"id\": \"y\"}\n{\"id\": 4}\n");
  const LoadedTable loaded = load();
  EXPECT_THAT(loaded.added_columns, testing::IsEmpty());
  EXPECT_THAT(loaded_rows("id"), ElementsAre("1", "2", "3", "4"));
  EXPECT_THAT(open(), ElementsAre("b.jsonl:2|\"x\"|it is no JSON object", "b.jsonl:3|{\"id\": \"y\"}|`\"y\"` in column `id` is no BIGINT"));
}

TEST_F(DamagedFiles, JsonThatIsNoLinesIsNotLoaded) {
  write("a.json", "{\n  \"items\": [\n    {\"x\": 1},\n    {\"x\": 2}\n  ],\n  oops\n}\n");
  EXPECT_THAT(load_error(), HasSubstr("data: connection `shop`: "));
  write("a.json", "[{\"x\": 1},\n{\"x\": }]\n");
  EXPECT_THAT(load_error(), HasSubstr("data: connection `shop`: "));
}

TEST_F(DamagedFiles, ReadsGzipAndLatin1) {
  table_.options["encoding"] = "latin-1";
  table_.options["compression"] = "gzip";
  gzFile file = gzopen((drop() / "a.csv.gz").c_str(), "wb");
  gzputs(file, "id;what\r\n1;p\xe9" "che\r\n2;p\xe9" "che;3\r\n");
  gzclose(file);
  load();
  EXPECT_THAT(loaded_rows("id, what"), ElementsAre("1|péche"));
  EXPECT_THAT(open(), ElementsAre("a.csv.gz:3|2;péche;3|3 values where the first line has 2"));
}

TEST_F(DamagedFiles, ACorrectedFileClosesItsRecords) {
  write("a.csv", "id\n1\n2,3\n");
  write("b.csv", "id\n5\n6,7\n");
  load();
  write("a.csv", "id\n1\n2\n");
  load();
  EXPECT_THAT(open(), ElementsAre("b.csv:3|6,7|2 values where the first line has 1"));
  EXPECT_THAT(rows("select position, closed_as from " + kLog + " where closed_run is not null"), ElementsAre("a.csv:3|superseded"));
  EXPECT_THAT(loaded_rows("id"), ElementsAre("1", "2", "5"));
}

TEST_F(DamagedFiles, WithAKeyACorrectedFileClosesItsRecordsToo) {
  key("id");
  write("a.csv", "id,price\n1,2\n2,3,4\n");
  load();
  write("a.csv", "id,price\n1,2\n2,3\n");
  load();
  EXPECT_THAT(open(), testing::IsEmpty());
  EXPECT_THAT(loaded_rows("id, price"), ElementsAre("1|2", "2|3"));
}

TEST_F(DamagedFiles, NoKeyIsTakenForGoneWhileRecordsCantBeRead) {
  key("id");
  table_.load = LoadMode::Full;
  write("a.csv", "id,price\n1,2\n2,3\n3,4\n");
  load();
  write("a.csv", "id,price\n1,2\n2,3,4\n");
  load();
  EXPECT_THAT(rows(latest("id")), ElementsAre("1", "2", "3"));
  write("a.csv", "id,price\n1,2\n2,3\n");
  load();
  EXPECT_THAT(rows(latest("id")), ElementsAre("1", "2"));
}

TEST_F(DamagedFiles, NoMoreThanAllowedAreRefused) {
  table_.max_rejected.rows = 1;
  write("a.csv", "id\n1\n2,3\n4,5\n");
  EXPECT_THAT(load_error(), HasSubstr("`raw.sale`: 2 of 3 records refused, and `max_rejected` is 1; the first is a.csv:3: 2 values where"));
  table_.max_rejected = {};
  table_.load = LoadMode::Full;
  write("a.csv", "id\n1,2\n");
  EXPECT_THAT(load_error(), HasSubstr("1 of 1 record refused, which would leave it empty"));
}

// Random damage, in files of which the first load is sound, so that types are known.
class RandomDamage : public DamagedFiles, public testing::WithParamInterface<unsigned> {
 protected:
  int random(int from, int to) { return std::uniform_int_distribution<int>(from, to)(random_); }

  struct Record {
    std::string text;  // as it is in the file
    bool is_sound = true;
  };
  Record csv(int id) {
    switch (random(0, 9)) {
      case 0: return {fmt::format("{},1,x,y", id), false};
      case 1: return {fmt::format("{},1", id), false};
      case 2: return {fmt::format("{},cheap,x", id), false};
      case 3: return {fmt::format("{},1,\"x\"y", id), false};
      case 4: return {fmt::format("{},1,\"a,\"\"b\"\"\nc\"", id)};
      case 5: return {fmt::format("{},,\"\"", id)};
      default: return {fmt::format("{},{},it is {}", id, random(1, 99), random(1, 99))};
    }
  }
  Record json(int id) {
    switch (random(0, 9)) {
      case 0: return {fmt::format("{{\"id\": {}, \"price\": 1, \"what\": ", id), false};
      case 1: return {std::to_string(id), false};
      case 2: return {fmt::format("{{\"id\": {}, \"price\": \"cheap\"}}", id), false};
      case 3: return {fmt::format("{{\"id\": {}, \"price\": 1}}}}", id), false};
      default: return {fmt::format("{{\"id\": {}, \"price\": {}, \"what\": \"it\"}}", id, random(1, 99))};
    }
  }

  std::mt19937 random_{GetParam()};
};

TEST_P(RandomDamage, EachRecordIsARowOrRefused) {
  const bool is_csv = GetParam() % 2 == 0;
  const std::string ending = is_csv ? ".csv" : ".jsonl";
  const std::string header = is_csv ? "id,price,what\n" : "";
  write("0" + ending, is_csv ? header + "0,1,x\n" : "{\"id\": 0, \"price\": 1, \"what\": \"x\"}\n");
  load();
  std::vector<std::string> sound = {"0"}, refused;
  std::int64_t written = 0;
  for (int file = 1; file <= 2; ++file) {
    std::string text = header;
    const std::string name = fmt::format("{}{}", file, ending);
    for (int i = 0; i < 30; ++i) {
      const int id = file * 100 + i;
      // Lines enough that most of JSON's are objects.
      const Record record = i < 15 && !is_csv ? Record{fmt::format("{{\"id\": {}}}", id)} : is_csv ? csv(id) : json(id);
      const auto line = 1 + std::ranges::count(text, '\n');
      if (record.is_sound)
        sound.push_back(std::to_string(id));
      else
        refused.push_back(fmt::format("{}:{}|{}", name, line, record.text));
      text += record.text + (random(0, 1) == 0 && is_csv ? "\r\n" : "\n");
      ++written;
    }
    write(name, text);
  }
  const LoadedTable loaded = load();
  std::ranges::sort(refused);
  EXPECT_EQ(loaded.rows_read, written) << "seed " << GetParam();
  EXPECT_EQ(rows("select id from LAKE.raw.sale order by id"), sound) << "seed " << GetParam();
  auto logged = rows("select position, payload from " + kLog);
  std::ranges::sort(logged);
  EXPECT_EQ(logged, refused) << "seed " << GetParam();
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomDamage, testing::Range(1U, 7U));

}  // namespace
}  // namespace lochan
