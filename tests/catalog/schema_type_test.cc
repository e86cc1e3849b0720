#include "catalog/schema_type.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace lochan {
namespace {

// As DuckDB's `typeof` writes them.
TEST(SchemaType, WritesTypesAsDuckDbDoes) {
  const std::vector<std::pair<const char*, const char*>> cases{
      {R"json("long")json", "BIGINT"},
      {R"json("decimal(10, 2)")json", "DECIMAL(10,2)"},
      {R"json("timestamptz")json", "TIMESTAMP WITH TIME ZONE"},
      {R"json("fixed[16]")json", "BLOB"},
      {R"({"type":"list","element-id":2,"element":"int","element-required":false})", "INTEGER[]"},
      {R"({"type":"map","key-id":2,"key":"int","value-id":3,"value":"string","value-required":false})",
       "MAP(INTEGER, VARCHAR)"},
      {R"({"type":"struct","fields":[{"id":1,"name":"a","required":false,"type":"int"},
                                     {"id":2,"name":"b c","required":false,"type":"int"},
                                     {"id":3,"name":"select","required":false,"type":"int"},
                                     {"id":4,"name":"Ab","required":false,"type":"int"}]})",
       "STRUCT(a INTEGER, \"b c\" INTEGER, \"select\" INTEGER, Ab INTEGER)"}};
  for (const auto& [iceberg, duckdb] : cases) EXPECT_EQ(duckdb_type(Json::parse(iceberg)), duckdb);
}

TEST(SchemaType, RefusesATypeOfLaterFormats) { EXPECT_THROW(duckdb_type("variant"), Error); }

TEST(SchemaType, ReadsBackWhatItWrites) {
  const std::vector<Column> columns{
      {"id", "BIGINT", false},
      {"price", "DECIMAL(10,2)", true},
      {"at", "TIMESTAMP WITH TIME ZONE", true},
      {"lines", "STRUCT(\"b c\" INTEGER, tags VARCHAR[], m MAP(VARCHAR, STRUCT(x DATE)))[]", true}};
  EXPECT_EQ(columns_of(schema_of(columns)), columns);
}

TEST(SchemaType, WidensWhatIcebergLacks) {
  const std::vector<Column> columns{
      {"a", "TINYINT", true}, {"b", "UBIGINT", true}, {"c", "INTERVAL", true}, {"d", "ENUM('x', 'y)')", true}};
  const Json schema = schema_of(columns);
  EXPECT_EQ(schema["fields"][0]["type"], "int");
  EXPECT_EQ(schema["fields"][1]["type"], "decimal(20, 0)");
  EXPECT_EQ(schema["fields"][2]["type"], "string");
  EXPECT_EQ(schema["fields"][3]["type"], "string");
}

}  // namespace
}  // namespace lochan
