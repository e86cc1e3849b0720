// YAML as a tree whose every key and value knows its file, line and column. What yaml-cpp lets pass is refused here:
// duplicate keys, a second document, tags, text that isn't UTF-8.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "project/problems.h"

namespace lochan {

struct YamlEntry;

struct YamlValue {
  enum class Kind { Null, Scalar, List, Mapping };

  Kind kind = Kind::Null;
  std::string text;                // of a scalar, as written, without its quotes
  bool is_quoted = false;          // or a block of text: surely text, never a number
  std::vector<YamlValue> items;    // of a list
  std::vector<YamlEntry> entries;  // of a mapping, in the file's order, each key once
  Position position;
};

struct YamlEntry {
  std::string key;
  Position position;
  YamlValue value;
};

/// Nothing when the text is no YAML at all: then one problem says where and why. An empty text is a null.
/// Lines count from the text's first, so what stands before it in a file is given as blanks.
std::optional<YamlValue> read_yaml(std::string_view text, const std::string& file, Problems& problems);

/// "text `many`", "the number 5", "a list": what was found, for messages.
std::string describe_found(const YamlValue& value);

}  // namespace lochan
