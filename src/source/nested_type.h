// A type of the engine, taken apart: what a list has, and a struct's fields by their names.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lochan {

struct NestedType {
  enum class Kind { Plain, List, Struct, Map };
  Kind kind = Kind::Plain;
  std::string text;  // as the engine writes it
  std::vector<std::pair<std::string, NestedType>>
      parts{};  // a list: its element; a struct: its fields; a map: key and value
};

/// `STRUCT(a INTEGER, "b c" VARCHAR[])[]`. What it can't take apart is Plain.
NestedType parse_nested(std::string_view type);

}  // namespace lochan
