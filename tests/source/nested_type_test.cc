// Types of the engine, taken apart.
#include "source/nested_type.h"

#include <gmock/gmock.h>

namespace lochan {
namespace {

// `list[struct{a: INTEGER, b c: list[VARCHAR]}]`
std::string shown(const NestedType& type) {
  if (type.kind == NestedType::Kind::Plain) return type.text;
  std::string text = type.kind == NestedType::Kind::List  ? "list["
                     : type.kind == NestedType::Kind::Map ? "map["
                                                          : "struct[";
  for (std::size_t i = 0; i < type.parts.size(); ++i) {
    const auto& [name, part] = type.parts[i];
    text += (i == 0 ? "" : ", ") + (name.empty() ? "" : name + ": ") + shown(part);
  }
  return text + "]";
}

TEST(NestedType, IsTakenApart) {
  const std::pair<const char*, const char*> kCases[] = {
      {"DECIMAL(10,2)", "DECIMAL(10,2)"},
      {"TIMESTAMP WITH TIME ZONE[]", "list[TIMESTAMP WITH TIME ZONE]"},
      {"INTEGER[3][]", "list[list[INTEGER]]"},
      {"STRUCT(a INTEGER, b DECIMAL(10,2), at TIMESTAMP WITH TIME ZONE)",
       "struct[a: INTEGER, b: DECIMAL(10,2), at: TIMESTAMP WITH TIME ZONE]"},
      {R"x(STRUCT("b c" VARCHAR[], "say ""(x, y)""" STRUCT(d DATE))[])x",
       R"x(list[struct[b c: list[VARCHAR], say "(x, y)": struct[d: DATE]]])x"},
      {"MAP(VARCHAR, STRUCT(a INTEGER)[])", "map[VARCHAR, list[struct[a: INTEGER]]]"},
  };
  for (const auto& [type, wanted] : kCases) EXPECT_EQ(shown(parse_nested(type)), wanted);
}

}  // namespace
}  // namespace lochan
