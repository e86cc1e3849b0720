#include "catalog/avro_file.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace lochan {
namespace {

Json binary(std::string_view text) { return Json::binary(std::vector<std::uint8_t>(text.begin(), text.end())); }

const Json kSchema = Json::parse(R"({"type": "record", "name": "entry", "fields": [
  {"name": "id", "type": "long"}, {"name": "small", "type": {"type": "int"}}, {"name": "note", "type": ["null", "string"]},
  {"name": "part", "type": {"type": "record", "name": "r102", "fields": [
    {"name": "dt", "type": ["null", {"type": "int", "logicalType": "date"}]}]}},
  {"name": "bounds", "type": ["null", {"type": "array", "items": {"type": "record", "name": "k1_v2", "fields": [
    {"name": "key", "type": "int"}, {"name": "value", "type": "bytes"}]}}]},
  {"name": "again", "type": ["null", "r102"]}, {"name": "mark", "type": {"type": "fixed", "name": "f4", "size": 4}},
  {"name": "ratio", "type": "double"}, {"name": "share", "type": "float"}, {"name": "flag", "type": "boolean"},
  {"name": "tags", "type": {"type": "map", "values": "long"}}]})");

Json record(std::int64_t id) {
  return {{"id", id}, {"small", -7}, {"note", id % 2 == 0 ? Json("even") : Json()}, {"part", {{"dt", 20778}}},
          {"bounds", Json::array({{{"key", 1}, {"value", binary("\x01\x02")}}})}, {"again", {{"dt", nullptr}}},
          {"mark", binary("abcd")}, {"ratio", 0.1}, {"share", 0.5}, {"flag", true}, {"tags", {{"a", 1}}}};
}

std::vector<Json> read(std::string_view file) {
  std::vector<Json> records;
  read_avro(file, [&](const AvroHeader&, Json found) { records.push_back(std::move(found)); });
  return records;
}

std::string written(int count) {
  std::vector<std::string> encoded;
  for (int i = 0; i < count; ++i) encoded.push_back(encode_avro(kSchema, record(i * 1'000'000'007LL - 3)));
  return write_avro({kSchema, {{"content", "data"}}}, encoded);
}

TEST(AvroFile, ReadsWhatItWrote) {
  const std::vector<Json> records = read(written(100));
  ASSERT_EQ(records.size(), 100U);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(records[static_cast<std::size_t>(i)], record(i * 1'000'000'007LL - 3));
  const AvroHeader header = read_avro(written(0), [](const AvroHeader&, const Json&) { FAIL(); });
  EXPECT_EQ(header.metadata.at("content"), "data");
  EXPECT_EQ(header.schema, kSchema);
}

TEST(AvroFile, TellsADamagedOne) {
  const std::string whole = written(3);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    // Cut where the header ends it is a file without records.
    if (size == written(0).size()) continue;
    EXPECT_THROW(read(std::string_view(whole).substr(0, size)), Error) << size;
  }
  // Whatever stands in it: an error or other values, never worse.
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x5B);
    try {
      read(damaged);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Data) << at;
    }
  }
}

TEST(AvroFile, RefusesAValueOfAnotherType) {
  Json wrong = record(1);
  wrong["id"] = "one";
  EXPECT_THROW(encode_avro(kSchema, wrong), Error);
}

}  // namespace
}  // namespace lochan
