#include "tests/project/json_schema_check.h"

#include <gtest/gtest.h>

#include <regex>

#include "project/scalar.h"
#include "project/yaml_reader.h"

namespace lochan {
namespace {

Json to_json(const YamlValue& value) {
  switch (value.kind) {
    case YamlValue::Kind::Null:
      return nullptr;
    case YamlValue::Kind::List: {
      Json list = Json::array();
      for (const YamlValue& item : value.items) list.push_back(to_json(item));
      return list;
    }
    case YamlValue::Kind::Mapping: {
      Json mapping = Json::object();
      for (const YamlEntry& entry : value.entries) mapping[entry.key] = to_json(entry.value);
      return mapping;
    }
    case YamlValue::Kind::Scalar:
      break;
  }
  if (value.is_quoted) return value.text;
  if (value.text == "true" || value.text == "false") return value.text == "true";
  if (const auto integer = parse_integer(value.text)) return *integer;
  if (const auto number = parse_number(value.text)) return *number;
  return value.text;
}

bool is_of_type(const Json& value, const std::string& type) {
  if (type == "integer") return value.is_number_integer();
  if (type == "number") return value.is_number();
  return value.type_name() == type;
}

std::string find_in_object(const Json& value, const Json& schema, const Json& root, const std::string& path) {
  for (const Json& key : schema.value("required", Json::array()))
    if (!value.contains(key.get<std::string>())) return path + ": no " + key.dump();
  if (value.size() < schema.value("minProperties", 0u) || value.size() > schema.value("maxProperties", 1'000u))
    return path + ": too few or too many keys";
  const Json properties = schema.value("properties", Json::object());
  for (const auto& [key, part] : value.items()) {
    const Json part_schema =
        properties.contains(key) ? properties.at(key) : schema.value("additionalProperties", Json(true));
    if (part_schema == false) return path + ": unknown key " + key;
    if (auto violation = find_violation(part, part_schema, root, path + "/" + key); !violation.empty())
      return violation;
  }
  return "";
}

std::string find_in_scalar(const Json& value, const Json& schema, const std::string& path) {
  if (schema.contains("type")) {
    const Json types = schema.at("type").is_array() ? schema.at("type") : Json::array({schema.at("type")});
    bool fits = false;
    for (const Json& type : types) fits = fits || is_of_type(value, type);
    if (!fits) return path + ": " + value.dump() + " is not of type " + types.dump();
  }
  if (schema.contains("enum") && std::ranges::find(schema.at("enum"), value) == schema.at("enum").end())
    return path + ": " + value.dump() + " is not one of " + schema.at("enum").dump();
  if (schema.contains("const") && schema.at("const") != value) return path + ": not " + schema.at("const").dump();
  if (value.is_string() && schema.contains("pattern") &&
      !std::regex_search(value.get<std::string>(), std::regex(schema.at("pattern").get<std::string>())))
    return path + ": " + value.dump() + " is not like " + schema.at("pattern").dump();
  if (value.is_string() && value.get<std::string>().size() < schema.value("minLength", 0u)) return path + ": too short";
  if (value.is_number() && schema.contains("minimum") && value < schema.at("minimum")) return path + ": too small";
  return "";
}

}  // namespace

Json yaml_to_json(std::string_view yaml) {
  Problems problems;
  const auto value = read_yaml(yaml, "test.yaml", problems);
  for (const Error& problem : problems.take_sorted()) ADD_FAILURE() << problem.what();
  return value ? to_json(*value) : Json();
}

std::string find_violation(const Json& value, const Json& schema, const Json& root, const std::string& path) {
  if (schema.is_boolean()) return schema.get<bool>() ? "" : path + ": not allowed";
  if (schema.contains("$ref")) {
    const Json::json_pointer pointer(schema.at("$ref").get<std::string>().substr(1));
    if (auto violation = find_violation(value, root.at(pointer), root, path); !violation.empty()) return violation;
  }
  if (schema.contains("if")) {
    const bool holds = find_violation(value, schema.at("if"), root, path).empty();
    if (auto violation = find_violation(value, schema.at(holds ? "then" : "else"), root, path); !violation.empty())
      return violation;
  }
  if (schema.contains("anyOf")) {
    std::string last;
    for (const Json& option : schema.at("anyOf"))
      if (last = find_violation(value, option, root, path); last.empty()) break;
    if (!last.empty()) return last;
  }
  if (auto violation = find_in_scalar(value, schema, path); !violation.empty()) return violation;
  if (value.is_object()) return find_in_object(value, schema, root, path);
  if (value.is_array() && schema.contains("items"))
    for (std::size_t i = 0; i < value.size(); ++i)
      if (auto violation = find_violation(value[i], schema.at("items"), root, path + "/" + std::to_string(i));
          !violation.empty())
        return violation;
  return "";
}

}  // namespace lochan
