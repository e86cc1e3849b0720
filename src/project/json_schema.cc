// The JSON Schema (2020-12) of project files, from the tables the parser reads by.
#include "base/json.h"
#include "project/file_keys.h"
#include "project/key_table.h"
#include "project/read_project.h"

namespace lochan {
namespace {

using OrderedJson = nlohmann::ordered_json;
using Shape = ValueType::Shape;
using Count = ValueType::Count;

constexpr const char* kWordPattern = "^[A-Za-z_][A-Za-z0-9_]*$";

OrderedJson reference(std::string_view name) { return {{"$ref", "#/$defs/" + std::string(name)}}; }

/// A value that holds a variable may be anything once it is put in.
OrderedJson or_variable(OrderedJson schema) { return {{"anyOf", {std::move(schema), reference("variable")}}}; }

OrderedJson scalar_schema(const ValueType& type) {
  switch (type.shape) {
    case Shape::Text:
      return {{"type", "string"}, {"minLength", 1}};
    case Shape::Word:
      return or_variable({{"type", "string"}, {"pattern", kWordPattern}});
    case Shape::Table:
      return or_variable(reference("table_name"));
    case Shape::Literal:
      return {{"type", {"string", "number", "boolean"}}};
    case Shape::Integer: {
      OrderedJson schema = {{"type", "integer"}};
      if (type.least) schema["minimum"] = *type.least;
      return or_variable(std::move(schema));
    }
    case Shape::Flag:
      return or_variable({{"type", "boolean"}});
    case Shape::Duration:
      return or_variable(reference("duration"));
    case Shape::Size:
      return or_variable(reference("size"));
    case Shape::Choice:
      return or_variable({{"enum", type.choices}});
    case Shape::Mapping:
      return {{"anyOf", {reference(type.keys->name), {{"type", "null"}}}}};
  }
  return {};
}

OrderedJson value_schema(const ValueType& type) {
  const bool has_mapping = type.keys != nullptr && type.shape != Shape::Mapping;
  const bool may_be_mapping = has_mapping && type.count != Count::Named;
  OrderedJson one = scalar_schema(type);
  if (has_mapping && type.count == Count::Named) one = {{"anyOf", {std::move(one), reference(type.keys->name)}}};
  const OrderedJson list = {{"type", "array"}, {"items", one}};
  OrderedJson schema;
  switch (type.count) {
    case Count::One:
      schema = one;
      break;
    case Count::List:
      schema = list;
      break;
    case Count::OneOrList:
      schema = {{"anyOf", {one, list}}};
      break;
    case Count::Named:
      schema = {{"type", {"object", "null"}}, {"additionalProperties", one}};
      break;
  }
  return may_be_mapping ? OrderedJson{{"anyOf", {std::move(schema), reference(type.keys->name)}}} : schema;
}

/// Defaults as YAML would read them: numbers and flags are no text.
OrderedJson default_value(const Key& key) {
  if (key.type.shape == Shape::Integer) return std::stoll(key.default_text);
  if (key.type.shape == Shape::Flag) return key.default_text == "true";
  return key.default_text;
}

OrderedJson table_schema(const KeyTable& table) {
  OrderedJson properties = OrderedJson::object();
  OrderedJson required = OrderedJson::array();
  for (const Key& key : table.keys) {
    OrderedJson schema = value_schema(key.type);
    schema["description"] = key.help;
    if (!key.default_text.empty()) schema["default"] = default_value(key);
    properties[std::string(key.name)] = std::move(schema);
    if (key.is_required) required.push_back(key.name);
  }
  OrderedJson schema = {{"type", "object"},
                        {"description", table.help},
                        {"properties", std::move(properties)},
                        {"additionalProperties", false}};
  if (!required.empty()) schema["required"] = std::move(required);
  if (table.is_one_of) schema["minProperties"] = schema["maxProperties"] = 1;
  return schema;
}

}  // namespace

std::string project_json_schema() {
  OrderedJson definitions = OrderedJson::object();
  for (const KeyTable* table : all_key_tables()) definitions[std::string(table->name)] = table_schema(*table);
  definitions["variable"] = {{"type", "string"}, {"pattern", "\\$\\{"}};
  definitions["duration"] = {
      {"anyOf", {{{"type", "string"}, {"pattern", "^([0-9]+(ms|s|m|h|d|w))+$"}}, {{"type", "integer"}, {"const", 0}}}}};
  definitions["size"] = {{"type", "string"}, {"pattern", "^[0-9.]+ ?[kKmMgGtT][iI]?[bB]$"}};
  definitions["table_name"] = {{"type", "string"}, {"pattern", "^[A-Za-z_][A-Za-z0-9_]*\\.[A-Za-z_][A-Za-z0-9_]*$"}};
  // One schema for all kinds of YAML files: a source says so by its key `source`, a sink by `sink`, a command by `command`. Front matter is `model`,
  // `check_file`.
  const OrderedJson schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                              {"title", "Lochan project files"},
                              {"if", {{"required", {"source"}}}},
                              {"then", reference("source")},
                              {"else", {{"if", {{"required", {"sink"}}}}, {"then", reference("sink")}, {"else", {{"if", {{"required", {"command"}}}}, {"then", reference("command")}, {"else", reference("project")}}}}},
                              {"$defs", std::move(definitions)}};
  return schema.dump(2) + "\n";
}

}  // namespace lochan
