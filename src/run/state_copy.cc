#include "run/state_copy.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"

namespace lochan {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kFormat = 1;

// Of processes that run now, of branches, of this very place and its files.
constexpr std::array<std::string_view, 10> kLeftOut = {"lease",        "claim",        "reader",     "pending_write",
                                                       "branch",       "branch_entry", "unrecorded", "recorded",
                                                       "recorded_tag", "lake"};

std::string select_rows(const std::string& table, std::int64_t publication) {
  const std::string kept = fmt::format("(select {} union select publication from tag)", publication);
  if (table == "entry")
    return fmt::format(
        "select * from entry as e where exists (select 1 from publication as p where p.number in {} and e.from_publication "
        "<= p.number and e.to_publication > p.number)",
        kept);
  if (table == "publication") return fmt::format("select * from publication where number in {}", kept);
  if (table == "namespace") return "select * from namespace where ref = 'main'";
  return "select * from " + table;
}

Json to_json(const DbValue& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return *integer;
  if (const auto* number = std::get_if<double>(&value)) return *number;
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  return nullptr;
}

DbValue from_json(const Json& value) {
  if (value.is_null()) return nullptr;
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (value.is_number()) return value.get<double>();
  return value.get<std::string>();
}

std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"; }

[[noreturn]] void refuse(const std::string& what) {
  throw Error(ErrorKind::Data, fmt::format("the backup's state can't be read: {}", what));
}

Json parse_line(std::string_view line) {
  Json json = Json::parse(line, nullptr, false);
  if (!json.is_object()) refuse("a line is no JSON object");
  return json;
}

std::vector<Migration> up_to(std::span<const Migration> migrations, const std::map<std::string, int>& versions) {
  std::vector<Migration> chosen;
  for (const Migration& migration : migrations) {
    const auto version = versions.find(std::string(migration.part));
    if (version != versions.end() && migration.version <= version->second) chosen.push_back(migration);
  }
  return chosen;
}

std::map<std::string, int> newest(std::span<const Migration> migrations) {
  std::map<std::string, int> versions;
  for (const Migration& migration : migrations) {
    int& version = versions[std::string(migration.part)];
    version = std::max(version, migration.version);
  }
  return versions;
}

void insert_row(Database& state, const std::string& table, const Json& row) {
  std::vector<DbValue> values;
  std::vector<std::string> places;
  for (const Json& value : row) {
    values.push_back(from_json(value));
    places.push_back(fmt::format("${}", values.size()));
  }
  state.execute(fmt::format("insert into {} values ({})", table, fmt::join(places, ", ")), values);
}

}  // namespace

void require_empty_state(Database& state) {
  state.execute("create table if not exists schema_version(part text primary key, version bigint not null)");
  if (state.query("select 1 from schema_version limit 1").empty()) return;
  for (const char* table : {"publication", "run"})
    if (!state.query(fmt::format("select 1 from {} limit 1", table)).empty())
      throw Error(ErrorKind::Conflict, "the state is not empty: it has runs or publications of its own")
          .hint("restore into an empty place: move the lake and `.lochan` away first, or name another `state:`");
}

std::vector<std::string> state_tables(std::span<const Migration> migrations) {
  constexpr std::string_view kCreate = "create table ";
  std::vector<std::string> tables;
  for (const Migration& migration : migrations)
    for (auto at = migration.sql.find(kCreate); at != std::string_view::npos; at = migration.sql.find(kCreate, at + 1)) {
      const std::string_view rest = migration.sql.substr(at + kCreate.size());
      tables.emplace_back(text::trim(rest.substr(0, rest.find('('))));
    }
  return tables;
}

std::string copy_state(Database& state, std::span<const Migration> migrations, std::int64_t publication) {
  std::string copy = dump({{"format", kFormat}, {"versions", newest(migrations)}});
  for (const std::string& table : state_tables(migrations)) {
    if (std::ranges::find(kLeftOut, table) != kLeftOut.end()) continue;
    for (const DbRow& row : state.query(select_rows(table, publication))) {
      Json values = Json::array();
      for (std::size_t i = 0; i < row.size(); ++i) values.push_back(to_json(row[i]));
      copy += dump({{"table", table}, {"row", std::move(values)}});
    }
  }
  return copy;
}

void restore_state(Database& state, std::span<const Migration> migrations, std::string_view copy) {
  const auto lines = text::split(copy, '\n');
  if (lines.empty()) refuse("it is empty");
  const Json head = parse_line(lines[0]);
  if (head.value("format", 0) != kFormat)
    refuse(fmt::format("it has format {}, and this Lochan knows {}", head.value("format", 0), kFormat));
  const auto versions = head.at("versions").get<std::map<std::string, int>>();
  const auto known = newest(migrations);
  for (const auto& [part, version] : versions)
    if (!known.contains(part) || known.at(part) < version)
      throw Error(ErrorKind::Data, fmt::format("the backup's part `{}` has version {}, which this Lochan doesn't know", part, version))
          .hint("a newer Lochan made it: use that one");
  const std::vector<Migration> then = up_to(migrations, versions);
  const std::vector<std::string> tables = state_tables(then);
  state.write_synced([&] {
    migrate(state, then);
    require_empty_state(state);
    for (std::size_t i = 1; i < lines.size(); ++i) {
      if (lines[i].empty()) continue;
      const Json line = parse_line(lines[i]);
      const std::string table = line.value("table", "");
      if (std::ranges::find(tables, table) == tables.end()) refuse(fmt::format("line {} names no table of it", i + 1));
      insert_row(state, table, line.at("row"));
    }
    migrate(state, migrations);
  });
}

}  // namespace lochan
