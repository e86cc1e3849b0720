#include "catalog/schema_type.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "base/error.h"
#include "base/sql.h"
#include "base/text.h"

namespace lochan {
namespace {

using Pair = std::pair<std::string_view, std::string_view>;

constexpr std::array<Pair, 14> kTypes{{{"boolean", "BOOLEAN"},
                                       {"int", "INTEGER"},
                                       {"long", "BIGINT"},
                                       {"float", "FLOAT"},
                                       {"double", "DOUBLE"},
                                       {"date", "DATE"},
                                       {"time", "TIME"},
                                       {"timestamp", "TIMESTAMP"},
                                       {"timestamptz", "TIMESTAMP WITH TIME ZONE"},
                                       {"timestamp_ns", "TIMESTAMP_NS"},
                                       {"string", "VARCHAR"},
                                       {"uuid", "UUID"},
                                       {"binary", "BLOB"},
                                       {"unknown", "\"NULL\""}}};

// Types of DuckDB that Iceberg lacks, and the nearest one that holds every value.
constexpr std::array<Pair, 8> kWidened{{{"TINYINT", "int"},
                                        {"SMALLINT", "int"},
                                        {"UTINYINT", "int"},
                                        {"USMALLINT", "int"},
                                        {"UINTEGER", "long"},
                                        {"UBIGINT", "decimal(20, 0)"},
                                        {"HUGEINT", "decimal(38, 0)"},
                                        {"TIMESTAMPTZ", "timestamptz"}}};

// DuckDB quotes these when it writes the names of a struct's fields.
constexpr std::array<std::string_view, 75> kReserved{
    "all",        "analyse",      "analyze",     "and",       "any",       "array",    "as",         "asc",
    "asymmetric", "both",         "case",        "cast",      "check",     "collate",  "column",     "constraint",
    "create",     "default",      "deferrable",  "desc",      "describe",  "distinct", "do",         "else",
    "end",        "except",       "false",       "fetch",     "for",       "foreign",  "from",       "group",
    "having",     "in",           "initially",   "intersect", "into",      "lambda",   "lateral",    "leading",
    "limit",      "not",          "null",        "offset",    "on",        "only",     "or",         "order",
    "pivot",      "pivot_longer", "pivot_wider", "placing",   "primary",   "qualify",  "references", "returning",
    "select",     "show",         "some",        "summarize", "symmetric", "table",    "then",       "to",
    "trailing",   "true",         "union",       "unique",    "unpivot",   "using",    "variadic",   "when",
    "where",      "window",       "with"};

std::string field_name(const std::string& name) {
  const auto is_plain = [](unsigned char letter) { return std::isalnum(letter) != 0 || letter == '_'; };
  const bool needs_quotes = name.empty() || std::isdigit(static_cast<unsigned char>(name[0])) != 0 ||
                            !std::ranges::all_of(name, is_plain) ||
                            std::ranges::binary_search(kReserved, std::string_view(text::lower(name)));
  return needs_quotes ? sql::identifier(name) : name;
}

[[noreturn]] void fail_type(const Json& type) {
  throw Error(ErrorKind::Usage, fmt::format("`{}` is not a type of an Iceberg v2 table", type.dump()));
}

std::string primitive(const Json& type) {
  const auto& name = type.get_ref<const std::string&>();
  for (const auto& [iceberg, duckdb] : kTypes)
    if (name == iceberg) return std::string(duckdb);
  if (name.starts_with("fixed[")) return "BLOB";
  if (!name.starts_with("decimal(")) fail_type(type);
  std::string digits = name.substr(7);
  std::erase(digits, ' ');
  return "DECIMAL" + digits;
}

// Reads DuckDB's type names: `STRUCT(a INTEGER, "b c" VARCHAR[])`.
class TypeReader {
 public:
  TypeReader(std::string_view text, int& last_id) : text_(text), last_id_(last_id) {}

  Json read() {
    Json type = read_base();
    while (text_.starts_with("[")) {
      text_.remove_prefix(std::min(text_.find(']') + 1, text_.size()));
      const int id = ++last_id_;
      type = {{"type", "list"}, {"element-id", id}, {"element", std::move(type)}, {"element-required", false}};
    }
    return type;
  }

 private:
  Json read_base() {
    skip_blanks();
    const std::string name = read_word();
    if (name == "STRUCT" && text_.starts_with("(")) return read_struct();
    if (name == "MAP" && text_.starts_with("(")) return read_map();
    std::string arguments;
    if (text_.starts_with("(")) {
      arguments = std::string(text_.substr(0, std::min(text_.find(')') + 1, text_.size())));
      text_.remove_prefix(arguments.size());
    }
    if ((name == "TIMESTAMP" || name == "TIME") && text_.starts_with(" WITH TIME ZONE")) {
      text_.remove_prefix(15);
      return name == "TIMESTAMP" ? "timestamptz" : "string";
    }
    if (name == "DECIMAL" && !arguments.empty()) return "decimal" + arguments;
    for (const auto& [iceberg, duckdb] : kTypes)
      if (name == duckdb) return std::string(iceberg);
    for (const auto& [duckdb, iceberg] : kWidened)
      if (name == duckdb) return std::string(iceberg);
    return "string";
  }

  Json read_struct() {
    Json fields = Json::array();
    do {
      text_.remove_prefix(1);
      skip_blanks();
      const std::string name = read_word();
      const int id = ++last_id_;
      fields.push_back({{"id", id}, {"name", name}, {"required", false}, {"type", read()}});
      skip_blanks();
    } while (text_.starts_with(","));
    close();
    return {{"type", "struct"}, {"fields", std::move(fields)}};
  }

  Json read_map() {
    text_.remove_prefix(1);
    const int key_id = ++last_id_;
    const int value_id = ++last_id_;
    Json key = read();
    skip_blanks();
    if (text_.starts_with(",")) text_.remove_prefix(1);
    Json value = read();
    close();
    return {{"type", "map"},        {"key-id", key_id},          {"key", std::move(key)},
            {"value-id", value_id}, {"value", std::move(value)}, {"value-required", false}};
  }

  std::string read_word() {
    std::string word;
    if (text_.starts_with("\"")) {
      std::size_t i = 1;
      for (; i < text_.size(); ++i) {
        if (text_[i] == '"' && (i + 1 == text_.size() || text_[i + 1] != '"')) break;
        if (text_[i] == '"') ++i;
        word += text_[i];
      }
      text_.remove_prefix(std::min(i + 1, text_.size()));
      return word;
    }
    while (!text_.empty() && std::string_view(" ,()[]").find(text_[0]) == std::string_view::npos) {
      word += text_[0];
      text_.remove_prefix(1);
    }
    return word;
  }

  void skip_blanks() {
    while (text_.starts_with(" ")) text_.remove_prefix(1);
  }

  void close() {
    skip_blanks();
    if (text_.starts_with(")")) text_.remove_prefix(1);
  }

  std::string_view text_;
  int& last_id_;
};

}  // namespace

std::string duckdb_type(const Json& type) {
  if (type.is_string()) return primitive(type);
  const std::string kind = type.value("type", "");
  if (kind == "list") return duckdb_type(type.at("element")) + "[]";
  if (kind == "map") return fmt::format("MAP({}, {})", duckdb_type(type.at("key")), duckdb_type(type.at("value")));
  if (kind != "struct") fail_type(type);
  std::vector<std::string> fields;
  for (const Json& field : type.at("fields"))
    fields.push_back(field_name(field.at("name").get_ref<const std::string&>()) + " " + duckdb_type(field.at("type")));
  return fmt::format("STRUCT({})", fmt::join(fields, ", "));
}

std::vector<Column> columns_of(const Json& schema) {
  std::vector<Column> columns;
  for (const Json& field : schema.at("fields"))
    columns.push_back({field.at("name"), duckdb_type(field.at("type")), !field.value("required", false)});
  return columns;
}

Json schema_of(std::span<const Column> columns) {
  Json fields = Json::array();
  int last_id = static_cast<int>(columns.size());
  int id = 0;
  for (const Column& column : columns) {
    ++id;
    fields.push_back({{"id", id},
                      {"name", column.name},
                      {"required", !column.nullable},
                      {"type", TypeReader(column.type, last_id).read()}});
  }
  return {{"type", "struct"}, {"schema-id", 0}, {"fields", std::move(fields)}};
}

}  // namespace lochan
