#include "source/http_records.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "base/json.h"
#include "base/sql.h"
#include "base/text.h"
#include "engine/lake_type.h"
#include "source/nested_type.h"

namespace lochan {
namespace {

constexpr std::uint64_t kLeastBuffer = 1u << 20;  // the engine's for a body; it takes twice that for each file it reads
constexpr std::size_t kValuesAtOnce = 500;

std::vector<std::string> parts_of(const HttpResource& resource) {
  return resource.records->empty() ? std::vector<std::string>{} : text::split(*resource.records, '.');
}

bool is_list(std::span<const HttpBody> bodies) { return bodies.empty() || bodies.front().is_list; }

// `type`: of the whole body; "" lets the engine find it out.
std::string read_bodies(std::span<const HttpBody> bodies, const std::string& type) {
  std::vector<std::string> paths;
  std::uint64_t largest = kLeastBuffer;
  for (const HttpBody& body : bodies) {
    paths.push_back(sql::literal(body.path.string()));
    largest = std::max(largest, body.bytes + 1024);
  }
  // Each body is one value, whatever it is: a list at its top isn't taken apart, so that each record keeps its place.
  const std::string how = type.empty() ? "sample_size = -1, maximum_sample_files = 2147483647, maximum_depth = -1, map_inference_threshold = -1, "
                                         "field_appearance_threshold = 0"
                                       : fmt::format("columns = {{json: {}}}", sql::literal(type));
  return fmt::format("read_json([{}], format = 'unstructured', records = false, union_by_name = true, filename = true, maximum_object_size = {}, {})",
                     fmt::join(paths, ", "), largest, how);
}

// The records of each body, with their number in it.
std::string records_of(const HttpResource& resource, std::span<const HttpBody> bodies, const std::string& type) {
  std::string place = "json";
  for (const std::string& part : parts_of(resource)) place += "." + sql::identifier(part);
  if (!is_list(bodies)) place = fmt::format("[{}]", place);
  return fmt::format("(select unnest({0}) as r, generate_subscripts({0}, 1) as n, filename from {1})", place, read_bodies(bodies, type));
}

std::string type_of_body(const HttpResource& resource, std::span<const HttpBody> bodies, const std::vector<std::string>& fields) {
  std::string type = fmt::format("STRUCT({})", fmt::join(fields, ", "));
  if (is_list(bodies)) type += "[]";
  const std::vector<std::string> parts = parts_of(resource);
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) type = fmt::format("STRUCT({} {})", sql::identifier(*part), type);
  return type;
}

bool is_whole_number(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() && (text == "0" || !text.starts_with('0'));
}

// Whether every value of the found type is one of the wanted type: then it is read as that at once.
bool fits(const std::string& found, const std::string& wanted) {
  return lake_type(found) == wanted || wanted == "VARCHAR" || (wanted == "DOUBLE" && (found == "BIGINT" || found == "INTEGER"));
}

// Of nested values: fields that nobody wants are left out, those that are not there are null.
bool fits(const NestedType& found, const NestedType& wanted) {
  using Kind = NestedType::Kind;
  if (wanted.kind == Kind::Plain) return found.kind == Kind::Plain ? fits(found.text, wanted.text) : wanted.text == "VARCHAR";
  if (wanted.kind == Kind::Map)
    return found.kind == Kind::Struct &&
           std::ranges::all_of(found.parts, [&](const auto& part) { return fits(part.second, wanted.parts[1].second); });
  if (found.kind != wanted.kind) return false;
  if (wanted.kind == Kind::List) return fits(found.parts[0].second, wanted.parts[0].second);
  return std::ranges::all_of(wanted.parts, [&](const auto& part) {
    const auto there = std::ranges::find(found.parts, part.first, &std::pair<std::string, NestedType>::first);
    return there == found.parts.end() || fits(there->second, part.second);
  });
}

// Whether a part of the JSON is lost in what was made of it: it isn't null there, and is here.
std::string loses(const std::string& json, const std::string& value, const NestedType& type, int depth = 0) {
  using Kind = NestedType::Kind;
  std::string lost = fmt::format("coalesce(json_type({0}), 'NULL') <> 'NULL' and ({1} is null", json, value);
  if (type.kind == Kind::Struct)
    for (const auto& [name, part] : type.parts) {
      // A name in a path is quoted as JSON's are.
      const std::string path = "$." + Json(name).dump();
      lost += " or " + loses(fmt::format("json_extract({}, {})", json, sql::literal(path)), fmt::format("({}).{}", value, sql::identifier(name)), part, depth);
    }
  if (type.kind == Kind::List) {
    const std::string at = fmt::format("i{}", depth);
    lost += fmt::format(" or len(list_filter(range(1, json_array_length({0})::bigint + 1), lambda {1}: {2})) > 0", json, at,
                        loses(fmt::format("json_extract({}, '$[' || ({} - 1) || ']')", json, at), fmt::format("({})[{}]", value, at),
                              type.parts[0].second, depth + 1));
  }
  return fmt::format("({}))", lost);
}

bool is_whole(const std::string& type) { return type == "BIGINT" || type == "INTEGER"; }

std::string parents_table(Session& session, std::span<const HttpBody> bodies, const std::vector<Column>& columns, int number) {
  const std::string name = fmt::format("lochan_parents_{}", number);
  std::vector<std::string> written = {"filename varchar"};
  for (const Column& column : columns) written.push_back(sql::identifier(column.name) + " " + column.type);
  session.execute(fmt::format("create or replace temp table {} ({})", name, fmt::join(written, ", ")));
  std::vector<std::string> rows;
  const auto write = [&] {
    if (!rows.empty()) session.execute(fmt::format("insert into {} values {}", name, fmt::join(rows, ", ")));
    rows.clear();
  };
  for (const HttpBody& body : bodies) {
    std::vector<std::string> values = {sql::literal(body.path.string())};
    for (const Column& column : columns) {
      const auto found = body.from_parent.find(column.name);
      values.push_back(found == body.from_parent.end() ? "null" : sql::literal(found->second));
    }
    rows.push_back(fmt::format("({})", fmt::join(values, ", ")));
    if (rows.size() == kValuesAtOnce) write();
  }
  write();
  return name;
}

}  // namespace

std::vector<Column> find_record_columns(Session& session, const HttpResource& resource, std::span<const HttpBody> bodies) {
  std::vector<Column> columns;
  if (!bodies.empty()) columns = session.describe(fmt::format("select unnest(r) from {}", records_of(resource, bodies, "")));
  for (const auto& [name, from] : resource.from_parent) {
    const bool are_numbers = std::ranges::all_of(bodies, [&](const HttpBody& body) {
      const auto value = body.from_parent.find(name);
      return value == body.from_parent.end() || is_whole_number(value->second);
    });
    std::erase_if(columns, [&](const Column& column) { return column.name == name; });
    columns.push_back({name, are_numbers ? "BIGINT" : "VARCHAR", true});
  }
  return columns;
}

RecordsSql records_sql(Session& session, const HttpResource& resource, std::span<const HttpBody> bodies, std::span<const Column> found,
                       std::span<const Column> wanted, int number) {
  RecordsSql sql;
  std::vector<std::string> fields, values, failing, reasons;
  std::vector<Column> parents;
  for (const Column& column : wanted) {
    const std::string name = sql::identifier(column.name);
    const auto there = std::ranges::find(found, column.name, &Column::name);
    if (resource.from_parent.contains(column.name)) {
      parents.push_back(column);
      values.push_back(fmt::format("p.{0} as {0}", name));
    } else if (there == found.end()) {
      values.push_back(fmt::format("null::{} as {}", column.type, name));
    } else if (const NestedType wanted_type = parse_nested(column.type); fits(parse_nested(there->type), wanted_type)) {
      fields.push_back(fmt::format("{} {}", name, column.type));
      values.push_back(fmt::format("r.{0} as {0}", name));
    } else if (wanted_type.kind != NestedType::Kind::Plain) {
      fields.push_back(name + " JSON");
      const std::string json = "r." + name, made = fmt::format("try_cast({} as {})", json, column.type);
      values.push_back(fmt::format("{} as {}", made, name));
      failing.push_back(fmt::format("coalesce({}, false)", loses(json, made, wanted_type)));
      reasons.push_back(fmt::format("case when {} then {} end", failing.back(),
                                    sql::literal(fmt::format("a value in column `{}` is no {}", column.name, column.type))));
    } else {
      fields.push_back(name + " VARCHAR");
      values.push_back(fmt::format("try_cast(r.{0} as {1}) as {0}", name, column.type));
      const std::string parts = is_whole(column.type) ? fmt::format(" or try_cast(r.{0} as double) <> try_cast(r.{0} as {1})", name, column.type) : "";
      failing.push_back(fmt::format("(r.{0} is not null and (try_cast(r.{0} as {1}) is null{2}))", name, column.type, parts));
      reasons.push_back(fmt::format("case when {} then '`' || r.{} || {} end", failing.back(), name,
                                    sql::literal(fmt::format("` in column `{}` is no {}", column.name, column.type))));
    }
  }
  if (bodies.empty() || fields.empty()) {
    for (std::string& value : values)
      if (value.starts_with("p.")) value = "null as " + value.substr(value.rfind(" as ") + 4);
    sql.select = fmt::format("select {} where false", fmt::join(values, ", "));
    return sql;
  }
  const std::string records = records_of(resource, bodies, type_of_body(resource, bodies, fields));
  const std::string join =
      parents.empty() ? "" : fmt::format(" join {} p using (filename)", parents_table(session, bodies, parents, number));
  sql.select = fmt::format("select {} from {}{}", fmt::join(values, ", "), records, join);
  if (failing.empty()) return sql;
  const std::string bad = fmt::format("({})", fmt::join(failing, " or "));
  sql.select += fmt::format(" where not {}", bad);
  std::string names = "case filename";
  for (const HttpBody& body : bodies) names += fmt::format(" when {} then {}", sql::literal(body.path.string()), sql::literal(body.name));
  sql.refused = fmt::format("select to_json(r)::varchar as payload, concat_ws('; ', {}) as reason, {} end || ':' || n as position from {} where {}",
                            fmt::join(reasons, ", "), names, records, bad);
  return sql;
}

}  // namespace lochan
