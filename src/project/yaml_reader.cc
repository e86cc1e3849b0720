#include "project/yaml_reader.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <map>
#include <sstream>
#include <unordered_map>

#include "project/scalar.h"
#include "project/yaml_variables.h"

namespace lochan {
namespace {

/// Aliases copy what they name; a file that grows beyond this by them is an attack or a mistake.
constexpr std::size_t kMostNodes = 200'000;

/// Builds the tree from yaml-cpp's events: its own node tree drops nothing, but says less about what was written.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(const std::string& file, bool has_hidden, Problems& problems)
      : file_(file), has_hidden_(has_hidden), problems_(problems) {}

  YamlValue take_root() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(scalar(YamlValue::Kind::Null, mark, ""), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) throw YAML::ParserException(mark, "an alias stands inside of what it names");
    node_count_ += count_nodes(found->second);
    if (node_count_ > kMostNodes) throw YAML::ParserException(mark, "its aliases make it too large");
    add(found->second, 0);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    YamlValue value = scalar(YamlValue::Kind::Scalar, mark, text);
    value.is_quoted = tag != "?";
    refuse_tag(tag, mark);
    add(std::move(value), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    refuse_tag(tag, mark);
    open_.push_back({scalar(YamlValue::Kind::List, mark, ""), anchor});
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    refuse_tag(tag, mark);
    open_.push_back({scalar(YamlValue::Kind::Mapping, mark, ""), anchor});
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    YamlValue value;
    YAML::anchor_t anchor;
    std::optional<YamlValue> key = {};                // read, its value is still to come
    std::unordered_map<std::string, int> lines = {};  // of the keys that are complete
  };

  static std::size_t count_nodes(const YamlValue& value) {
    std::size_t count = 1;
    for (const YamlValue& item : value.items) count += count_nodes(item);
    for (const YamlEntry& entry : value.entries) count += count_nodes(entry.value);
    return count;
  }

  YamlValue scalar(YamlValue::Kind kind, const YAML::Mark& mark, std::string text) {
    if (++node_count_ > kMostNodes) throw YAML::ParserException(mark, "it holds too many values");
    YamlValue value;
    value.kind = kind;
    value.text = has_hidden_ ? show_variables(std::move(text)) : std::move(text);
    value.position = {file_, mark.line + 1, mark.column + 1};
    return value;
  }

  void refuse_tag(const std::string& tag, const YAML::Mark& mark) {
    if (tag.empty() || tag == "?" || tag == "!") return;
    constexpr std::string_view kYaml = "tag:yaml.org,2002:";
    const std::string shown = tag.starts_with(kYaml) ? "!!" + tag.substr(kYaml.size()) : tag;
    problems_.add({file_, mark.line + 1, mark.column + 1}, fmt::format("a tag `{}` has no meaning here", shown),
                  "remove it; quotes make a value text");
  }

  void close() {
    Open done = std::move(open_.back());
    open_.pop_back();
    add(std::move(done.value), done.anchor);
  }

  void add(YamlValue value, YAML::anchor_t anchor) {
    if (anchor != 0) anchors_[anchor] = value;
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (Open& parent = open_.back(); parent.value.kind == YamlValue::Kind::List) {
      parent.value.items.push_back(std::move(value));
    } else if (!parent.key) {
      parent.key = std::move(value);
    } else {
      add_entry(parent, std::move(value));
    }
  }

  void add_entry(Open& parent, YamlValue value) {
    const YamlValue key = std::move(*parent.key);
    parent.key.reset();
    if (key.kind != YamlValue::Kind::Scalar) {
      problems_.add(key.position, fmt::format("a key is {}, wanted a word", describe_found(key)));
      return;
    }
    // yaml-cpp's mark of a value that isn't there is somewhere after it.
    if (value.kind == YamlValue::Kind::Null) value.position = key.position;
    const auto [first, is_new] = parent.lines.emplace(key.text, key.position.line);
    if (is_new)
      parent.value.entries.push_back({key.text, key.position, std::move(value)});
    else
      problems_.add(key.position, fmt::format("`{}` is written twice, first in line {}", key.text, first->second),
                    "keep one of them");
  }

  const std::string& file_;
  const bool has_hidden_;  // of `${…}`
  Problems& problems_;
  YamlValue root_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, YamlValue> anchors_;
  std::size_t node_count_ = 0;
};

/// Whether a tab stands before the first letter of a line, which counts from 0.
bool begins_with_tab(std::string_view text, int line) {
  std::size_t begin = 0;
  for (; line > 0; --line) {
    const auto end = text.find('\n', begin);
    if (end == std::string_view::npos) return false;
    begin = end + 1;
  }
  const auto first = text.find_first_not_of(' ', begin);
  return first != std::string_view::npos && text[first] == '\t';
}

std::string hint_for(std::string_view text, const YAML::Exception& error) {
  const std::string& message = error.msg;
  if (message.find("tab") != std::string::npos || (error.mark.line >= 0 && begins_with_tab(text, error.mark.line)))
    return "indent with spaces, not with tabs";
  if (message.find("end of sequence flow") != std::string::npos) return "a `[` is not closed by a `]`";
  if (message.find("end of map flow") != std::string::npos) return "a `{` is not closed by a `}`";
  if (message == "illegal map value" || message == "end of map not found")
    return "look at the indentation, and put text that holds `: ` in quotes";
  return "";
}

}  // namespace

std::optional<YamlValue> read_yaml(std::string_view text, const std::string& file, Problems& problems) {
  const std::string hidden = hide_variables(text);
  TreeBuilder builder(file, hidden != text, problems);
  try {
    std::istringstream stream{hidden};
    YAML::Parser parser(stream);
    const bool is_empty = !parser.HandleNextDocument(builder);
    YamlValue root = builder.take_root();
    root.position.file = file;
    if (root.position.line == 0) root.position.line = root.position.column = 1;
    if (is_empty) return root;
    TreeBuilder rest(file, hidden != text, problems);
    if (parser.HandleNextDocument(rest)) {
      problems.add(rest.take_root().position, "a second YAML document begins here", "remove the `---` before it");
      return std::nullopt;
    }
    return root;
  } catch (const YAML::Exception& error) {
    const Position position =
        error.mark.is_null() ? Position{file, 0, 0} : Position{file, error.mark.line + 1, error.mark.column + 1};
    problems.add(position, fmt::format("broken YAML: {}", error.msg), hint_for(text, error));
    return std::nullopt;
  }
}

std::string describe_found(const YamlValue& value) {
  switch (value.kind) {
    case YamlValue::Kind::Null:
      return "nothing";
    case YamlValue::Kind::List:
      return "a list";
    case YamlValue::Kind::Mapping:
      return "a mapping";
    case YamlValue::Kind::Scalar:
      break;
  }
  constexpr std::size_t kShown = 60;
  const bool is_long = value.text.size() > kShown;
  const std::string shown = is_long ? cut_text(value.text, kShown) + "…" : value.text;
  if (!value.is_quoted && is_number(value.text)) return fmt::format("the number {}", shown);
  if (!value.is_quoted && (value.text == "true" || value.text == "false")) return fmt::format("{}", shown);
  return fmt::format("text `{}`", shown);
}

}  // namespace lochan
