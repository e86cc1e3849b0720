#include "lineage/origins.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "base/json.h"
#include "base/text.h"

namespace lochan {
namespace {

// What gives a column: one expression, or one for each branch of a UNION; none where it can't be said. Columns of
// inputs stand in them as `#3`.`name`.
struct Given {
  std::string name;
  std::vector<Json> by;
};

using Relation = std::vector<Given>;

struct Named {
  std::string alias;
  Relation relation;
};

using Scope = std::vector<Named>;
using Ctes = std::map<std::string, Json>;

struct Unknown {
  std::string what;
};

bool is_same_name(const std::string& a, const std::string& b) { return text::lower(a) == text::lower(b); }

std::string text_of(const Json& node, const char* key) {
  const auto found = node.find(key);
  return found != node.end() && found->is_string() ? found->get<std::string>() : "";
}

// What is empty isn't written.
const Json& list_of(const Json& node, const char* key) {
  static const Json kNone = Json::array();
  const auto found = node.find(key);
  return found != node.end() && found->is_array() ? *found : kNone;
}

Json column_ref(const std::string& input, const std::string& column) {
  return {{"class", "COLUMN_REF"}, {"type", "COLUMN_REF"}, {"alias", ""}, {"column_names", {input, column}}};
}

// The inputs that an expression looks at.
void collect_inputs(const Json& node, std::set<std::string>& inputs) {
  if (node.is_object() && text_of(node, "class") == "COLUMN_REF") {
    inputs.insert(node.at("column_names").at(0).get<std::string>());
    return;
  }
  if (node.is_structured())
    for (const Json& child : node) collect_inputs(child, inputs);
}

void rename_input(Json& node, const std::string& to) {
  if (node.is_object() && text_of(node, "class") == "COLUMN_REF") {
    node["column_names"][0] = to;
    return;
  }
  if (node.is_structured())
    for (Json& child : node) rename_input(child, to);
}

std::optional<std::size_t> only_input(const Json& expression) {
  std::set<std::string> inputs;
  collect_inputs(expression, inputs);
  if (inputs.size() != 1) return std::nullopt;
  return std::stoul(inputs.begin()->substr(1));
}

std::string over(Json expression, const std::string& row) {
  rename_input(expression, row);
  expression["alias"] = "";
  return expression.dump();
}

// Where a position was the last key, its comma is left.
std::string without_last_commas(const std::string& json) {
  std::string text;
  bool is_quoted = false;
  for (std::size_t at = 0; at < json.size(); ++at) {
    if (is_quoted && json[at] == '\\') {
      text += json[at++];
    } else if (json[at] == '"') {
      is_quoted = !is_quoted;
    } else if (!is_quoted && json[at] == ',' && at + 1 < json.size() && (json[at + 1] == '}' || json[at + 1] == ']')) {
      continue;
    }
    text += json[at];
  }
  return text;
}

class Reader {
 public:
  explicit Reader(const OriginContext& context) : context_(context) {}

  Origins read(const std::string& tree) {
    const Json json = Json::parse(without_last_commas(tree), nullptr, false);
    if (!json.is_object() || !json.contains("statements") || json["statements"].empty())
      return {.inputs = {}, .unknown = "its query"};
    try {
      for (const Given& column : query(json["statements"][0].at("node"), {}))
        for (const Json& expression : column.by)
          if (const auto input = only_input(expression))
            origins_.inputs[*input].matches.push_back({column.name, over(expression, "i")});
    } catch (const Unknown& unknown) {
      origins_.unknown = unknown.what;
    } catch (const Json::exception&) {
      origins_.unknown = "a part of its query";
    }
    return std::move(origins_);
  }

 private:
  Relation query(const Json& node, Ctes ctes) {
    if (node.contains("cte_map"))
      for (const Json& entry : list_of(node["cte_map"], "map"))
        ctes[text::lower(entry.at("key").get<std::string>())] = entry.at("value");
    const std::string type = text_of(node, "type");
    if (type == "SELECT_NODE") return select(node, ctes);
    if (type == "SET_OPERATION_NODE") return combine(node, ctes);
    throw Unknown{type == "RECURSIVE_CTE_NODE" ? "its recursive query" : "a query of kind " + type};
  }

  static void add_by_name(const Relation& branch, Relation& result) {
    for (const Given& column : branch) {
      const auto same = std::ranges::find_if(result, [&](const Given& given) { return is_same_name(given.name, column.name); });
      if (same == result.end())
        result.push_back(column);
      else
        same->by.insert(same->by.end(), column.by.begin(), column.by.end());
    }
  }

  // The branches' columns, by their places or by their names.
  Relation combine(const Json& node, const Ctes& ctes) {
    std::vector<Relation> branches;
    if (node.contains("left"))
      branches = {query(node["left"], ctes), query(node.at("right"), ctes)};
    else
      for (const Json& child : node.at("children")) branches.push_back(query(child, ctes));
    Relation result = branches.at(0);
    const bool is_by_name = text_of(node, "setop_type") == "UNION_BY_NAME";
    for (std::size_t i = 1; i < branches.size() && is_by_name; ++i) add_by_name(branches[i], result);
    for (std::size_t i = 1; i < branches.size() && !is_by_name; ++i)
      for (std::size_t column = 0; column < std::min(result.size(), branches[i].size()); ++column)
        result[column].by.insert(result[column].by.end(), branches[i][column].by.begin(), branches[i][column].by.end());
    return result;
  }

  Relation select(const Json& node, const Ctes& ctes) {
    Scope scope;
    std::vector<Json> conditions;
    std::set<std::string> joined;
    if (node.contains("from_table")) add_from(node["from_table"], ctes, scope, conditions, joined);
    if (node.contains("where_clause") && node["where_clause"].is_object()) conditions.push_back(node["where_clause"]);
    for (const Json& condition : conditions) add_links(condition, scope);
    const bool is_grouped = is_aggregate(node);
    origins_.is_grouped = origins_.is_grouped || is_grouped;
    Relation result;
    std::size_t place = 0;
    for (const Json& item : list_of(node, "select_list")) {
      ++place;
      if (text_of(item, "class") == "STAR") {
        add_star(item, scope, joined, is_grouped, result);
        continue;
      }
      Given given{name_of(item), {}};
      if (!is_grouped || is_group(node, item, given.name, place)) given.by = resolve(item, scope);
      result.push_back(std::move(given));
    }
    return result;
  }

  static std::string name_of(const Json& item) {
    if (const std::string alias = text_of(item, "alias"); !alias.empty()) return alias;
    return text_of(item, "class") == "COLUMN_REF" ? item.at("column_names").back().get<std::string>() : "";
  }

  void add_from(const Json& from, const Ctes& ctes, Scope& scope, std::vector<Json>& conditions,
                std::set<std::string>& joined) {
    const std::string type = text_of(from, "type");
    if (type == "BASE_TABLE") return add_base(from, ctes, scope);
    if (type == "SUBQUERY")
      return scope.push_back({text_of(from, "alias"), query(from.at("subquery").at("node"), ctes)});
    if (type == "JOIN") {
      const std::size_t before = scope.size();
      add_from(from.at("left"), ctes, scope, conditions, joined);
      const std::size_t between = scope.size();
      add_from(from.at("right"), ctes, scope, conditions, joined);
      if (from.contains("condition") && from["condition"].is_object()) conditions.push_back(from["condition"]);
      if (from.contains("using_columns"))
        for (const Json& column : list_of(from, "using_columns"))
          link_by_name(column.get<std::string>(), scope, before, between, joined);
      return;
    }
    if (type != "EMPTY" && type != "EMPTY_FROM" && type != "EXPRESSION_LIST" && type != "TABLE_FUNCTION" &&
        type != "COLUMN_DATA")
      throw Unknown{text::lower(type)};
    // What isn't a table has columns of its own, which are nobody's.
    scope.push_back({text_of(from, "alias"), {}});
  }

  void add_base(const Json& from, const Ctes& ctes, Scope& scope) {
    const std::string schema = text_of(from, "schema_name"), name = text_of(from, "table_name"),
                      alias = text_of(from, "alias");
    const std::string called = alias.empty() ? name : alias;
    if (const auto cte = ctes.find(text::lower(name)); schema.empty() && cte != ctes.end()) {
      Ctes outer = ctes;
      outer.erase(cte->first);
      Relation relation = query(cte->second.at("query").at("node"), outer);
      std::size_t at = 0;
      for (const Json& given : list_of(cte->second, "aliases"))
        if (at < relation.size()) relation[at++].name = given.get<std::string>();
      return scope.push_back({called, std::move(relation)});
    }
    const std::string input = fmt::format("#{}", origins_.inputs.size());
    origins_.inputs.push_back({{schema, name}, {}, {}});
    Relation relation;
    for (const std::string& column : context_.columns({schema, name}))
      relation.push_back({column, {column_ref(input, column)}});
    scope.push_back({called, std::move(relation)});
  }

  // `using (column)`: of the tables from `before` on, those up to `between` are the left side.
  void link_by_name(const std::string& column, const Scope& scope, std::size_t before, std::size_t between,
                    std::set<std::string>& joined) {
    joined.insert(text::lower(column));
    const auto find = [&](std::size_t from, std::size_t to) -> std::vector<Json> {
      for (std::size_t i = from; i < to; ++i)
        for (const Given& given : scope[i].relation)
          if (is_same_name(given.name, column)) return given.by;
      return {};
    };
    for (const Json& left : find(before, between))
      for (const Json& right : find(between, scope.size())) link(left, right);
  }

  void add_links(const Json& condition, const Scope& scope) {
    if (text_of(condition, "type") == "CONJUNCTION_AND") {
      for (const Json& child : condition.at("children")) add_links(child, scope);
    } else if (text_of(condition, "type") == "COMPARE_EQUAL") {
      for (const Json& left : resolve(condition.at("left"), scope))
        for (const Json& right : resolve(condition.at("right"), scope)) link(left, right);
    }
  }

  void link(const Json& left, const Json& right) {
    const auto a = only_input(left), b = only_input(right);
    if (!a || !b || *a == *b) return;
    origins_.inputs[*a].links.push_back({*b, over(left, "i"), over(right, "p")});
    origins_.inputs[*b].links.push_back({*a, over(right, "i"), over(left, "p")});
  }

  void add_star(const Json& star, const Scope& scope, const std::set<std::string>& joined, bool is_grouped,
                Relation& result) const {
    if (star.contains("expr") && star["expr"].is_object()) throw Unknown{"`columns(…)`"};
    const std::string of = text_of(star, "relation_name");
    std::set<std::string> left_out, seen;
    for (const Json& name : list_of(star, "exclude_list"))
      if (name.is_string()) left_out.insert(text::lower(name.get<std::string>()));
    std::map<std::string, Json> replaced;
    for (const Json& entry : list_of(star, "replace_list"))
      replaced[text::lower(entry.at("key").get<std::string>())] = entry.at("value");
    for (const Named& named : scope) {
      if (!of.empty() && !is_same_name(of, named.alias)) continue;
      for (const Given& given : named.relation) {
        const std::string name = text::lower(given.name);
        if (left_out.contains(name) || (joined.contains(name) && !seen.insert(name).second)) continue;
        Given added = given;
        if (const auto by = replaced.find(name); by != replaced.end()) added.by = resolve(by->second, scope);
        if (is_grouped) added.by.clear();
        result.push_back(std::move(added));
      }
    }
  }

  bool has_aggregate(const Json& node) const {
    if (node.is_object()) {
      const std::string type = text_of(node, "class");
      if (type == "WINDOW" || type == "SUBQUERY") return false;
      if (type == "FUNCTION" && context_.aggregates.contains(text::lower(text_of(node, "function_name")))) return true;
    }
    return node.is_structured() && std::ranges::any_of(node, [&](const Json& child) { return has_aggregate(child); });
  }

  bool is_aggregate(const Json& node) const {
    if (!list_of(node, "group_expressions").empty() || text_of(node, "aggregate_handling") == "FORCE_AGGREGATES")
      return true;
    return std::ranges::any_of(list_of(node, "select_list"), [&](const Json& item) { return has_aggregate(item); });
  }

  // `group by 1`, by a name that the list gives, or by the same expression.
  bool is_group(const Json& node, const Json& item, const std::string& name, std::size_t place) const {
    if (text_of(node, "aggregate_handling") == "FORCE_AGGREGATES") return !has_aggregate(item);
    Json plain = item;
    plain.erase("alias");
    return std::ranges::any_of(list_of(node, "group_expressions"), [&](const Json& group) {
      if (text_of(group, "class") == "CONSTANT") return group.at("value").value("value", Json()) == Json(place);
      if (text_of(group, "class") == "COLUMN_REF" && group.at("column_names").size() == 1 &&
          is_same_name(group.at("column_names")[0].get<std::string>(), name))
        return true;
      Json by = group;
      by.erase("alias");
      return by == plain;
    });
  }

  // With the columns of inputs in place of names; one for each branch of a UNION below. Nothing where a part has no
  // origin.
  std::vector<Json> resolve(const Json& expression, const Scope& scope) const {
    std::size_t branches = 1;
    if (!count_branches(expression, scope, branches)) return {};
    std::vector<Json> result;
    for (std::size_t branch = 0; branch < branches; ++branch) result.push_back(put(expression, scope, branch));
    return result;
  }

  const Given* find(const Json& column, const Scope& scope) const {
    const Json& names = column.at("column_names");
    const std::string name = names.back().get<std::string>();
    for (const Named& named : scope) {
      if (names.size() > 1 && !is_same_name(names[names.size() - 2].get<std::string>(), named.alias)) continue;
      for (const Given& given : named.relation)
        if (is_same_name(given.name, name)) return &given;
    }
    return nullptr;
  }

  // False when a part has no origin in one row.
  bool count_branches(const Json& node, const Scope& scope, std::size_t& branches) const {
    if (node.is_object()) {
      const std::string type = text_of(node, "class");
      if (type == "WINDOW" || type == "SUBQUERY" || type == "PARAMETER" || text_of(node, "type") == "VALUE_PARAMETER" ||
          type == "LAMBDA")
        return false;
      if (type == "FUNCTION" && context_.aggregates.contains(text::lower(text_of(node, "function_name")))) return false;
      if (type == "COLUMN_REF") {
        const Given* given = find(node, scope);
        if (given == nullptr || given->by.empty()) return false;
        branches = std::max(branches, given->by.size());
        return true;
      }
    }
    return !node.is_structured() ||
           std::ranges::all_of(node, [&](const Json& child) { return count_branches(child, scope, branches); });
  }

  Json put(const Json& node, const Scope& scope, std::size_t branch) const {
    if (node.is_object() && text_of(node, "class") == "COLUMN_REF") {
      const Given* given = find(node, scope);
      return given->by[std::min(branch, given->by.size() - 1)];
    }
    Json result = node;
    if (node.is_object())
      for (auto& [key, child] : result.items()) child = put(node.at(key), scope, branch);
    if (node.is_array())
      for (std::size_t i = 0; i < node.size(); ++i) result[i] = put(node[i], scope, branch);
    return result;
  }

  const OriginContext& context_;
  Origins origins_;
};

}  // namespace

Origins read_origins(const std::string& tree, const OriginContext& context) { return Reader(context).read(tree); }

std::string as_query(const std::string& expression) {
  const Json node = {{"type", "SELECT_NODE"},
                     {"modifiers", Json::array()},
                     {"cte_map", {{"map", Json::array()}}},
                     {"select_list", {Json::parse(expression)}},
                     {"from_table", {{"type", "EMPTY"}, {"alias", ""}, {"sample", nullptr}}},
                     {"where_clause", nullptr},
                     {"group_expressions", Json::array()},
                     {"group_sets", Json::array()},
                     {"aggregate_handling", "STANDARD_HANDLING"},
                     {"having", nullptr},
                     {"sample", nullptr},
                     {"qualify", nullptr}};
  return Json{{"error", false}, {"statements", {{{"node", node}, {"named_param_map", Json::array()}}}}}.dump();
}

}  // namespace lochan
