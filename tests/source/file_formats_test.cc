// Formats of files and what may be said of them: each is read as a person who opens it would.
#include <gmock/gmock.h>
#include <zlib.h>
#include <zstd.h>

#include <fstream>

#include "tests/source/load_fixture.h"

namespace lochan {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class FileFormats : public LoadFixture {
 protected:
  FileFormats() {
    kind_ = "files";
    table_.from = "*";
    table_.load = LoadMode::Incremental;
    std::filesystem::create_directories(drop());
  }
  std::filesystem::path drop() const { return folder_ / "shop"; }
  void write(const std::string& name, std::string_view text) const {
    std::ofstream(drop() / name, std::ios::binary) << text;
  }
  std::vector<std::string> loaded_rows(const std::string& columns) {
    return rows("select " + columns + " from LAKE.raw.sale order by all");
  }
  std::vector<std::string> refused() {
    return rows("select position, payload, reason from LAKE.raw.sale__rejected where closed_run is null order by all");
  }
};

TEST_F(FileFormats, LettersAreReadInTheirEncoding) {
  struct Case {
    std::string encoding;
    std::string_view bytes;
  };
  const std::vector<Case> cases = {{"windows-1251", "id;what\n1;\xe3\xf0\xf3\xf8\xe0\n"},
                                   {"koi8-r", "id;what\n1;\xc7\xd2\xd5\xdb\xc1\n"},
                                   {"utf-8", std::string_view("\xff\xfei\0d\0;\0w\0h\0a\0t\0\n\0"
                                                              "1\0;\0\x33\x04\x40\x04\x43\x04\x48\x04\x30\x04\n\0",
                                                              34)}};
  for (const Case& of : cases) {
    table_.options["encoding"] = of.encoding;
    write(of.encoding + ".csv", of.bytes);
    EXPECT_EQ(load().rows_written, 1) << of.encoding;
  }
  EXPECT_THAT(loaded_rows("id, what, _file"),
              ElementsAre("1|груша|koi8-r.csv", "1|груша|utf-8.csv", "1|груша|windows-1251.csv"));
}

TEST_F(FileFormats, BrokenLinesOfAnotherEncodingAreRefusedAsLetters) {
  table_.options["encoding"] = "utf-16";
  write("a.csv", std::string_view("\xff\xfei\0,\0w\0\n\0"
                                  "1\0,\0\x33\x04\n\0"
                                  "2\0\n\0",
                                  22));
  EXPECT_EQ(load().rows_rejected, 1);
  EXPECT_THAT(loaded_rows("i, w"), ElementsAre("1|г"));
  EXPECT_THAT(refused(), ElementsAre("a.csv:3|2|1 value where the first line has 2"));
}

TEST_F(FileFormats, AFileInAnotherEncodingIsSetAsideAndTheOthersAreLoaded) {
  write("a.csv", "id,what\n1,fig\n");
  load();
  write("b.csv",
        "id,what\n2,p\xe9"
        "che\n");
  write("c.csv", "id,what\n3,lime\n");
  const LoadedTable loaded = load();
  EXPECT_EQ(loaded.rows_written, 1);
  EXPECT_EQ(loaded.rows_rejected, 1);
  EXPECT_THAT(loaded_rows("id, what"), ElementsAre("1|fig", "3|lime"));
  EXPECT_THAT(rows("select position, reason from LAKE.raw.sale__rejected"),
              ElementsAre(HasSubstr("it is not written in UTF-8")));
  write("b.csv",
        "id,what\n2,p\xc3\xa9"
        "che\n");
  EXPECT_EQ(load().rows_written, 1);
  EXPECT_THAT(refused(), testing::IsEmpty());
}

TEST_F(FileFormats, CsvIsReadAsTheTableSays) {
  table_.options = {{"skip", "2"},
                    {"delimiter", ";"},
                    {"quote", "'"},
                    {"escape", "\\"},
                    {"nulls", R"(["", "NA"])"},
                    {"decimal", ","},
                    {"date_format", "%d.%m.%Y"},
                    {"timestamp_format", "%d/%m/%Y %H:%M"}};
  write("a.csv",
        "report\nof today\nid;what;price;day;moment\n1;'it\\'s; ok';2,50;31.12.2025;01/02/2026 10:30\nNA;x;-1,5;NA;\n");
  load();
  EXPECT_THAT(loaded_rows("id, what, price, day, moment, typeof(price), typeof(day), typeof(moment)"),
              ElementsAre("1|it's; ok|2.5|2025-12-31|2026-02-01 10:30:00|DOUBLE|DATE|TIMESTAMP",
                          "null|x|-1.5|null|null|DOUBLE|DATE|TIMESTAMP"));
  write("b.csv",
        "report\nof today\nid;what;price;day;moment\n3;y;1.234;01.01.2026;02/02/2026 "
        "11:00\n4;z;7,25;02.01.2026;\n5;z;7;2026/13/01;\n");
  EXPECT_EQ(load().rows_rejected, 2);
  EXPECT_THAT(rows("select id, price, day from LAKE.raw.sale where _file = 'b.csv'"), ElementsAre("4|7.25|2026-01-02"));
  EXPECT_THAT(rows("select position from LAKE.raw.sale__rejected order by 1"), ElementsAre("b.csv:4", "b.csv:6"));
}

TEST_F(FileFormats, WithoutAHeaderColumnsAreNumbered) {
  table_.options["header"] = "false";
  write("a.csv", "1,pear\n2,fig\n");
  load();
  EXPECT_THAT(loaded_rows("column0, column1"), ElementsAre("1|pear", "2|fig"));
}

TEST_F(FileFormats, AFractionIsNoWholeNumber) {
  write("a.csv", "id,n\n1,7\n");
  load();
  write("b.csv", "id,n\n2,1.5\n3,2.0\n4,1e3\n5,9007199254740993\n");
  EXPECT_EQ(load().rows_rejected, 1);
  EXPECT_THAT(loaded_rows("id, n"), ElementsAre("1|7", "3|2", "4|1000", "5|9007199254740993"));
  EXPECT_THAT(refused(), ElementsAre("b.csv:2|2,1.5|`1.5` in column `n` is no BIGINT"));
}

TEST_F(FileFormats, EachFileHasItsOwnFormatAndDialect) {
  write("a.csv", "id,what\n1,pear\n");
  write("b.csv", "what;id\nfig;2\n");
  write("c.jsonl", "{\"id\": 3, \"what\": \"lime\", \"more\": [1]}\n");
  session().execute(
      fmt::format("copy (select 4::smallint as ID, 'plum' as what) to '{}'", (drop() / "d.parquet").string()));
  write("e.csv", "");
  EXPECT_EQ(load().rows_written, 4);
  EXPECT_THAT(loaded_rows("id, what, more, _file"),
              ElementsAre("1|pear|null|a.csv", "2|fig|null|b.csv", "3|lime|[1]|c.jsonl", "4|plum|null|d.parquet"));
}

TEST_F(FileFormats, ANameInOtherLettersIsTheSameColumn) {
  write("a.csv", "id,what\n1,pear\n");
  load();
  write("b.csv", "ID,What\n2,fig\n");
  EXPECT_THAT(load().added_columns, testing::IsEmpty());
  EXPECT_THAT(loaded_rows("id, what"), ElementsAre("1|pear", "2|fig"));
}

TEST_F(FileFormats, ATypeThatWidensWidensAndAnotherSetsItsFileAside) {
  const auto parquet = [&](const std::string& name, const std::string& select) {
    session().execute(fmt::format("copy ({}) to '{}'", select, (drop() / name).string()));
  };
  parquet("a.parquet", "select 1::integer as id, 1.5::decimal(6,2) as price");
  load();
  parquet("b.parquet", "select 5000000000::bigint as id, 123456.25::decimal(10,2) as price");
  parquet("c.parquet", "select 2.5::double as id, 1::decimal(6,2) as price");
  const LoadedTable loaded = load();
  EXPECT_EQ(loaded.rows_rejected, 1);
  EXPECT_THAT(loaded_rows("id, price, typeof(id), typeof(price)"),
              ElementsAre("1|1.50|BIGINT|DECIMAL(10,2)", "5000000000|123456.25|BIGINT|DECIMAL(10,2)"));
  EXPECT_THAT(rows("select position, reason from LAKE.raw.sale__rejected"),
              ElementsAre("c.parquet|`2.5` in column `id` (row 1) is no BIGINT"));
}

TEST_F(FileFormats, DamagedParquetAndPackedFilesAreSetAside) {
  write("a.csv", "id\n1\n");
  load();
  write("b.parquet", "no parquet");
  write("c.csv.gz", "\x1f\x8b\x08 and then nothing");
  write("d.csv", "id\n4\n");
  EXPECT_EQ(load().rows_written, 1);
  EXPECT_THAT(rows("select position from LAKE.raw.sale__rejected order by 1"), ElementsAre("b.parquet", "c.csv.gz"));
}

// The engine reads as much of it as there is, and says nothing.
TEST_F(FileFormats, GzipThatIsCutOffIsSetAside) {
  write("a.csv", "id\n1\n");
  load();
  std::string text = "id\n";
  for (int i = 0; i < 50'000; ++i) text += fmt::format("{}\n", i * 7919 % 1'000'003);
  gzFile file = gzopen((drop() / "b.csv.gz").c_str(), "wb");
  gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
  gzclose(file);
  std::filesystem::resize_file(drop() / "b.csv.gz", std::filesystem::file_size(drop() / "b.csv.gz") / 2);
  EXPECT_EQ(load().rows_written, 0);
  EXPECT_THAT(rows("select position, reason from LAKE.raw.sale__rejected"),
              ElementsAre("b.csv.gz|it is cut off or damaged: it can't be unpacked to its end"));
}

TEST_F(FileFormats, ReadsZstd) {
  const std::string text = "id;what\n1;pear\n2\n";
  std::string packed(ZSTD_compressBound(text.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), 3));
  write("a.csv.zst", packed);
  EXPECT_EQ(load().rows_rejected, 1);
  EXPECT_THAT(loaded_rows("id, what"), ElementsAre("1|pear"));
  write("b.csv.zst", packed.substr(0, packed.size() / 2));
  EXPECT_EQ(load().rows_rejected, 1);
  EXPECT_THAT(rows("select reason from LAKE.raw.sale__rejected where position = 'b.csv.zst'"),
              ElementsAre("it is cut off or damaged: it can't be unpacked to its end"));
}

TEST_F(FileFormats, RecordsWithinJson) {
  table_.options["records"] = "data.items";
  write("a.json",
        "{\"page\": 1,\n \"data\": {\"items\": [\n  {\"id\": 1, \"price\": 1.10, \"of\": {\"x\": [1, 2]}},\n  7,\n  "
        "{\"id\": 2}\n ]}}");
  EXPECT_EQ(load().rows_rejected, 1);
  EXPECT_THAT(loaded_rows("id, price, of.x"), ElementsAre("1|1.1|[1, 2]", "2|null|null"));
  EXPECT_THAT(refused(), ElementsAre("a.json:2|7|it is no JSON object"));
  write("b.json", "{\"data\": {}}");
  write("c.json", "{\"data\": {\"items\": [{\"id\": 3}, {\"id\": ");
  load();
  EXPECT_THAT(rows("select position, reason from LAKE.raw.sale__rejected where position like 'b%'"),
              ElementsAre("b.json|it has no `data.items`: `items` isn't there"));
  EXPECT_THAT(rows("select reason from LAKE.raw.sale__rejected where position like 'c%'"),
              ElementsAre(HasSubstr("it is no sound JSON")));
}

// Whatever else stands in the column of that file.
TEST_F(FileFormats, NestedJsonInAColumnOfTextIsJson) {
  write("a.json", "{\"id\": 1, \"x\": \"plain\"}\n");
  load();
  write("b.json", R"({"id": 2, "x": {"a": 1.5, "b": "h\u00e9 \"q\"", "c": null, "d": [12345678901, {"e": "\u00fc"}]}}
{"id": 3, "x": null}
)");
  load();
  write("c.json", R"({"id": 4, "x": "plain \u00e9"}
{"id": 5, "x": [1, null, "two"]}
{"id": 6, "x": 7}
{"id": 7, "x": null}
)");
  load();
  EXPECT_THAT(loaded_rows("id, x"),
              ElementsAre("1|plain", R"(2|{"a":1.5,"b":"hé \"q\"","c":null,"d":[12345678901,{"e":"ü"}]})", "3|null",
                          "4|plain é", R"(5|[1,null,"two"])", "6|7", "7|null"));
}

TEST_F(FileFormats, XmlByTheElementThatIsARecord) {
  table_.options["records"] = "shop/orders/order";
  write("a.xml", R"(<?xml version="1.0" encoding="windows-1251"?>
<shop xmlns="http://example.com/shop"><order id="99"/><orders>
 <order id="7"><who>)"
                 "\xe3\xf0"
                 R"(</who><price>2.5</price><zip>007</zip><line n="1">a</line><line n="2">b</line><gone/></order>
 <order id="8"><who>x &amp; y</who><price>3</price><zip>1</zip><line n="1"><p>c</p></line></order>
</orders></shop>)");
  load();
  EXPECT_THAT(loaded_rows("id, who, price, zip, line, gone, typeof(id), typeof(price), typeof(zip)"),
              ElementsAre(R"(7|гр|2.5|007|[{"n":"1","_text":"a"},{"n":"2","_text":"b"}]|null|BIGINT|DOUBLE|VARCHAR)",
                          R"(8|x & y|3.0|1|{"n":"1","p":"c"}|null|BIGINT|DOUBLE|VARCHAR)"));
  write("b.xml", "<shop><orders><order id=\"9\"/><order id=\"x\"/></orders></shop>");
  EXPECT_EQ(load().rows_rejected, 1);
  EXPECT_THAT(rows("select position, reason from LAKE.raw.sale__rejected"),
              ElementsAre("b.xml:2|`x` in column `id` is no BIGINT"));
}

// A number is one only where it would be written again with the same digits.
TEST_F(FileFormats, XmlKeepsTheDigitsOfItsNumbers) {
  table_.options["records"] = "r";
  write("a.xml",
        "<d><r><id>1</id><card>1234567890123456789</card><code>123456789012345678</code><rate>-0.5e3</rate><ok>true</ok></r>"
        "<r><id>2</id><card>7</card><code>7</code><rate>1234567890.12345</rate><ok/></r>"
        "<r><id>3</id><pi>3.14159265358979323</pi></r></d>");
  load();
  EXPECT_THAT(loaded_rows("typeof(id), typeof(card), typeof(code), typeof(rate), typeof(ok), typeof(pi)")[0],
              "BIGINT|VARCHAR|BIGINT|DOUBLE|BOOLEAN|VARCHAR");
  EXPECT_THAT(loaded_rows("card, code, rate, ok, pi"),
              testing::UnorderedElementsAre("1234567890123456789|123456789012345678|-500.0|true|null",
                                            "7|7|1234567890.12345|null|null", "null|null|null|null|3.14159265358979323"));
}

// As ISO 8601 has them, and nothing else: `28-11-2026` would be a guess. An instant with an offset is the same one in UTC.
TEST_F(FileFormats, XmlHasDatesAndTimesOfIso8601) {
  table_.options["records"] = "r";
  write("a.xml",
        "<d><r><day>2026-02-28</day><moment>2026-11-01T10:00:00+02:00</moment><z>2026-11-01T10:00:00.5Z</z><clock>10:00:01</clock>"
        "<u>6ba7b810-9dad-11d1-80b4-00c04fd430c8</u><no>2026-02-30</no><own>28-11-2026</own><word>infinity</word>"
        "<mixed>2026-02-28</mixed></r><r><moment>2026-11-01 10:00:00</moment><mixed>2026-11-01T10:00:00</mixed></r></d>");
  load();
  EXPECT_THAT(loaded_rows("typeof(day), typeof(moment), typeof(z), typeof(clock), typeof(u), typeof(no), typeof(own), "
                          "typeof(word), typeof(mixed)")[0],
              "DATE|TIMESTAMP|TIMESTAMP|TIME|UUID|VARCHAR|VARCHAR|VARCHAR|VARCHAR");
  EXPECT_THAT(loaded_rows("day, moment, z, clock, u, no, own, word"),
              testing::UnorderedElementsAre("2026-02-28|2026-11-01 08:00:00|2026-11-01 10:00:00.5|10:00:01|"
                                            "6ba7b810-9dad-11d1-80b4-00c04fd430c8|2026-02-30|28-11-2026|infinity",
                                            "null|2026-11-01 10:00:00|null|null|null|null|null|null"));
  write("b.xml", "<d><r><moment>2026-11-02T01:00:00-01:30</moment></r><r><moment>soon</moment></r></d>");
  EXPECT_EQ(load().rows_rejected, 1);
  EXPECT_THAT(rows("select moment from LAKE.raw.sale where _file = 'b.xml'"), ElementsAre("2026-11-02 02:30:00"));
}

// The engine takes names in capital and small letters for the same.
TEST_F(FileFormats, XmlWithNamesThatDifferInCaseLosesNone) {
  table_.options["records"] = "r";
  write("a.xml", "<d><r><Id>a</Id><id>b</id></r><r><id>c</id></r></d>");
  load();
  EXPECT_THAT(loaded_rows("Id, id_1"), testing::UnorderedElementsAre("a|b", "null|c"));
}

// What stands several times, text beside elements, entities and marked text: the order of the file, and lists.
TEST_F(FileFormats, XmlOfEveryShapeIsTextOfJson) {
  table_.options["records"] = "r";
  write("a.xml",
        "<!DOCTYPE d [<!ENTITY e \"ent &lt;\">]><d><r id=\"1\"><id>2</id><a>x</a><a/><b><![CDATA[<x> \"q\" \\]]></b>"
        "<c> mixed <i>in</i> text </c><deep><x y=\"1\"><z/><z>2</z></x>tail</deep>stray</r><r><b>line\nbreak</b></r><r/></d>");
  load();
  EXPECT_THAT(loaded_rows("id, a, b, c, deep, _text"),
              testing::UnorderedElementsAre(
                  R"(["1","2"]|["x",null]|<x> "q" \|{"i":"in","_text":"mixed  text"}|)"
                  R"({"x":{"y":"1","z":[null,"2"]},"_text":"tail"}|stray)",
                  "null|null|line\nbreak|null|null|null", "null|null|null|null|null|null"));
}

TEST_F(FileFormats, OfXmlThatIsCutOffTheRecordsBeforeAreLoaded) {
  table_.options["records"] = "order";
  write("a.xml", "<o><order><id>1</id></order><order><id>2</id></order><order><i");
  EXPECT_EQ(load().rows_rejected, 1);
  EXPECT_THAT(loaded_rows("id"), ElementsAre("1", "2"));
  EXPECT_THAT(rows("select position, reason from LAKE.raw.sale__rejected"),
              ElementsAre(HasSubstr("a.xml:3|from here on it is no sound XML: line 1: ")));
  write("b.xml", "<o><item/></o>");
  load();
  EXPECT_THAT(rows("select reason from LAKE.raw.sale__rejected where position = 'b.xml'"),
              ElementsAre("it has no element `order`; the outermost is `o`"));
}

TEST_F(FileFormats, AnXmlFileFetchesNothingAndBlowsUpNothing) {
  table_.options["records"] = "r";
  write("a.xml", "<r><id>1</id></r>");
  load();
  write("secret.txt", "top secret");
  write("b.xml", fmt::format("<!DOCTYPE r [<!ENTITY x SYSTEM \"file://{}/secret.txt\">]><r><id>2</id><s>&x;</s></r>",
                             drop().string()));
  table_.from = "*.xml";
  load();
  EXPECT_EQ(
      count("select count(*) from LAKE.raw.sale where _file = 'b.xml' and coalesce(s::varchar, '') like '%secret%'"),
      0);
}

TEST_F(FileFormats, ReadsASheetOfExcel) {
  session().load_extension("excel");
  session().execute(
      fmt::format("copy (select 1 as id, date '2026-01-02' as day, timestamp '2026-01-02 03:04:05' as moment, 2.5 as "
                  "price, 'pear' as what, true as ok "
                  "union all select 2, null, null, null, 'fig', false order by 1) to '{}' with (format xlsx, header "
                  "true, sheet 'Sales')",
                  (drop() / "a.xlsx").string()));
  load();
  EXPECT_THAT(loaded_rows("id, day, moment, price, what, ok, typeof(id), typeof(day), typeof(moment), typeof(ok)"),
              ElementsAre("1|2026-01-02|2026-01-02 03:04:05|2.5|pear|true|BIGINT|DATE|TIMESTAMP|BOOLEAN",
                          "2|null|null|null|fig|false|BIGINT|DATE|TIMESTAMP|BOOLEAN"));
  write("b.xlsx", "no zip");
  load();
  EXPECT_THAT(rows("select position, reason from LAKE.raw.sale__rejected"),
              ElementsAre(HasSubstr("b.xlsx|it can't be read as Excel: ")));
}

TEST_F(FileFormats, OfSeveralFilesTheLastNameHasTheLastVersionOfAKey) {
  key("id");
  write("2026-01-01.csv", "id,price\n1,2\n2,3\n");
  write("2026-01-02.csv", "id,price\n2,4\n");
  load();
  EXPECT_THAT(rows(latest("id, price")), ElementsAre("1|2", "2|4"));
}

TEST_F(FileFormats, AnyFileAsBytesOnceForEachContent) {
  table_.options = {{"format", "bytes"}, {"inline", "1KB"}};
  write("a.pdf", std::string_view("%PDF\0\xff", 6));
  const std::string large(2000, 'x');
  write("b.bin", large);
  write("c.bin", large);
  EXPECT_EQ(load().rows_written, 3);
  EXPECT_FALSE(load().changed);
  EXPECT_THAT(
      loaded_rows(
          "_file, size_bytes, content_type, octet_length(content), substr(sha256, 1, 6), modified_at is not null"),
      ElementsAre("a.pdf|6|application/pdf|6|" + sha256(std::string_view("%PDF\0\xff", 6)).substr(0, 6) + "|true",
                  "b.bin|2000|application/octet-stream|null|" + sha256(large).substr(0, 6) + "|true",
                  "c.bin|2000|application/octet-stream|null|" + sha256(large).substr(0, 6) + "|true"));
  const std::string location = rows("select distinct location from LAKE.raw.sale where _file = 'b.bin'").at(0);
  EXPECT_EQ(location, "landing/shop/sale/files/" + sha256(large));
  EXPECT_EQ(store().read(location), large);
}

}  // namespace
}  // namespace lochan
