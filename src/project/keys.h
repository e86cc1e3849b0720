// Binds a key table to the struct it fills: the type and the default of a key are those of the member it is read into.
#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "project/key_table.h"
#include "project/scalar.h"
#include "project/value_reader.h"

namespace lochan {

/// The words of an enum, in its order; see file_keys.h.
template <typename Enum>
struct EnumWords;

/// How one member's type is read, and how its default is shown.
template <typename T>
struct Member;

template <>
struct Member<std::string> {
  static ValueType type() { return {.shape = ValueType::Shape::Text}; }
  static std::string show(const std::string& value) { return value; }
  static void read(ValueReader& reader, const YamlValue& value, const Key& key, std::string& into) {
    if (auto text = reader.read_scalar(value, key.name, key.type)) into = std::move(*text);
  }
};

template <>
struct Member<LocatedText> {
  static ValueType type() { return {.shape = ValueType::Shape::Text}; }
  static std::string show(const LocatedText& text) { return text.value; }
  static void read(ValueReader& reader, const YamlValue& value, const Key& key, LocatedText& into) {
    if (auto text = reader.read_scalar(value, key.name, key.type)) into = {std::move(*text), value.position};
  }
};

template <typename T>
struct Member<std::optional<T>> {
  static ValueType type() { return Member<T>::type(); }
  static std::string show(const std::optional<T>&) { return ""; }
  static void read(ValueReader& reader, const YamlValue& value, const Key& key, std::optional<T>& into) {
    Member<T>::read(reader, value, key, into.emplace());
  }
};

template <>
struct Member<std::vector<LocatedText>> {
  static ValueType type() { return {.shape = ValueType::Shape::Text, .count = ValueType::Count::OneOrList}; }
  static std::string show(const std::vector<LocatedText>&) { return ""; }
  static void read(ValueReader& reader, const YamlValue& value, const Key& key, std::vector<LocatedText>& into) {
    into = reader.read_list(value, key.name, key.type);
  }
};

template <>
struct Member<std::vector<std::string>> {
  static ValueType type() { return Member<std::vector<LocatedText>>::type(); }
  static std::string show(const std::vector<std::string>&) { return ""; }
  static void read(ValueReader& reader, const YamlValue& value, const Key& key, std::vector<std::string>& into) {
    for (LocatedText& text : reader.read_list(value, key.name, key.type)) into.push_back(std::move(text.value));
  }
};

template <>
struct Member<int> {
  static ValueType type() { return {.shape = ValueType::Shape::Integer, .least = 0}; }
  static std::string show(int value) { return std::to_string(value); }
  static void read(ValueReader& reader, const YamlValue& value, const Key& key, int& into) {
    if (const auto text = reader.read_scalar(value, key.name, key.type))
      into = static_cast<int>(parse_integer(*text).value_or(0));
  }
};

template <>
struct Member<bool> {
  static ValueType type() { return {.shape = ValueType::Shape::Flag}; }
  static std::string show(bool value) { return value ? "true" : "false"; }
  static void read(ValueReader& reader, const YamlValue& value, const Key& key, bool& into) {
    if (const auto text = reader.read_scalar(value, key.name, key.type)) into = *text == "true";
  }
};

template <typename Period>
struct Member<std::chrono::duration<std::int64_t, Period>> {
  using Duration = std::chrono::duration<std::int64_t, Period>;
  static ValueType type() { return {.shape = ValueType::Shape::Duration}; }
  static std::string show(Duration value) { return show_duration(value); }
  static void read(ValueReader& reader, const YamlValue& value, const Key& key, Duration& into) {
    const auto text = reader.read_scalar(value, key.name, key.type);
    if (!text) return;
    const auto duration = parse_duration(*text).value_or(std::chrono::milliseconds{0});
    into = std::chrono::duration_cast<Duration>(duration);
    if (into != duration)
      reader.problems().add(value.position,
                            "`" + std::string(key.name) + "` is " + describe_found(value) + ", wanted whole seconds");
  }
};

/// `100`, or `5%` of what was read.
template <>
struct Member<RejectLimit> {
  static ValueType type() { return {.shape = ValueType::Shape::Literal}; }
  static std::string show(const RejectLimit&) { return ""; }
  static void read(ValueReader& reader, const YamlValue& value, const Key& key, RejectLimit& into) {
    const auto text = reader.read_scalar(value, key.name, key.type);
    if (!text) return;
    const bool is_share = text->ends_with('%');
    const auto number = parse_number(is_share ? text->substr(0, text->size() - 1) : *text);
    if (is_share && number && *number >= 0 && *number <= 100) {
      into.share = *number / 100;
    } else if (const auto rows = parse_integer(*text); rows && *rows >= 0) {
      into.rows = *rows;
    } else {
      reader.problems().add(value.position, "`" + std::string(key.name) + "` is " + describe_found(value) +
                                                ", wanted a number of records, or a share of them such as `5%`");
    }
  }
};

template <typename Enum>
requires std::is_enum_v<Enum>
struct Member<Enum> {
  static ValueType type() {
    return {.shape = ValueType::Shape::Choice,
            .choices = {EnumWords<Enum>::kWords.begin(), EnumWords<Enum>::kWords.end()}};
  }
  static std::string show(Enum value) { return std::string(EnumWords<Enum>::kWords[static_cast<std::size_t>(value)]); }
  static void read(ValueReader& reader, const YamlValue& value, const Key& key, Enum& into) {
    const auto text = reader.read_scalar(value, key.name, key.type);
    if (!text) return;
    for (std::size_t i = 0; i < EnumWords<Enum>::kWords.size(); ++i)
      if (EnumWords<Enum>::kWords[i] == *text) into = static_cast<Enum>(i);
  }
};

/// What a row says beyond the member's own type.
struct KeyOptions {
  std::optional<ValueType::Shape> shape = {};
  std::optional<ValueType::Count> count = {};
  std::optional<std::int64_t> least = {};
  bool is_required = false;
  std::string_view default_text = "";
  bool is_no_secret = false;
};

template <typename T>
class Keys {
 public:
  using Read = std::function<void(ValueReader&, const YamlValue&, T&)>;

  Keys(std::string_view name, std::string_view title, std::string_view help) {
    table_.name = name;
    table_.title = title;
    table_.help = help;
  }

  /// A key read into a member: by its type, with its default.
  template <typename M>
  Keys& add(std::string_view name, M T::*member, std::string_view help, KeyOptions options = {}) {
    Key key{.name = name, .type = Member<M>::type(), .is_required = options.is_required, .help = help};
    key.default_text = options.default_text.empty() ? Member<M>::show(T{}.*member) : std::string(options.default_text);
    if (options.is_required) key.default_text.clear();
    if (options.shape) key.type.shape = *options.shape;
    if (options.count) key.type.count = *options.count;
    if (options.least) key.type.least = options.least;
    key.type.is_no_secret = options.is_no_secret;
    return add(key, [key, member](ValueReader& reader, const YamlValue& value, T& into) {
      Member<M>::read(reader, value, key, into.*member);
    });
  }

  /// A key that `read` puts where it belongs.
  Keys& add(Key key, Read read) {
    table_.keys.push_back(std::move(key));
    reads_.push_back(std::move(read));
    return *this;
  }

  Keys& one_of() {
    table_.is_one_of = true;
    return *this;
  }

  const KeyTable& table() const { return table_; }

  void read(ValueReader& reader, const YamlValue& value, T& into) const {
    reader.read_mapping(value, table_,
                        [&](std::size_t row, const YamlEntry& entry) { reads_[row](reader, entry.value, into); });
  }

 private:
  KeyTable table_;
  std::vector<Read> reads_;
};

}  // namespace lochan
