#include "model/postgres_model_marks.h"

#include <fmt/format.h>

#include <charconv>
#include <vector>

#include "base/json.h"

namespace lochan {
namespace {

using Values = std::vector<PostgresValue>;

std::set<std::string> schemas_with(PostgresConnection& connection, const std::set<std::string>& schemas,
                                   const std::string& table) {
  std::set<std::string> found;
  for (const auto& row : connection
                             .query("select n.nspname from json_array_elements_text($1::json) w(name) join "
                                    "pg_namespace n on n.nspname = w.name join "
                                    "pg_class c on c.relnamespace = n.oid and c.relname = $2 and c.relkind = 'r'",
                                    Values{Json(schemas).dump(), table})
                             .rows)
    found.insert(*row[0]);
  return found;
}

std::map<PostgresName, std::string> parse_versions(const std::string& text) {
  std::map<PostgresName, std::string> versions;
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_array()) return versions;
  for (const Json& item : json)
    if (item.is_array() && item.size() == 3)
      versions[{item[0].get<std::string>(), item[1].get<std::string>()}] = item[2].get<std::string>();
  return versions;
}

std::string versions_text(const std::map<PostgresName, std::string>& versions) {
  Json json = Json::array();
  for (const auto& [name, version] : versions) json.push_back({name.schema, name.name, version});
  return json.dump();
}

// Two models that make the table at once wait for each other.
void require_table(PostgresConnection& connection, const std::string& schema) {
  const std::string table = PostgresName{schema, "lochan_model"}.quoted();
  if (connection.query("select to_regclass($1)", Values{table}).rows[0][0]) return;
  connection.query("select pg_advisory_xact_lock(hashtextextended($1, 0))", Values{"lochan model marks " + schema});
  if (connection.query("select to_regclass($1)", Values{table}).rows[0][0]) return;
  connection.execute(
      fmt::format("create table {} (name text primary key, project text not null, fingerprint text not null, inputs "
                  "text not null, version "
                  "text not null, identity text not null, declarations text not null, since timestamptz not null, run "
                  "bigint not null, at "
                  "timestamptz not null default clock_timestamp())",
                  table));
  connection.execute(fmt::format(
      "comment on table {} is 'How the tables of models were made. Written by Lochan: leave it alone.'", table));
}

}  // namespace

std::map<PostgresName, PostgresModelMark> read_model_marks(PostgresConnection& connection,
                                                           const std::set<std::string>& schemas) {
  std::map<PostgresName, PostgresModelMark> marks;
  for (const std::string& schema : schemas_with(connection, schemas, "lochan_model")) {
    const auto rows = connection.query(
        fmt::format("select name, project, fingerprint, inputs, version, identity, declarations, since, run from {}",
                    PostgresName{schema, "lochan_model"}.quoted()));
    for (const auto& row : rows.rows) {
      PostgresModelMark mark{*row[1], *row[2], parse_versions(*row[3]), *row[4], *row[5], *row[6], *row[7], 0};
      std::from_chars(row[8]->data(), row[8]->data() + row[8]->size(), mark.run);
      marks[{schema, *row[0]}] = std::move(mark);
    }
  }
  return marks;
}

std::map<PostgresName, std::string> read_carried_versions(PostgresConnection& connection,
                                                          const std::set<std::string>& schemas) {
  std::map<PostgresName, std::string> versions;
  for (const std::string& schema : schemas_with(connection, schemas, "lochan_mark")) {
    // A target may be in another schema than its sink's marks: it is named in full, as SQL quotes it. A third part is
    // the sink's that adds columns to a table of another.
    const auto rows = connection.query(
        fmt::format("select (parse_ident(m.target))[1], (parse_ident(m.target))[2], m.data_version from {} m where "
                    "cardinality(parse_ident(m.target)) = 2",
                    PostgresName{schema, "lochan_mark"}.quoted()));
    for (const auto& row : rows.rows)
      if (row[0] && row[1]) versions[{*row[0], *row[1]}] = *row[2];
  }
  return versions;
}

void save_model_mark(PostgresConnection& connection, const PostgresName& name, const PostgresModelMark& mark) {
  require_table(connection, name.schema);
  connection.execute(fmt::format("insert into {} (name, project, fingerprint, inputs, version, identity, declarations, "
                                 "since, run) values ($1, $2, "
                                 "$3, $4, $5, $6, $7, $8::timestamptz, $9::bigint) on conflict (name) do update set "
                                 "project = $2, fingerprint = $3, "
                                 "inputs = $4, version = $5, identity = $6, declarations = $7, since = "
                                 "$8::timestamptz, run = $9::bigint, at = "
                                 "clock_timestamp()",
                                 PostgresName{name.schema, "lochan_model"}.quoted()),
                     Values{name.name, mark.project, mark.fingerprint, versions_text(mark.inputs), mark.version,
                            mark.identity, mark.declarations, mark.since, std::to_string(mark.run)});
}

}  // namespace lochan
