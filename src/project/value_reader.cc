#include "project/value_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/text.h"
#include "project/scalar.h"

namespace lochan {
namespace {

using Shape = ValueType::Shape;

bool is_flag(std::string_view text) { return text == "true" || text == "false"; }

/// Whether a value's text, its variables put in, is what is wanted.
bool fits(const std::string& text, const ValueType& type) {
  switch (type.shape) {
    case Shape::Text:
      return !text.empty();
    case Shape::Literal:
      return true;
    case Shape::Word:
      return is_plain_word(text);
    case Shape::Table:
      return parse_table_name(text).has_value();
    case Shape::Integer: {
      const auto number = parse_integer(text);
      return number && *number <= 1'000'000'000 && *number >= type.least.value_or(-1'000'000'000);
    }
    case Shape::Flag:
      return is_flag(text);
    case Shape::Duration:
      return parse_duration(text).has_value();
    case Shape::Size:
      return is_size(text);
    case Shape::Choice:
      return std::ranges::find(type.choices, text) != type.choices.end();
    case Shape::Mapping:
      return false;
  }
  return false;
}

std::string hint_for(const YamlValue& value, const ValueType& type) {
  if (value.kind == YamlValue::Kind::Scalar && !value.is_quoted && !value.text.empty() &&
      (type.shape == Shape::Text || type.shape == Shape::Word) && (is_number(value.text) || is_flag(value.text)))
    return type.shape == Shape::Text ? "put it in quotes if it is meant" : "a word begins with a letter";
  if (type.shape == Shape::Word && value.kind == YamlValue::Kind::Scalar)
    return "a word is letters, digits and `_`, and begins with a letter";
  if (type.shape == Shape::Choice && value.kind == YamlValue::Kind::Scalar && !has_variable(value.text)) {
    const std::vector<std::string> choices(type.choices.begin(), type.choices.end());
    return text::did_you_mean(cut_text(value.text, 64), choices, "");
  }
  return "";
}

std::string known_keys(const KeyTable& table) {
  std::vector<std::string> names;
  for (const Key& key : table.keys) names.push_back(fmt::format("`{}`", key.name));
  return fmt::format("known here: {}", fmt::join(names, ", "));
}

}  // namespace

void ValueReader::add_wrong_type(const YamlValue& value, std::string_view key, const ValueType& type) {
  const std::string found =
      value.kind == YamlValue::Kind::Null ? "has no value" : fmt::format("is {}", describe_found(value));
  problems_.add(value.position, fmt::format("`{}` {}, wanted {}", key, found, describe_wanted(type)),
                hint_for(value, type));
}

/// Whether the value as written may be of the type: a plain `5` is no text, `'5'` is no number.
bool ValueReader::may_begin(const YamlValue& value, const ValueType& type) const {
  if (value.kind != YamlValue::Kind::Scalar) return false;
  if (has_variable(value.text)) return true;
  const bool is_text = value.is_quoted || !(is_number(value.text) || is_flag(value.text));
  switch (type.shape) {
    case Shape::Text:
    case Shape::Word:
    case Shape::Table:
    case Shape::Choice:
    case Shape::Size:
      return is_text;
    case Shape::Integer:
    case Shape::Flag:
      return !is_text;
    case Shape::Literal:
    case Shape::Duration:
      return true;
    case Shape::Mapping:
      return false;
  }
  return false;
}

std::optional<std::string> ValueReader::read_scalar(const YamlValue& value, std::string_view key,
                                                    const ValueType& type) {
  if (!may_begin(value, type)) {
    add_wrong_type(value, key, type);
    return std::nullopt;
  }
  auto text = variables_.expand(value.text, value.position, problems_, !type.is_no_secret);
  if (text && !fits(*text, type)) {
    add_wrong_type(value, key, type);
    return std::nullopt;
  }
  return text;
}

std::vector<LocatedText> ValueReader::read_list(const YamlValue& value, std::string_view key, const ValueType& type) {
  std::vector<LocatedText> texts;
  const auto read_one = [&](const YamlValue& item, const ValueType& wanted) {
    if (auto text = read_scalar(item, key, wanted)) texts.push_back({std::move(*text), item.position});
  };
  if (value.kind == YamlValue::Kind::List) {
    ValueType item_type = type;
    item_type.count = ValueType::Count::One;
    item_type.keys = nullptr;
    for (const YamlValue& item : value.items) read_one(item, item_type);
    if (value.items.empty())
      problems_.add(value.position, fmt::format("`{}` is an empty list, wanted {}", key, describe_wanted(type)));
  } else if (type.count == ValueType::Count::OneOrList) {
    read_one(value, type);
  } else {
    add_wrong_type(value, key, type);
  }
  return texts;
}

void ValueReader::read_named(const YamlValue& value, std::string_view key, const ValueType& type,
                             const std::function<void(const YamlEntry&)>& read) {
  if (value.kind == YamlValue::Kind::Null) return;
  if (value.kind != YamlValue::Kind::Mapping) return add_wrong_type(value, key, type);
  for (const YamlEntry& entry : value.entries) {
    if (!is_plain_word(entry.key))
      problems_.add(entry.position, fmt::format("`{}` in `{}` is not a word", cut_text(entry.key, 64), key),
                    "a name is letters, digits and `_`, and begins with a letter");
    else
      read(entry);
  }
}

void ValueReader::read_mapping(const YamlValue& value, const KeyTable& table,
                               const std::function<void(std::size_t, const YamlEntry&)>& read) {
  if (value.kind != YamlValue::Kind::Mapping && value.kind != YamlValue::Kind::Null) {
    problems_.add(value.position, fmt::format("found {}, wanted a mapping", describe_found(value)), known_keys(table));
    return;
  }
  std::vector<std::string> names;
  for (const Key& key : table.keys) names.emplace_back(key.name);
  std::vector<bool> is_written(table.keys.size());
  for (const YamlEntry& entry : value.entries) {
    const auto found = std::ranges::find(table.keys, entry.key, &Key::name);
    if (found == table.keys.end()) {
      const std::string name = cut_text(entry.key, 64);
      const std::string near = text::nearest(name, names);
      problems_.add(entry.position, fmt::format("unknown key `{}`", name),
                    near.empty() ? known_keys(table) : fmt::format("did you mean `{}`?", near));
      // A slip in a required key is one mistake, not two.
      for (std::size_t row = 0; row < names.size(); ++row)
        if (names[row] == near) is_written[row] = true;
      continue;
    }
    const auto row = static_cast<std::size_t>(found - table.keys.begin());
    is_written[row] = true;
    read(row, entry);
  }
  for (std::size_t row = 0; row < table.keys.size(); ++row) {
    const Key& key = table.keys[row];
    if (key.is_required && !is_written[row])
      problems_.add(value.position, fmt::format("`{}` is missing", key.name),
                    fmt::format("add `{}:`, {}", key.name, key.help));
  }
}

}  // namespace lochan
