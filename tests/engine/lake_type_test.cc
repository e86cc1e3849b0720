#include "engine/lake_type.h"

#include <gtest/gtest.h>

#include "engine/engine.h"

namespace lochan {
namespace {

TEST(LakeTypeTest, WidensWhatIcebergLacks) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"INTEGER", "INTEGER"},
      {"DECIMAL(10,2)", "DECIMAL(10,2)"},
      {"TIMESTAMP WITH TIME ZONE", "TIMESTAMP WITH TIME ZONE"},
      {"TIME WITH TIME ZONE", "VARCHAR"},
      {"SMALLINT", "INTEGER"},
      {"utinyint", "INTEGER"},
      {"UBIGINT", "DECIMAL(20,0)"},
      {"HUGEINT", "DECIMAL(38,0)"},
      {"TIMESTAMP_NS", "TIMESTAMP"},
      {"INTERVAL", "VARCHAR"},
      {"JSON", "VARCHAR"},
      {"ENUM('a, (b)', 'c''d')", "VARCHAR"},
      {"UNION(num INTEGER, str VARCHAR)", "VARCHAR"},
      {"\"NULL\"", "INTEGER"},
      {"money_of_somebody", "VARCHAR"},
      {"TINYINT[][3]", "INTEGER[][]"},
      {"MAP(VARCHAR, UINTEGER)", "MAP(VARCHAR, BIGINT)"},
      {"STRUCT(a TINYINT, \"b, c\" STRUCT(\"d\"\"e\" JSON[], f DECIMAL(4,1)), g TIMESTAMP WITH TIME ZONE)",
       "STRUCT(a INTEGER, \"b, c\" STRUCT(\"d\"\"e\" VARCHAR[], f DECIMAL(4,1)), g TIMESTAMP WITH TIME ZONE)"},
      {"int", "INTEGER"},
      {"int8", "BIGINT"},
      {"text", "VARCHAR"},
      {"bool[]", "BOOLEAN[]"},
      {"double precision", "DOUBLE"},
      {"character varying(10)", "VARCHAR"},
      {"numeric", "DECIMAL(18,3)"},
      {"decimal(10)", "DECIMAL(10,0)"},
      {"dec(10, 2)", "DECIMAL(10,2)"},
      {"timestamp(6) with time zone", "TIMESTAMP WITH TIME ZONE"},
      {"struct(a int, b text)", "STRUCT(a INTEGER, b VARCHAR)"},
      {"STRUCT(a", "VARCHAR"},
      {"", "VARCHAR"},
  };
  for (const auto& [type, expected] : cases) {
    EXPECT_EQ(lake_type(type), expected) << type;
    EXPECT_EQ(lake_type(expected), expected) << "a type of the lake stays what it is";
  }
}

TEST(LakeTypeTest, CastsOnlyTheColumnsThatMustBe) {
  Engine engine(EngineOptions{.threads = 1});
  const auto session = engine.open_session();
  const std::string select =
      "select 1 as i, 200::utinyint as u, {'a b': [1::tinyint], 'j': '{}'::json} as s, interval 3 day as d -- end";
  const Rows rows = session->query(select_for_lake(select, session->describe(select)));
  EXPECT_EQ(rows.columns[0].type, "INTEGER");
  EXPECT_EQ(rows.columns[1].type, "INTEGER");
  EXPECT_EQ(rows.columns[2].type, "STRUCT(\"a b\" INTEGER[], j VARCHAR)");
  EXPECT_EQ(rows.columns[3].type, "VARCHAR");
  EXPECT_EQ(rows.rows[0][2], "{'a b': [1], 'j': '{}'}");
  EXPECT_EQ(select_for_lake("from t", std::vector<Column>{{"i", "BIGINT"}}), "from t");
}

}  // namespace
}  // namespace lochan
