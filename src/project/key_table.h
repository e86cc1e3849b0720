// The keys of a mapping in a project's files: each with its name, type, default and a line of help. Written down once;
// the parser (keys.h), the JSON Schema and the reference page all read this table.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lochan {

struct KeyTable;

struct ValueType {
  enum class Shape {
    Text,     // text; a number must be quoted
    Word,     // letters, digits and `_`
    Table,    // `layer.name`
    Literal,  // text, a number, true or false: kept as written
    Integer,
    Flag,
    Duration,
    Size,
    Choice,   // one of `choices`
    Mapping,  // with the keys of `keys`
  };
  enum class Count {
    One,
    OneOrList,  // a value alone is a list of one
    List,
    Named,  // a mapping of the user's own names to values
  };

  Shape shape = Shape::Text;
  Count count = Count::One;
  std::vector<std::string_view> choices = {};
  std::optional<std::int64_t> least = {};  // of an integer
  const KeyTable* keys = nullptr;          // of a mapping; of another shape: a mapping with these may stand instead
  bool is_no_secret = false;               // what a variable puts in may be shown
};

/// "a whole number", "one of `full`, `incremental`", "a word or a list of words": what is wanted, for messages.
std::string describe_wanted(const ValueType& type);

struct Key {
  std::string_view name;
  ValueType type = {};
  std::string default_text = "";  // as it would be written; "" when there is none
  bool is_required = false;
  std::string_view help = "";  // one line, lower case, no stop
};

struct KeyTable {
  std::string_view name;   // of the definition in the schema: "run"
  std::string_view title;  // of the section in the reference: "`run` in `lochan.yaml`"
  std::string_view help;
  bool is_one_of = false;  // exactly one of the keys is written: a check's kinds
  std::vector<Key> keys = {};
};

/// Every table, in the reference's order.
std::vector<const KeyTable*> all_key_tables();

}  // namespace lochan
