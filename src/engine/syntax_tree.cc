#include "engine/syntax_tree.h"

#include <algorithm>
#include <cstdint>
#include <set>

#include "base/json.h"
#include "base/text.h"

namespace lochan {
namespace {

// Reads the tree in one pass without building it: a project has a thousand of them at each start.
//
// Every object whose type ends in `_NODE` is a scope of WITH names. The names of a scope may come after tables that see
// them (ORDER BY is written first), so tables are looked up at the end.
class Reader final : public nlohmann::json_sax<Json> {
 public:
  explicit Reader(SyntaxTree& tree) : tree_(tree) {}

  bool null() override { return true; }
  bool boolean(bool value) override {
    if (key_ == "error" && stack_.size() == 1 && value) is_error_ = true;
    return true;
  }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t value) override {
    if (key_ == "query_location" && !stack_.empty()) stack_.back().offset = value;
    return true;
  }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool key(string_t& name) override {
    key_.swap(name);
    return true;
  }

  bool string(string_t& value) override {
    if (stack_.empty()) return true;
    Frame& frame = stack_.back();
    if (frame.is_array) {
      if (frame.key == "column_names" && stack_.size() > 1) stack_[stack_.size() - 2].parts.push_back(std::move(value));
      return true;
    }
    if (key_ == "type") {
      if (value.ends_with("_NODE")) frame.scope = add_scope(frame.scope);
      frame.type = std::move(value);
    } else if (key_ == "table_name") {
      frame.table = std::move(value);
    } else if (key_ == "schema_name") {
      frame.schema = std::move(value);
    } else if (key_ == "catalog_name") {
      frame.catalog = std::move(value);
    } else if (key_ == "alias") {
      frame.has_alias = !value.empty();
    } else if (key_ == "function_name") {
      functions_.insert(text::lower(value));
    } else if (key_ == "identifier") {
      frame.table = std::move(value);
    } else if (key_ == "key" && is_cte_entry()) {
      add_cte(std::move(value));
    } else if (is_error_) {
      read_error(value);
    }
    return true;
  }

  bool start_object(std::size_t) override {
    if (!stack_.empty() && key_ == "at_clause") stack_.back().has_at = true;
    if (!stack_.empty() && stack_.back().is_array && stack_.back().key == "statements") ++tree_.statements;
    push(false);
    return true;
  }
  bool end_object() override {
    close(stack_.back());
    stack_.pop_back();
    return true;
  }
  bool start_array(std::size_t) override {
    push(true);
    return true;
  }
  bool end_array() override {
    stack_.pop_back();
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override { return false; }

  void finish() {
    for (SyntaxTable& table : tree_.tables)
      table.is_cte = table.schema.empty() && is_cte_in(table.scope, text::lower(table.name));
    std::ranges::stable_sort(tree_.tables, {}, &SyntaxTable::offset);
    tree_.functions.assign(functions_.begin(), functions_.end());
    tree_.parameters.assign(parameters_.begin(), parameters_.end());
  }

 private:
  struct Frame {
    bool is_array = false;
    std::string key{};
    std::size_t scope = 0;
    std::string type{};
    std::string catalog{};
    std::string schema{};
    std::string table{};
    std::vector<std::string> parts{};
    std::uint64_t offset = 0;
    bool has_alias = false;
    bool has_at = false;
  };
  struct Scope {
    std::size_t parent = 0;
    std::vector<std::string> names{};
  };

  void push(bool is_array) {
    const std::size_t scope = stack_.empty() ? 0 : stack_.back().scope;
    Frame& frame = stack_.emplace_back();
    frame.is_array = is_array;
    frame.key = std::move(key_);
    frame.scope = scope;
    key_.clear();
  }

  std::size_t add_scope(std::size_t parent) {
    scopes_.push_back({.parent = parent});
    return scopes_.size() - 1;
  }

  // { "cte_map": { "map": [ { "key": NAME, … } ] } }
  bool is_cte_entry() const {
    const std::size_t size = stack_.size();
    return size >= 4 && stack_[size - 2].key == "map" && stack_[size - 3].key == "cte_map";
  }

  void add_cte(std::string name) {
    scopes_[stack_[stack_.size() - 4].scope].names.push_back(text::lower(name));
    tree_.cte_names.push_back(std::move(name));
  }

  bool is_cte_in(std::size_t scope, const std::string& name) const {
    for (;; scope = scopes_[scope].parent) {
      if (std::ranges::find(scopes_[scope].names, name) != scopes_[scope].names.end()) return true;
      if (scope == 0) return false;
    }
  }

  void close(Frame& frame) {
    if (frame.type == "BASE_TABLE") {
      tree_.tables.push_back({.catalog = std::move(frame.catalog),
                              .schema = std::move(frame.schema),
                              .name = std::move(frame.table),
                              .offset = static_cast<std::size_t>(frame.offset),
                              .has_alias = frame.has_alias,
                              .has_at = frame.has_at,
                              .scope = frame.scope});
    } else if (frame.type == "COLUMN_REF" && frame.parts.size() > 2) {
      tree_.long_columns.push_back({std::move(frame.parts), static_cast<std::size_t>(frame.offset)});
    } else if (frame.type == "VALUE_PARAMETER") {
      parameters_.insert(std::move(frame.table));
    } else if (frame.type == "SHOW_REF") {
      tree_.has_show = true;
    }
  }

  void read_error(const std::string& value) {
    if (key_ == "error_type") tree_.error_kind = value;
    if (key_ == "error_message") tree_.error = value;
    if (key_ == "position") tree_.error_offset = std::stoull(value);
  }

  SyntaxTree& tree_;
  std::string key_;
  std::vector<Frame> stack_;
  std::vector<Scope> scopes_ = std::vector<Scope>(1);
  std::set<std::string> functions_;
  std::set<std::string> parameters_;
  bool is_error_ = false;
};

}  // namespace

SyntaxTree read_syntax_tree(std::string_view json) {
  SyntaxTree tree;
  Reader reader(tree);
  Json::sax_parse(json, &reader);
  reader.finish();
  return tree;
}

// Within a JSON string each quote has a backslash, so this key is found outside of strings only.
std::string without_positions(std::string_view json) {
  constexpr std::string_view kKey = "\"query_location\":";
  std::string text;
  text.reserve(json.size());
  std::size_t from = 0;
  for (std::size_t at = json.find(kKey); at != std::string_view::npos; at = json.find(kKey, from)) {
    text += json.substr(from, at - from);
    from = json.find_first_of(",}", at + kKey.size());
    if (from != std::string_view::npos && json[from] == ',') ++from;
  }
  text += json.substr(from);
  return text;
}

}  // namespace lochan
